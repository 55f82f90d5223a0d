"""What a score means, and what it was made with."""

from __future__ import annotations

from collections.abc import Iterator

from ..measuring.similarities import versions
from ..page.markup import Child, Html, counted, definitions, flat, fold, join, key, tag
from ..recipes.recipe import BRANCH_KINDS, Basis
from ..scorer import Scorer


def meaning(scorer: Scorer) -> Iterator[Html]:
    """The section that says how to read the page."""
    yield tag("h2", "What a score means")
    yield definitions(_meanings(scorer), class_="meanings")


def _meanings(scorer: Scorer) -> Iterator[tuple[str, Child]]:
    recipe = scorer.recipe
    fitted = recipe.fitted if recipe.state else None
    if recipe.mapper is None:
        yield (
            "No score",
            "These are similarities between the explanations of each image and of its pseudo-references; a score needs "
            "a mapper in the recipe.",
        )
    elif not recipe.state:
        yield (
            "Score",
            f"Higher is better. The mapper {recipe.mapper.key} was fitted to no ratings: it orders images, on no scale "
            "of quality.",
        )
    elif fitted is None:
        yield "Score", "Perceived quality; higher is better. The recipe does not say what it was fitted on."
    else:
        low, high = fitted.range
        yield (
            "Score",
            f"Perceived quality from {low:g} (worst) to {high:g} (best), learned from "
            f"{counted(fitted.images, 'rated image')}. It is to be trusted for images and distortions like those.",
        )
    if fitted is not None:
        yield "90 % interval", "Nine in ten images like those fitted on have a quality within it."
    if recipe.classifier is not None:
        yield (
            "Likely distortion",
            "Probabilities of the types that were learned. A photo’s own character may look like one: shallow depth of "
            "field like blur, film grain like noise.",
        )
    if fitted is not None:
        yield (
            "Quality map",
            "By how many points an image that is like this place throughout would fall short of the best score. Plain "
            "places count as poor images do: compare places with each other.",
        )
    yield (
        "Explanations",
        "What a network responds to in the image and in its pseudo-reference, in one colour scale, brighter where "
        "more; and their difference, red where the image has more, blue where the pseudo-reference has.",
    )


def recipe(scorer: Scorer) -> Iterator[Html]:
    """The section with the recipe and all versions."""
    resolved = scorer.recipe
    yield tag("h2", "Recipe and versions")
    facts: list[tuple[str, Child]] = [
        ("Recipe", resolved.name),
        ("Digest", tag("code", resolved.digest)),
        ("Branches", f"{len(resolved.branches):,}"),
        ("Networks", _keys(branch.extractor.key for branch in resolved.branches)),
        ("Pseudo-references", _keys(branch.pri.key for branch in resolved.branches)),
        ("Explainers", _keys(branch.explainer.key for branch in resolved.branches)),
        ("Metrics", _keys(branch.metric.key for branch in resolved.branches)),
        ("Mapper", None if resolved.mapper is None else key(resolved.mapper.key)),
        ("Classifier", None if resolved.classifier is None else key(resolved.classifier.key)),
        ("Fitted on", _basis(resolved.fitted)),
        ("Chosen on", _basis(resolved.chosen)),
    ]
    yield definitions(((name, value) for name, value in facts if value is not None), class_="facts")
    names = tag("ul", *(tag("li", key(name)) for name in scorer.keys), class_="names")
    yield fold(counted(len(scorer.keys), "branch", "branches"), names)
    parts = [getattr(branch, kind) for branch in resolved.branches for kind in BRANCH_KINDS]
    parts += [part for part in (resolved.mapper, resolved.classifier) if part is not None]
    made_with = definitions(flat(versions(scorer.meter, parts)), class_="facts versions")
    yield fold("Versions: what decides these figures", made_with)


def _keys(names: Iterator[str]) -> Html:
    return join(tag("div", key(name)) for name in dict.fromkeys(names))


def _basis(basis: Basis | None) -> str | None:
    if basis is None:
        return None
    datasets = " + ".join(dict.fromkeys(basis.dataset.split(" + ")))
    contents = "" if basis.contents is None else f" of {counted(basis.contents, 'content')}"
    return f"{counted(basis.images, 'image')}{contents} ({datasets}), rated {basis.range[0]:g} to {basis.range[1]:g}"
