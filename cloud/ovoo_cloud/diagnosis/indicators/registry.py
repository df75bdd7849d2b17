"""The named indicators there are: what each needs, by which formulas, and with which figures it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

__all__ = ["INDICATORS", "Indicator", "indicator"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator; its names stand in the report's catalogue under `indicator.<id>`.

    Attributes:
        needs: words for what it is measured from; the catalogue has them under `needs.<word>`.
        formulas: ids that its evidence and figures name.
        figures: beginnings of the ids of its figures.
        missing: what stands where its evidence is missing.
    """

    id: str
    needs: tuple[str, ...]
    formulas: tuple[str, ...]
    figures: tuple[str, ...]
    missing: str = "range"


_ALL: Final = (
    Indicator("equipment_digitised", ("register",), ("percent/1",), ("equipment.digital", "equipment.digitised_")),
    Indicator(
        "equipment_networked",
        ("register", "telemetry", "thirty_days"),
        ("delivery_share/2", "percent/1"),
        ("equipment.networked", "machine."),
    ),
    Indicator("collection_links", ("register", "telemetry", "thirty_days"), ("delivery_share/2",), ("links.",)),
    Indicator("network_reach", ("register", "telemetry"), ("delivery_share/2", "percent/1"), ("network.reach",)),
    Indicator("network_loss", ("hour_accounts",), ("percent/1",), ("network.expected", "network.lost")),
    Indicator("network_delay", ("hour_accounts",), ("median_delay/1",), ("network.delay_", "network.late")),
    Indicator("transport_encrypted", ("gateway_records",), ("count/1",), ("security.gateways",)),
    Indicator("data_protected", ("gateway_records", "restore_test", "catalogue"), ("count/1",), ("security.",)),
    Indicator("data_classified", ("catalogue",), ("count/1",), ("security.signals_",)),
    Indicator(
        "oee",
        ("planned_time", "running", "ideal_rate", "output_counter", "good_counter"),
        ("running_hours/1", "output_amount/1", "percent/1", "product/1"),
        ("oee.",),
    ),
    Indicator(
        "output_energy", ("power", "output_counter"), ("power_kwh/1", "output_amount/1", "ratio/1"), ("per_output.",)
    ),
    Indicator("anomaly_handling", ("alarms",), ("handling_time/2", "percent/1"), ("handling.",)),
    Indicator("models_in_service", ("scores",), ("scoring_days/1",), ("usage.model_days",)),
    Indicator("forecasts_scored", ("savings",), ("count/1",), ("usage.forecasts",)),
    Indicator("work_orders", ("case_operation",), ("count/1",), ("usage.work_orders",)),
    Indicator("simulations", ("rescore_runs",), ("count/1",), ("usage.simulations",)),
)

INDICATORS: Final[Mapping[str, Indicator]] = {each.id: each for each in _ALL}


def indicator(name: str) -> Indicator:
    """The indicator called `name`.

    Raises:
        EvidenceError: naming those there are.
    """
    try:
        return INDICATORS[name]
    except KeyError:
        remedy = "one of " + ", ".join(INDICATORS)
        raise EvidenceError("no such indicator", offender="indicators", value=name, remedy=remedy) from None
