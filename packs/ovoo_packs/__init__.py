"""Sector knowledge as dated, sourced data."""

from __future__ import annotations

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
from ovoo_packs.instantiate import instantiate
from ovoo_packs.loader import (
    framework_names,
    load_factors,
    load_framework,
    load_norms,
    load_pack,
    load_tariffs,
    pack_names,
)
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
    "load_factors",
    "load_framework",
    "load_norms",
    "load_pack",
    "load_tariffs",
    "pack_names",
]
