"""The fleet page: gateways, data, models and energy of every site."""

from __future__ import annotations

from ovoo_dashboards import queries
from ovoo_dashboards.model import Dashboard, Panel, Row, Target, Text, ThresholdLine, Variable
from ovoo_dashboards.score_panels import energy_row, models_row
from ovoo_dashboards.texts import text
from ovoo_dashboards.units import grafana_unit

__all__ = ["BUFFER_LIMIT_H", "FLEET_UID", "GATEWAYS", "fleet_dashboard"]

FLEET_UID = "ovoo-fleet"
GATEWAYS = '"gateway" =~ /^$gateway$/'
BUFFER_LIMIT_H = 6.0
_ASSET = "site,asset"
"""Two sites may have assets of one name."""
_BUFFER_LIMIT = ThresholdLine("low", BUFFER_LIMIT_H, "warning")
_RISK_LIMIT = ThresholdLine("high", 10.0, "warning")
_OFFSET_LIMIT = ThresholdLine("high", 1000.0, "warning")


def fleet_dashboard() -> Dashboard:
    """The page."""
    return Dashboard(
        uid=FLEET_UID,
        title=text("fleet.title"),
        tags=("ovoo", "fleet"),
        variables=(
            Variable("gateway", text("variable.gateway"), queries.tag_values("gateway", "gateway"), multi=True),
            Variable("site", text("variable.site"), queries.tag_values("telemetry", "site"), multi=True),
        ),
        rows=(_gateways(), _data(), models_row(queries.ALL_SITES, _ASSET), energy_row(queries.ALL_SITES, _ASSET)),
        refresh="1m",
        span="24h",
    )


def _gateways() -> Row:
    panels = (
        _gateway("buffer", "panel.buffer", "buffer_h", grafana_unit("h"), "min", _BUFFER_LIMIT),
        _gateway("backlog", "panel.backlog", "backlog", grafana_unit("count"), "max"),
        _gateway("at_risk", "panel.at_risk", "at_risk_s", grafana_unit("s"), "max", _RISK_LIMIT),
        _gateway("offset", "panel.offset", "offset_ms", "ms", "max", _OFFSET_LIMIT),
        _gateway("cpu", "panel.cpu", "cpu", grafana_unit("%"), "mean"),
        _gateway("rss", "panel.rss", "rss_mb", "decmbytes", "max"),
    )
    return Row("gateways", text("row.gateways"), panels)


def _gateway(key: str, title: str, field: str, unit: str, function: str, *limits: ThresholdLine) -> Panel:
    query = queries.field_over_time("gateway", field, GATEWAYS, "gateway", function)
    return Panel(
        key=key,
        kind="timeseries",
        title=text(title),
        unit=unit,
        targets=(Target(query, text(title), by="gateway"),),
        thresholds=limits,
    )


def _data() -> Row:
    return Row(
        "data",
        text("row.data"),
        (
            _count("samples", text("panel.samples"), text("legend.samples"), bad_only=False),
            _count("bad", text("panel.bad_samples"), text("legend.bad"), bad_only=True),
        ),
    )


def _count(key: str, title: Text, legend: Text, *, bad_only: bool) -> Panel:
    target = Target(queries.counted(queries.ALL_SITES, bad_only=bad_only), legend, by="site")
    return Panel(key, "timeseries", title, grafana_unit("count"), (target,), width=12)
