"""A sector's page, made from its pack: health and energy first, then a row per kind of machine."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_packs import AssetTemplate, Pack, PanelHint, SignalTemplate

from ovoo_dashboards import queries
from ovoo_dashboards.machine_panels import DEMAND_TARGET, machine_energy_row, machine_panels
from ovoo_dashboards.model import Dashboard, Panel, Row, StateName, Target, Text, ThresholdLine, Variable
from ovoo_dashboards.score_panels import models_row
from ovoo_dashboards.texts import text
from ovoo_dashboards.units import grafana_unit

__all__ = ["sector_dashboard", "sector_uid"]


def sector_uid(pack: Pack) -> str:
    """The page's stable id."""
    return f"ovoo-{pack.id.replace('_', '-')}"


def sector_dashboard(pack: Pack) -> Dashboard:
    """The page of one sector."""
    title = text("sector.title")
    templates = sorted(pack.templates.values(), key=lambda template: template.dashboard.order)
    return Dashboard(
        uid=sector_uid(pack),
        title=Text(title.zh.format(sector=pack.name_zh), title.en.format(sector=pack.name_en)),
        tags=("ovoo", pack.id),
        variables=(
            Variable("site", text("variable.site"), queries.tag_values("telemetry", "site"), multi=False),
            Variable(
                "asset", text("variable.asset"), queries.tag_values("telemetry", "asset", queries.ALL_SITES), multi=True
            ),
            DEMAND_TARGET,
        ),
        rows=(
            models_row(queries.ALL_ASSETS),
            machine_energy_row(queries.ALL_ASSETS),
            *(_row(each) for each in templates),
        ),
        refresh="30s",
        span="6h",
    )


def _row(template: AssetTemplate) -> Row:
    group = template.dashboard
    title = Text(f"{group.group_zh}：{template.name_zh}", f"{group.group_en}: {template.name_en}")
    where = f"{queries.ALL_ASSETS} AND {queries.asset_filter(template.default_path)}"
    measured = (_panel(template, hint, where) for hint in group.panels)
    return Row(template.id, title, (*measured, *machine_panels(template, where)))


def _panel(template: AssetTemplate, hint: PanelHint, where: str) -> Panel:
    signals = [template.signal(name) for name in hint.signals]
    thresholds = tuple(ThresholdLine(line.kind, line.value, line.severity) for line in hint.thresholds)
    return Panel(
        key=hint.id,
        kind=hint.kind,
        title=Text(hint.title_zh, hint.title_en),
        unit=grafana_unit(hint.unit),
        targets=tuple(_target(signal, where, hint) for signal in signals),
        thresholds=thresholds if hint.kind == "timeseries" else (),
        states=_states(template, signals) if hint.kind == "state" else (),
        held=all(signal.uplink == "on_change" for signal in signals),
    )


def _target(signal: SignalTemplate, where: str, hint: PanelHint) -> Target:
    legend = Text(signal.name_zh, signal.name_en)
    if signal.counter:
        return Target(queries.rise(signal.name, where), legend, by="asset")
    function = "last" if hint.kind == "state" else "mean"
    return Target(queries.good_signal(signal.name, where, function), legend, by="asset")


def _states(template: AssetTemplate, signals: Sequence[SignalTemplate]) -> tuple[StateName, ...]:
    """Words for 0 and 1; the value at which an alarm stands is abnormal. Other states keep their number."""
    if any(signal.type != "bool" for signal in signals):
        return ()
    running = all(signal.role == "running" for signal in signals)
    off, on = ("state.stopped", "state.running") if running else ("state.no", "state.yes")
    names = {signal.name for signal in signals}
    levels = {round(alarm.limit): alarm.severity for alarm in template.alarms if alarm.signal in names}
    return StateName(0, text(off), levels.get(0)), StateName(1, text(on), levels.get(1))
