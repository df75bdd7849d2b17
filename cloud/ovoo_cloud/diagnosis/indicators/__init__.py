"""Indicators that evidence can measure: a registry of names, and one module for each kind of measure."""

from __future__ import annotations

from ovoo_cloud.diagnosis.indicators.delivery import (
    Delivery,
    DeliveryRule,
    NetworkFigures,
    deliveries,
    network_figures,
)
from ovoo_cloud.diagnosis.indicators.doubt import DoubtRule
from ovoo_cloud.diagnosis.indicators.facts import FACT_NAMES, FactFinder
from ovoo_cloud.diagnosis.indicators.links import collection_links, measured_options
from ovoo_cloud.diagnosis.indicators.named import FINANCE, MEASURED_BY, TOLD
from ovoo_cloud.diagnosis.indicators.protection import protection_section
from ovoo_cloud.diagnosis.indicators.registry import INDICATORS, Indicator, indicator
from ovoo_cloud.diagnosis.indicators.scenes import scene_facts
from ovoo_cloud.diagnosis.indicators.section import IndicatorResult, indicator_section

__all__ = [
    "FACT_NAMES",
    "FINANCE",
    "INDICATORS",
    "MEASURED_BY",
    "TOLD",
    "Delivery",
    "DeliveryRule",
    "DoubtRule",
    "FactFinder",
    "Indicator",
    "IndicatorResult",
    "NetworkFigures",
    "collection_links",
    "deliveries",
    "indicator",
    "indicator_section",
    "measured_options",
    "network_figures",
    "protection_section",
    "scene_facts",
]
