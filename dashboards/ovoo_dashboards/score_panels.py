"""Rows that every page shares: what the models say, what energy flows."""

from __future__ import annotations

from ovoo_dashboards import queries
from ovoo_dashboards.model import Panel, Row, StateName, Target, ThresholdLine
from ovoo_dashboards.texts import text
from ovoo_dashboards.units import grafana_unit

__all__ = ["MODEL_ALARM", "STATE_STEP_S", "energy_row", "models_row"]

STATE_STEP_S = 1200
"""Model states come on change and every quarter hour; a wider step sees each model once."""
_ENERGY_STEP_S = 900

MODEL_ALARM = 5
"""The `state` field of a score while its model is in alarm."""


def models_row(where: str, by: str = "asset") -> Row:
    """Worst state of each asset's models, and score over limit (1 is the limit); `by` are the tags of an asset."""
    state = queries.field_over_time("score", "state", where, by, "max")
    score = queries.score_over_limit(where, f"{by},model")
    health = Panel(
        "health", "state", text("panel.health"), "none", (Target(state, text("panel.health"), by=by),),
        states=_model_states(), step_s=STATE_STEP_S, width=12, height=9,
    )  # fmt: skip
    over = Panel(
        "score", "timeseries", text("panel.score"), "none", (Target(score, text("panel.score"), by=f"{by},model"),),
        thresholds=(ThresholdLine("high", 1.0, "warning"),), width=12, height=9,
    )  # fmt: skip
    return Row("models", text("row.models"), (health, over))


def energy_row(where: str, by: str = "asset") -> Row:
    """Power and energy per step of each asset; `by` are its tags."""
    power = queries.field_over_time("energy", "power_kw", where, by, "mean")
    energy = queries.field_over_time("energy", "energy_kwh", where, by, "sum")
    return Row(
        "energy",
        text("row.energy"),
        (
            Panel(
                "power", "timeseries", text("panel.power"), grafana_unit("kW"),
                (Target(power, text("panel.power"), by=by),), step_s=_ENERGY_STEP_S, width=12,
            ),
            Panel(
                "energy", "timeseries", text("panel.energy"), grafana_unit("kWh"),
                (Target(energy, text("panel.energy"), by=by),), step_s=_ENERGY_STEP_S, width=12,
            ),
        ),
    )  # fmt: skip


def _model_states() -> tuple[StateName, ...]:
    return (
        StateName(0, text("state.unknown"), None),
        StateName(1, text("state.off"), None),
        StateName(1.5, text("state.idle"), None),
        StateName(1.75, text("state.load"), None),
        StateName(2, text("state.settling"), None),
        StateName(3, text("state.normal"), None),
        StateName(4, text("state.pending"), "warning"),
        StateName(MODEL_ALARM, text("state.alarm"), "critical"),
    )
