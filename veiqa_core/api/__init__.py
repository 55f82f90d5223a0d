"""What a plugin author imports. Light: neither numpy nor torch is imported here.

A plugin module, named by an entry point in the group ``veiqa``, implements hooks that hand over :class:`Component`
records::

    from veiqa_core.api import Component, hookimpl, param, params

    @params
    class MinkowskiParams:
        p: float = param(default=2.0, help="Exponent of the norm.", gt=0)

    @hookimpl
    def veiqa_similarity_metrics():
        yield Component(name="minkowski", summary="Minkowski distance.", factory="veiqa_minkowski.metric:Minkowski",
                        params=MinkowskiParams, requires=("torch",),
                        traits={"similar": "low", "bounds": (0, None), "identity": "min", "symmetric": True})

The factory is imported at first use and called with an instance of the parameter class.
"""

from __future__ import annotations

from ..errors import (
    ComponentError,
    DamagedWeightsError,
    DatasetError,
    FitError,
    ImageError,
    IncompatibleError,
    TableError,
    UsageError,
    WeightsError,
    brief,
    is_out_of_memory,
    near_miss,
)
from ..files.names import Spelling, name_key
from ..files.reading import text_of
from ..files.tables import TableRow, read_table
from ..files.values import is_number, parse_number
from .distortions import DISTORTIONS
from .parameters import NoParams, param, params
from .records import API_VERSION, Component, Resource, hookimpl, target_param

__all__ = [
    "API_VERSION",
    "DISTORTIONS",
    "Component",
    "ComponentError",
    "DamagedWeightsError",
    "DatasetError",
    "FitError",
    "ImageError",
    "IncompatibleError",
    "NoParams",
    "Resource",
    "Spelling",
    "TableError",
    "TableRow",
    "UsageError",
    "WeightsError",
    "brief",
    "hookimpl",
    "is_number",
    "is_out_of_memory",
    "name_key",
    "near_miss",
    "param",
    "params",
    "parse_number",
    "read_table",
    "target_param",
    "text_of",
]
