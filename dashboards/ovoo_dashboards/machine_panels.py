"""What the models tell of a machine's energy: how it runs and idles, how far its efficiency drifted, what it needs."""

from __future__ import annotations

from ovoo_packs import AssetTemplate
from ovoo_packs.specific_unit import specific_unit

from ovoo_dashboards import queries
from ovoo_dashboards.model import Panel, Row, StateName, Target, Variable
from ovoo_dashboards.score_panels import energy_row
from ovoo_dashboards.texts import text
from ovoo_dashboards.units import grafana_unit

__all__ = ["DEMAND_TARGET", "machine_energy_row", "machine_panels"]

_QUARTER_S = 900
_METER = "site_meter"
_DEMAND_TARGET = "demand_target"

DEMAND_TARGET = Variable(_DEMAND_TARGET, text("variable.demand_target"), "", number="0")
"""What the demand of a quarter hour should stay under, in kW; it is the site's contract, so a person types it."""


def machine_energy_row(where: str) -> Row:
    """Power and energy of each asset, and below them its machine state, its idle minutes and idle kWh by quarter."""
    row = energy_row(where)
    state = queries.field_over_time("energy", "state", where, "asset", "max")
    run = Panel(
        "run", "state", text("panel.run"), "none", (Target(state, text("panel.run"), by="asset"),),
        states=_run_states(), step_s=_QUARTER_S, width=8,
    )  # fmt: skip
    return Row(row.key, row.title, (*row.panels, run, _idle("idle_min", "min", where), _idle("idle_kwh", "kWh", where)))


def machine_panels(template: AssetTemplate, where: str) -> tuple[Panel, ...]:
    """A meter's demand; where it has models for them, drift (kW with its 90 % band, kWh) and specific consumption."""
    models = {each.model: each for each in template.models}
    panels: list[Panel] = [_demand(where)] if template.id == _METER else []
    if "energy_drift" in models:
        panels += _drift(where)
    sec = models.get("sec")
    known = specific_unit(template.signal(sec.inputs[-1]).unit) if sec else None
    if known is not None:
        query = queries.machine_minutes("specific", where, "last")
        panels.append(_panel("specific", known[0], Target(query, text("panel.specific"), by="asset")))
    return tuple(panels)


def _drift(where: str) -> list[Panel]:
    now = queries.machine_minutes("drift_kw", where, "last")
    upper = queries.machine_minutes("drift_band_kw", where, "last")
    lower = queries.machine_minutes("drift_band_kw", where, "last", times=-1)
    lost = queries.machine_minutes("drift_kwh", where, "last")
    return [
        _panel(
            "drift_kw", "kW", Target(now, text("legend.drift"), by="asset"),
            Target(upper, text("legend.band_upper"), by="asset"), Target(lower, text("legend.band_lower"), by="asset"),
        ),
        _panel("drift_kwh", "kWh", Target(lost, text("panel.drift_kwh"), by="asset")),
    ]  # fmt: skip


def _demand(where: str) -> Panel:
    """Mean power of each quarter hour, as demand is billed, and the typed target."""
    demand = queries.good_signal("power", where, "mean")
    line = queries.typed_line(_DEMAND_TARGET, "power", where)
    return Panel(
        "machine-demand", "timeseries", text("panel.demand"), grafana_unit("kW"),
        (
            Target(demand, text("legend.demand"), by="asset"),
            Target(line, text("variable.demand_target"), by="asset"),
        ),
        step_s=_QUARTER_S,
    )  # fmt: skip


def _idle(figure: str, unit: str, where: str) -> Panel:
    target = Target(queries.machine_minutes(figure, where, "sum"), text(f"panel.{figure}"), by="asset")
    return Panel(
        figure, "timeseries", text(f"panel.{figure}"), grafana_unit(unit), (target,), step_s=_QUARTER_S, width=8
    )


def _panel(key: str, unit: str, *targets: Target) -> Panel:
    return Panel(f"machine-{key}", "timeseries", text(f"panel.{key}"), grafana_unit(unit), targets)


def _run_states() -> tuple[StateName, ...]:
    words = ("state.off", "state.idle", "state.load")
    return tuple(StateName(value, text(word), None) for value, word in enumerate(words))
