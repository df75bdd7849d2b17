"""Sector knowledge as dated, sourced data."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ovoo_packs.factors import Factor, FactorTable
    from ovoo_packs.formula import Formula
    from ovoo_packs.frameworks import (
        Bracket,
        Dimension,
        Framework,
        Group,
        Item,
        LevelRule,
        Option,
        Scene,
        SceneLevel,
    )
    from ovoo_packs.instantiation import instantiate
    from ovoo_packs.loader import (
        framework_names,
        leading_framework,
        load_factors,
        load_framework,
        load_methods,
        load_norms,
        load_pack,
        load_tariffs,
        pack_names,
    )
    from ovoo_packs.methods import MethodNumber, MethodTable
    from ovoo_packs.norms import Norm, NormTable
    from ovoo_packs.source_ref import SourceRef
    from ovoo_packs.tariffs import Season, Tariff, TariffTable
    from ovoo_packs.templates import (
        AlarmLimit,
        AssetTemplate,
        Dashboard,
        Kpi,
        ModelBinding,
        Pack,
        PanelHint,
        SignalTemplate,
        Threshold,
    )

__all__ = [
    "AlarmLimit",
    "AssetTemplate",
    "Bracket",
    "Dashboard",
    "Dimension",
    "Factor",
    "FactorTable",
    "Formula",
    "Framework",
    "Group",
    "Item",
    "Kpi",
    "LevelRule",
    "MethodNumber",
    "MethodTable",
    "ModelBinding",
    "Norm",
    "NormTable",
    "Option",
    "Pack",
    "PanelHint",
    "Scene",
    "SceneLevel",
    "Season",
    "SignalTemplate",
    "SourceRef",
    "Tariff",
    "TariffTable",
    "Threshold",
    "framework_names",
    "instantiate",
    "leading_framework",
    "load_factors",
    "load_framework",
    "load_methods",
    "load_norms",
    "load_pack",
    "load_tariffs",
    "pack_names",
]

_NAMES: Final = {
    "factors": (
        "Factor",
        "FactorTable",
    ),
    "formula": ("Formula",),
    "frameworks": (
        "Bracket",
        "Dimension",
        "Framework",
        "Group",
        "Item",
        "LevelRule",
        "Option",
        "Scene",
        "SceneLevel",
    ),
    "instantiation": ("instantiate",),
    "loader": (
        "framework_names",
        "leading_framework",
        "load_factors",
        "load_framework",
        "load_methods",
        "load_norms",
        "load_pack",
        "load_tariffs",
        "pack_names",
    ),
    "methods": (
        "MethodNumber",
        "MethodTable",
    ),
    "norms": (
        "Norm",
        "NormTable",
    ),
    "source_ref": ("SourceRef",),
    "tariffs": (
        "Season",
        "Tariff",
        "TariffTable",
    ),
    "templates": (
        "AlarmLimit",
        "AssetTemplate",
        "Dashboard",
        "Kpi",
        "ModelBinding",
        "Pack",
        "PanelHint",
        "SignalTemplate",
        "Threshold",
    ),
}
"""Module -> what it gives to this package; it is imported when first asked for: a gateway needs few of them."""
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
