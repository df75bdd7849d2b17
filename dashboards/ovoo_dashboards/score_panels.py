"""Rows that every page shares: what the models say, what energy flows."""

from __future__ import annotations

from ovoo_dashboards import queries
from ovoo_dashboards.model import Panel, Row, StateName, Target, ThresholdLine
from ovoo_dashboards.texts import text
from ovoo_dashboards.units import grafana_unit

__all__ = ["MODEL_ALARM", "energy_row", "models_row"]

MODEL_ALARM = 5
"""The `state` field of a score while its model is in alarm."""


def models_row(where: str) -> Row:
    """Worst state of each asset's models, and score over limit (1 is the limit)."""
    state = queries.field_over_time("score", "state", where, "asset", "max")
    score = queries.ratio("score", "score", "limit", where, "asset,model")
    health = Panel(
        "health", "state", text("panel.health"), "none", (Target(state, text("panel.health"), by="asset"),),
        states=_model_states(), width=12, height=9,
    )  # fmt: skip
    over = Panel(
        "score", "timeseries", text("panel.score"), "none", (Target(score, text("panel.score"), by="asset,model"),),
        thresholds=(ThresholdLine("high", 1.0, "warning"),), width=12, height=9,
    )  # fmt: skip
    return Row("models", text("row.models"), (health, over))


def energy_row(where: str) -> Row:
    """Power and hourly energy of each asset."""
    power = queries.field_over_time("energy", "power_kw", where, "asset", "mean")
    energy = queries.field_over_time("energy", "energy_kwh", where, "asset", "sum")
    return Row(
        "energy",
        text("row.energy"),
        (
            Panel(
                "power", "timeseries", text("panel.power"), grafana_unit("kW"),
                (Target(power, text("panel.power"), by="asset"),), width=12,
            ),
            Panel(
                "energy", "timeseries", text("panel.energy"), grafana_unit("kWh"),
                (Target(energy, text("panel.energy"), by="asset"),), width=12,
            ),
        ),
    )  # fmt: skip


def _model_states() -> tuple[StateName, ...]:
    return (
        StateName(0, text("state.unknown"), None),
        StateName(1, text("state.off"), None),
        StateName(2, text("state.settling"), None),
        StateName(3, text("state.normal"), None),
        StateName(4, text("state.pending"), "warning"),
        StateName(MODEL_ALARM, text("state.alarm"), "critical"),
    )
