"""What stands behind the indicators that frameworks name: one of the registry, figures of finance, or people only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["FINANCE", "MEASURED_BY", "TOLD"]

MEASURED_BY: Final[Mapping[str, str]] = {
    "auto_collected": "collection_links",
    "control_network_reach": "network_reach",
    "data_classified": "data_classified",
    "data_protected": "data_protected",
    "energy_drivers_collected": "equipment_networked",
    "energy_models_in_service": "models_in_service",
    "equipment_digitised": "equipment_digitised",
    "equipment_networked": "equipment_networked",
    "forecasts_scored": "forecasts_scored",
    "link_energy": "collection_links",
    "link_equipment": "collection_links",
    "link_production": "collection_links",
    "link_quality": "collection_links",
    "link_safety": "collection_links",
    "link_storage": "collection_links",
    "models_in_service": "models_in_service",
    "oee_computed": "oee",
    "quality_models_in_service": "models_in_service",
    "simulations_run": "simulations",
    "stable_running_months": "equipment_networked",
    "transport_encrypted": "transport_encrypted",
    "warnings_closed": "anomaly_handling",
    "warnings_issued": "anomaly_handling",
    "work_orders_triggered": "work_orders",
}
"""Name in a framework -> the indicator of the registry whose evidence answers it."""

FINANCE: Final = frozenset({"cost_per_100", "digital_spend_share", "energy_intensity", "revenue_per_head"})
"""Names that the finance figures of the case answer."""

TOLD: Final = frozenset({"good_data_share", "network_segmented", "pass_rate"})
"""Names that nothing on the platform answers yet: they stand as people told them."""
