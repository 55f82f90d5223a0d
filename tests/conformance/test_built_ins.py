"""What every component must keep to, checked on every built-in of its kind."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch

from veiqa_core import params
from veiqa_core.contracts import (
    Baseline,
    Dataset,
    DistortionClassifier,
    Explainer,
    FeatureExtractor,
    Network,
    Pair,
    PriGenerator,
    Proposal,
    ScoreMapper,
    SearchStrategy,
    SearchTask,
    SimilarityMetric,
)
from veiqa_core.offers import Registered
from veiqa_core.recipe import Branch
from veiqa_core.registry import installed
from veiqa_core.views import ImagePass, PassView

PROTOCOLS = {
    "pri": PriGenerator,
    "extractor": FeatureExtractor,
    "explainer": Explainer,
    "metric": SimilarityMetric,
    "mapper": ScoreMapper,
    "classifier": DistortionClassifier,
    "dataset": Dataset,
    "strategy": SearchStrategy,
    "baseline": Baseline,
}
COMPONENTS = [item for item in installed() if item.dist == "veiqa"]
EXPECTED = {
    "pri": {"mean-blur", "white-noise", "jpeg", "jpeg2000"},
    "extractor": {f"efficientnet-lite{n}" for n in range(3)} | {"vgg16", "inception-resnet-v2", "darknet19", "timm"},
    "explainer": {
        "gradcam",
        "gradcam++",
        "hirescam",
        "cam",
        "occlusion",
        "saliency",
        "guided-backprop",
        "activation-norm",
    },
    "metric": {"psnr", "ssim", "gmsd", "fsim", "vsi", "ncc", "nae"},
    "mapper": {"logistic5", "logistic4", "linear", "isotonic", "ridge", "svr", "pca-svr", "identity"},
    "classifier": {"multinomial"},
    "dataset": {"live", "csiq", "siqad", "tid2013", "kadid10k", "koniq10k", "csv"},
    "strategy": {"exhaustive", "random", "halving", "optuna"},
    "baseline": {"pixels", "random-network", "vei-mean"},
}


def of(kind: str) -> Any:
    chosen = [item for item in COMPONENTS if item.kind == kind]
    return pytest.mark.parametrize("item", chosen, ids=[item.component.name for item in chosen])


def make(item: Registered, **given: Any) -> Any:
    if "optuna" in item.component.requires:
        pytest.importorskip("optuna", reason="needs the extra veiqa[optuna]")
    return installed().part(item.kind, item.ref, given).create()


def images(count: int = 3, height: int = 72, width: int = 88) -> torch.Tensor:
    values = torch.randint(0, 256, (count, 3, height, width), generator=torch.Generator().manual_seed(1))
    return values.float() / 255


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_built_ins_of_the_kind_are_there(kind: str) -> None:
    assert EXPECTED[kind] <= {item.component.name for item in COMPONENTS if item.kind == kind}


@pytest.mark.parametrize("item", COMPONENTS, ids=[f"{item.kind}/{item.component.name}" for item in COMPONENTS])
def test_every_component_keeps_its_protocol_and_describes_itself(item: Registered) -> None:
    assert isinstance(make(item), PROTOCOLS[item.kind])
    assert item.component.summary.endswith(".")
    assert item.component.reference
    assert type(make(item)).__doc__
    for info in params.describe(item.component.params):
        for value in info.search:
            params.build(item.component.params, {info.name: params.plain(value)}, "search value")


def test_registration_is_light() -> None:
    code = (
        "import sys; from veiqa_core.registry import installed; assert not installed().problems;"
        "assert not {'torch', 'numpy', 'timm', 'captum', 'scipy', 'PIL', 'optuna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@of("pri")
def test_a_pri_is_an_8_bit_image_that_depends_on_image_and_seed_alone(item: Registered) -> None:
    generator, batch, seeds = make(item), images(), [5, 6, 7]
    before, state = batch.clone(), torch.random.get_rng_state()
    made = generator.generate(batch, seeds)
    assert made.shape == batch.shape
    assert made.dtype == torch.float32
    assert torch.equal((made * 255).round() / 255, made)
    assert made.min() >= 0
    assert made.max() <= 1
    assert torch.equal(batch, before)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.equal(made, batch)
    for index, seed in enumerate(seeds):
        assert torch.equal(generator.generate(batch[index : index + 1], [seed])[0], made[index])
    flat = torch.full((1, 3, 64, 64), 128 / 255)
    assert generator.generate(flat, [0]).shape == flat.shape


@pytest.fixture(scope="module")
def network() -> Network:
    part = installed().part("extractor", "efficientnet-lite0")
    opened: Network = part.create().open(torch.device("cpu"))
    return opened


@of("explainer")
def test_a_vei_is_finite_and_does_not_depend_on_its_batch(item: Registered, network: Network) -> None:
    explainer = make(item)
    uses = item.component.traits["uses"]
    layer = network.default_layer

    def explain(batch: torch.Tensor) -> torch.Tensor:
        image_pass = ImagePass(network, batch, activations=[layer], gradients=[layer], pixels="input_gradients" in uses)
        vei: torch.Tensor = explainer.explain(PassView(image_pass, layer, image_pass.choose_target("top"), uses))
        return vei

    batch = images(2)
    veis = explain(batch)
    assert veis.shape[1:] == (batch.shape[2:] if item.component.traits["space"] == "input" else (3, 3))
    assert veis.dtype == torch.float32
    assert torch.isfinite(veis).all()
    for index in range(2):
        alone = explain(batch[index : index + 1])[0]
        assert (alone - veis[index]).abs().max() <= 1e-4 * veis[index].abs().max()
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in network.module.modules())


@of("metric")
def test_a_metric_keeps_what_its_traits_declare(item: Registered) -> None:
    metric, traits = make(item), item.component.traits
    generator = torch.Generator().manual_seed(2)
    side = traits.get("min_size", 4)
    x, y = torch.rand(2, 6, side + 3, side + 9, dtype=torch.float64, generator=generator)
    zero, constant = torch.zeros_like(x), torch.full_like(x, 0.5)
    values = metric.compare(x, y)
    assert values.shape == (6,)
    assert values.dtype == torch.float64
    low, high = traits["bounds"]
    identity = metric.compare(x, x)
    for pair in ((x, y), (zero, zero), (zero, y), (x, zero), (constant, y), (constant, constant), (x, x)):
        found = metric.compare(*pair)
        assert torch.isfinite(found).all()
        assert low is None or (found >= low - 1e-12).all()
        assert high is None or (found <= high + 1e-12).all()
    if traits["identity"] == "max":
        assert (identity >= values).all()
        assert high is None or torch.allclose(identity, torch.full_like(identity, float(high)))
    elif traits["identity"] == "min":
        assert (identity <= values).all()
    else:
        assert torch.allclose(identity, torch.full_like(identity, float(traits["identity"])))
    assert torch.allclose(values, metric.compare(y, x), rtol=1e-12) == traits["symmetric"]
    for index in range(6):
        alone = metric.compare(x[index : index + 1], y[index : index + 1])
        assert torch.allclose(alone, values[index : index + 1], rtol=1e-12, atol=0)
    closer = metric.compare(x, x + 0.02 * (y - x))
    nearer = closer > values if traits["similar"] == "high" else closer < values
    if traits["identity"] in ("max", "min"):
        assert nearer.all()


@of("mapper")
def test_a_mapper_fits_predicts_and_returns_from_its_state(item: Registered) -> None:
    rng = np.random.default_rng(3)
    count = 1 if item.component.traits["branches"] == "one" else 3
    similarities = rng.uniform(10, 50, (60, count))
    quality = 90 - similarities.mean(axis=1) + rng.normal(0, 1, 60)
    mapper = make(item)
    assert bool(mapper.state()) is False
    mapper.fit(similarities, quality)
    predicted = mapper.predict(similarities)
    assert predicted.score.shape == predicted.low.shape == predicted.high.shape == (60,)
    assert np.corrcoef(predicted.score, quality)[0, 1] > 0.9
    again = make(item)
    again.restore(mapper.state())
    assert np.array_equal(again.predict(similarities).score, predicted.score)
    slope = mapper.sensitivity(similarities)
    assert slope.shape == similarities.shape
    for branch in range(count):
        step = np.zeros(count)
        step[branch] = 1e-5
        numeric = (mapper.predict(similarities + step).score - mapper.predict(similarities - step).score) / 2e-5
        assert np.allclose(slope[:, branch], numeric, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"\w"):
        make(item).restore({"no such field": 1.0})


def proposals(strategy: SearchStrategy, task: SearchTask) -> list[Proposal]:
    """All proposals, each answered with figures that favour the last candidates; every fifth fails."""
    made, dialogue, answer = [], strategy.propose(task), None
    while True:
        try:
            made.append(next(dialogue) if answer is None else dialogue.send(answer))
        except StopIteration:
            return made
        answer = {index: index / 10 for index in made[-1].candidates if index % 5}


@of("strategy")
@pytest.mark.parametrize("budget", [7, 1000])
def test_a_strategy_keeps_its_budget_and_proposes_the_same_again(item: Registered, budget: int, tmp_path: Path) -> None:
    candidates = [{"pri": f"p{i % 4}", "metric": f"m{i // 4}"} for i in range(28)]
    task = SearchTask(candidates, budget, 2**40 + 1, None)
    state = torch.random.get_rng_state()
    made = proposals(make(item), task)
    assert torch.equal(torch.random.get_rng_state(), state)
    for proposal in made:
        assert 0 < proposal.share <= 1
        assert proposal.candidates
        assert len(set(proposal.candidates)) == len(proposal.candidates)
        assert set(proposal.candidates) <= set(range(28))
    whole = [index for proposal in made if proposal.share == 1 for index in proposal.candidates]
    assert whole
    assert item.component.traits["budget"] == "none" or len(set(whole)) <= budget
    for folder in (None, tmp_path, tmp_path):
        assert proposals(make(item), attrs.evolve(task, folder=folder)) == made


@of("baseline")
def test_a_baseline_gives_a_branch_and_a_number(item: Registered) -> None:
    table = Branch.read({"pri": "veiqa:jpeg"}, "test").write()
    before = copy.deepcopy(table)
    baseline = make(item)
    Branch.read(baseline.branch(table), "test")
    assert table == before
    image, pri = images(2)[:, None]
    pair = Pair(image, pri, image[:, 0], pri[:, 0], 0.5, lambda x, y: float((x - y).abs().mean()))
    value = baseline.value(pair)
    assert isinstance(value, float)
    assert np.isfinite(value)
    assert baseline.value(pair) == value
