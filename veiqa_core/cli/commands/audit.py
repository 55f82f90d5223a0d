"""``veiqa audit``: what there is to know of a folder of images besides scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from ...files.paths import public_name
from ...files.remote import sent
from ...functions.hearing import Hearing
from ...results import records
from ...results.gate import FAILED, REFUSED
from ...results.progress import Once, progress
from ...text import printable
from ..common import registry, resumable
from ..options.audit import AuditOptions
from ..options.dataset import StoreOptions
from ..options.grouped import groups
from ..options.inputs import InputOptions
from ..options.records import RecordOptions
from ..options.workers import ProcessOptions
from ..printing import line, note, say

if TYPE_CHECKING:
    from ...auditing.audit import Audit


@click.command()
@groups(inputs=InputOptions, options=AuditOptions, output=RecordOptions, store=StoreOptions, processes=ProcessOptions)
@click.pass_context
def audit(
    ctx: click.Context,
    /,
    inputs: InputOptions,
    options: AuditOptions,
    output: RecordOptions,
    store: StoreOptions,
    processes: ProcessOptions,
) -> None:
    """Look for duplicates, odd images and what is no photo in a folder.

    Found are unreadable files, duplicates, near duplicates, dark, bright, low-contrast and plain images, odd sizes and
    shapes, wrong suffixes, lost colour profiles, and what is no photo. With --recipe each image is scored, too. The
    table shows the images with problems; the other formats hold all.

    The exit status is 0, or 1 if a folder in it cannot be listed, or 2 if the command cannot be run as given, or 3 if
    some image has a problem of a kind that --fail-on names.
    """
    from ...auditing.audit import FLAGS, HEADER, LISTS, TEXTS, Audit, row, seen
    from ...functions.audit import Auditing, named

    layout = records.Layout(HEADER, TEXTS, _lines, LISTS, FLAGS)
    read = (*inputs.images, *inputs.lists, *([] if options.recipe is None else [options.recipe]))
    output.check(layout, "audit", read)
    refused = options.refused
    made = Audit([], options.limits)
    names = named(inputs, made, Once(_left_out))
    earlier, end = output.earlier(layout)
    if output.output is not None:
        public = [public_name(name) for name in names]
        records.check_same(output.output, earlier, public, lambda row: str(row["image"]), "image")
    made.images += [seen(row, name) for row, name in zip(earlier, names, strict=False)]
    auditing = Auditing(
        recipe=options.recipe,
        registry=registry(),
        keep=store.opened,
        processes=processes,
        hearing=Hearing(note, note, lambda label, unit: progress(label, unit, output.quiet)),
    )
    with resumable(lambda: output.going_on("looked at")):
        try:
            with output.writer(layout, end) if output.grows else nullcontext() as add:
                auditing.run(made, names, None if add is None else lambda image: add(row(image)))
        finally:
            if made.images:  # also of an audit that is interrupted
                _write(made, output, layout, len(names))
    for problem in made.problems:
        say(f"warning: {problem}")
    found = [kind for kind in refused if made.counts[kind]]
    for kind in found:
        say(f"{kind}: {made.counts[kind]:,} of {len(names):,} images")
    ctx.exit(FAILED if made.problems else REFUSED if found else 0)


def _write(made: Audit, output: RecordOptions, layout: records.Layout, count: int) -> None:
    """Rows, page and summary."""
    with output.replacing(layout) as add:
        for row in made.rows():
            if output.form != "table" or row["problems"]:
                add(row)
    with sent(output.report) as page:
        if page is not None:
            from ...report.audit import write

            write(page, made, count)
    show = line if output.output is not None or output.form == "table" else say
    looked = f"{len(made.images):,}" if len(made.images) == count else f"{len(made.images):,} of {count:,}"
    show(f"{looked} images, {made.troubled:,} with problems")
    width = max((len(name) for name, _, _ in made.explained()), default=0)
    for name, meaning, number in made.explained():
        show(f"  {name:<{width}}  {number:>6,}  {meaning}")


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    """What a person reads of an image."""
    yield row["image"]
    for kind, detail in zip(row["problems"], row["details"], strict=True):
        yield f"  {kind}: {detail}"
    if row["score"] is not None:
        yield f"  score {row['score']:.4g}"


def _left_out(path: str) -> None:
    note(f"{printable(path)} is a picture that VEIQA made, and those in folders are left out; name one to look at it")
