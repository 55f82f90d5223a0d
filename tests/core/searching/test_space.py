"""Search spaces: what TOML says, which candidates come of it, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veiqa_core.devices import Device
from veiqa_core.errors import UsageError, WeightsError
from veiqa_core.extension.registry import Registry, installed
from veiqa_core.measuring.networks import open_network
from veiqa_core.searching import census, networks
from veiqa_core.searching.candidates import Candidate, expand, extractors, override
from veiqa_core.searching.space import Space, find, loads

SMALL = '{ name = "timm", model = "test_resnet", weights = "random:0" }'
PARTS = {"pri": '"jpeg"', "extractor": SMALL, "explainer": '"gradcam"', "metric": '"psnr"'}
CPU = Device()


def toml(more: str = "", **parts: str) -> str:
    return "\n".join(f"{kind} = {value}" for kind, value in {**PARTS, **parts}.items()) + "\n" + more


def candidates(space: Space, registry: Registry | None = None) -> list[Candidate]:
    registry = registry or installed()
    return expand(space, registry, {part: open_network(part, CPU) for part in extractors(space, registry)})


def keys(text: str) -> list[str]:
    return [candidate.key for candidate in candidates(loads(text, "here", "mine"))]


def test_the_smallest_space_is_the_default_branch() -> None:
    (only,) = candidates(loads(toml(), "here", "mine"))
    assert only.key == "jpeg/timm(model=test_resnet,weights=random:0)@layer4/gradcam/psnr"
    assert only.coordinates == {
        "pri": "jpeg",
        "extractor": "timm",
        "layer": "layer4",
        "explainer": "gradcam",
        "metric": "psnr",
        "scale": "pair",
        "size": "layer",
    }


def test_values_lists_ranges_and_declared_ones_are_tried() -> None:
    pri = '[{ name = "jpeg", quality = [0, 10] }, { name = "white-noise", variance = { from = 0.1, to = 0.4, steps = 3,'
    pri += (
        ' spacing = "log" } }, { name = "jpeg2000", search = true }, { name = "mean-blur", size = 5, search = true }]'
    )
    found = candidates(loads(toml(pri=pri), "here", "mine"))
    assert [c.key.partition("/")[0] for c in found] == [
        "jpeg",
        "jpeg(quality=10)",
        "white-noise(variance=0.1)",
        "white-noise(variance=0.2)",
        "white-noise(variance=0.4)",
        "jpeg2000(rate=50.0)",
        "jpeg2000",
        "jpeg2000(rate=200.0)",
        "mean-blur(size=5)",
    ]
    assert [c.coordinates.get("pri.quality") for c in found[:3]] == [0, 10, None]
    assert "pri.size" not in found[-1].coordinates  # one value is no coordinate


def test_layers_are_named_listed_or_all() -> None:
    def layers(layer: str) -> list[Any]:
        extractor = SMALL.replace(" }", f", layer = {layer} }}")
        return [c.coordinates["layer"] for c in candidates(loads(toml(extractor=extractor), "here", "mine"))]

    every = layers('"all"')
    assert every[-1] == "layer4"
    assert len(every) > 3
    assert layers('"default"') == ["layer4"]
    assert layers('[0, -1, "layer4", "layer2"]') == [every[0], "layer4", "layer2"]  # each once
    with pytest.raises(UsageError, match="unknown layer 'layer9'"):
        layers('["layer9"]')


def test_maps_at_the_input_have_no_layer_and_one_size() -> None:
    extractor = SMALL.replace(" }", ', layer = "all" }')
    more = '[compare]\nsize = ["layer", "input"]\nscale = ["pair", "none"]'
    found = keys(toml(more, extractor=extractor, explainer='["saliency"]'))
    assert len(found) == 2
    assert not any("@layer" in key for key in found)


def test_conditions_leave_some_out() -> None:
    parts = {"metric": '["psnr", "ssim"]', "explainer": '["gradcam", "saliency"]', "pri": '["jpeg", "mean-blur"]'}
    assert len(keys(toml(**parts))) == 8
    left = keys(toml('[[condition]]\nwhen = { explainer = "veiqa:saliency" }\nthen = { metric = "psnr" }', **parts))
    assert len(left) == 6
    assert all("psnr" in key for key in left if "saliency" in key)
    left = keys(toml('[[condition]]\nwhen = { pri = ["jpeg"], metric = "ssim" }', **parts))
    assert len(left) == 6
    with pytest.raises(UsageError, match="its conditions leave no candidate"):
        keys(toml('[[condition]]\nwhen = { explainer = "gradcam" }'))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pri =", "here: not valid TOML"),
        (toml().replace("metric", "metrics"), "here: unknown field 'metrics'. Did you mean 'metric'"),
        (toml().replace('metric = "psnr"', ""), "here: metric: name one component or more"),
        (toml(metric="[3]"), "here: metric: must be a name, or a table with a name, not 3"),
        (toml(metric='"psnrr"'), "unknown similarity metric 'psnrr'. Did you mean 'psnr'"),
        (toml(pri='{ name = "jpeg", qualty = 3 }'), "unknown parameter 'qualty'. Did you mean 'quality'"),
        (toml(pri='{ name = "jpeg", quality = 300 }'), "must be at most 100, not 300"),
        (toml(pri='{ name = "jpeg", quality = [] }'), "here: pri jpeg.quality: the list of values is empty"),
        (toml(pri='{ name = "jpeg", quality = { from = 1 } }'), "a range has numbers under from and to"),
        (toml(pri='{ name = "jpeg", quality = { from = 0, to = 9, spacing = "log" } }'), "'log' for ends above 0"),
        (toml(pri='{ name = "jpeg", quality = { from = 0, to = 9, steps = 1 } }'), "steps must be a whole number"),
        (toml(pri='{ name = "jpeg", quality = { form = 0, to = 9 } }'), "unknown field 'form'"),
        (toml(pri='{ name = "jpeg", search = 1 }'), "search must be true or false, not 1"),
        (toml(pri='{ name = "jpeg", layer = "all" }'), "layers are given with the extractor"),
        (toml(extractor='{ name = "timm", layer = [] }'), "layer must be 'all', 'default', or a list"),
        (toml("[compare]\nscale = ['pairs']"), "compare.scale: must be some of pair, map, none"),
        (toml("[compare]\nscales = 'pair'"), "compare: unknown field 'scales'"),
        (toml("[mapper]\none = 3"), "mapper.one: must be a name"),
        (toml("[[condition]]\nthen = { metric = 'psnr' }"), "condition 1: when is missing"),
        (toml("[[condition]]\nwhen = 'psnr'"), "condition 1: when: must name coordinates"),
        (toml("[[condition]]\nwhen = { metrik = 'psnr' }"), "condition 1: unknown coordinate 'metrik'"),
        (toml("[[condition]]\nwhen = { layer = 'x' }"), "condition 1: no candidate has layer = 'x'; there are: layer4"),
        (toml("[[condition]]\nwhen = { metric = 'snr' }"), "unknown similarity metric 'snr'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        keys(text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@given(low=st.integers(0, 50), width=st.integers(1, 50), steps=st.integers(2, 9))
def test_a_range_ends_where_it_says(low: int, width: int, steps: int) -> None:
    text = toml(pri=f'{{ name = "jpeg", quality = {{ from = {low}, to = {low + width}, steps = {steps} }} }}')
    (entry,) = loads(text, "here", "mine").entries["pri"]
    values = entry.values["quality"]
    assert (values[0], values[-1]) == (low, low + width)
    assert list(values) == sorted(set(values))
    assert len(values) <= steps


def test_settings_fix_parameters_of_every_component_that_has_them() -> None:
    space = loads(toml(pri='[{ name = "jpeg", quality = [1, 2] }, "mean-blur"]'), "here", "mine")
    fixed = override(space, lambda kind, name: {"quality": 7} if name == "jpeg" else {})
    assert [c.key.partition("/")[0] for c in candidates(fixed)] == ["jpeg(quality=7)", "mean-blur"]


def test_a_space_is_found_by_name_or_file(tmp_path: Any) -> None:
    registry = installed()
    assert find("quick", registry).name == "quick"
    file = tmp_path / "mine.toml"
    file.write_text(toml())
    assert find(str(file), registry).name == "mine"
    with pytest.raises(UsageError, match="unknown search space 'quik'. Did you mean 'quick'.* NAME.toml"):
        find("quik", registry)
    with pytest.raises(UsageError, match="search space 'none.toml' cannot be read: No such file"):
        find("none.toml", registry)


def test_the_shipped_spaces_are_what_they_say() -> None:
    registry = installed()
    names = [item.name for item in registry.spaces]
    assert names == ["default", "paper", "quick"]
    quick, default = (candidates(find(name, registry)) for name in ("quick", "default"))
    assert len(quick) == 72
    assert len({c.coordinates["layer"] for c in default if "layer" in c.coordinates}) == 9
    assert {c.coordinates["pri"] for c in default} == {"mean-blur", "white-noise", "jpeg", "jpeg2000"}
    assert not any(c.coordinates["explainer"] == "occlusion" for c in default)


def test_the_paper_costs_fifteen_passes_of_each_kind_an_image_and_needs_no_weights_to_say_so() -> None:
    registry = installed()
    space = find("paper", registry)
    opened, missing = networks.for_planning(extractors(space, registry), CPU)
    counted = census.count(expand(space, registry, opened), opened, 100, missing, CPU)
    assert (counted.candidates, counted.forward, counted.backward) == (252, 15, 15)
    assert counted.sweeps == {"occlusion": 15}
    assert [name.partition("(")[0] for name in counted.missing] == ["vgg16", "darknet19", "inception-resnet-v2"]
    lines = "\n".join(counted.lines())
    assert "252 combinations, 100 images" in lines
    for what in ("forward passes", "backward passes", "occlusion sweeps"):
        (line,) = (line for line in counted.lines() if what in line)
        assert line.split()[-2:] == ["15", "1500"]
    with pytest.raises(WeightsError, match=r"vgg16.*darknet19.*inception-resnet-v2"):
        networks.opened(extractors(space, registry), CPU)


def test_every_target_of_a_gradient_costs_a_backward_pass() -> None:
    explainer = '[{ name = "gradcam", target = ["top", "norm", 3] }, "activation-norm", "saliency", "guided-backprop"]'
    space = loads(toml(explainer=explainer), "here", "mine")
    opened, missing = networks.for_planning(extractors(space, installed()), CPU)
    counted = census.count(expand(space, installed(), opened), opened, 1, missing, CPU)
    assert (counted.forward, counted.backward, counted.veis) == (4, 6, 12)  # two of them by a compiled runtime
    assert counted.sweeps == {"guided-backprop": 2}
