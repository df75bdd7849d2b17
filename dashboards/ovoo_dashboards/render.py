"""From the typed model to Grafana's dashboard JSON, in one language."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_dashboards.model import Dashboard, Language, Panel, Row, StateName, Target, ThresholdLine, Variable
from ovoo_dashboards.palette import IDLE, LEVELS, LINE, NONE, NORMAL
from ovoo_dashboards.texts import text

__all__ = ["DATA_SOURCE_UID", "SCHEMA_VERSION", "SOURCE", "dashboard_uid", "panel_id", "render"]

Json = dict[str, Any]

SCHEMA_VERSION: Final = 41
"""Grafana 12's dashboard schema; newer servers migrate it when they load the file."""
DATA_SOURCE_UID: Final = "ovoo-influx"
SOURCE: Final = {"type": "influxdb", "uid": "${source}"}
_COLUMNS: Final = 24
_BRIDGED_STEPS: Final = 3
"""Points further apart than this many steps are not joined: gaps show as gaps."""
_ALL: Final = ".*"


def dashboard_uid(uid: str, language: Language) -> str:
    """The Chinese page has the plain uid, the English one a suffix, so that both may live on one server."""
    return uid if language == "zh" else f"{uid}-{language}"


def panel_id(row: str, panel: str) -> int:
    """A number made of the keys, so that links to a panel survive when others come or go."""
    return zlib.crc32(f"{row}/{panel}".encode()) % 1_000_000_000 + 1


def render(dashboard: Dashboard, language: Language) -> Json:
    """The dashboard as Grafana loads it; raises ConfigError when two panels get one id."""
    panels = _panels(dashboard.rows, language)
    ids = [panel["id"] for panel in panels]
    if len(set(ids)) != len(ids):
        raise ConfigError("two panels have one id", offender=dashboard.uid, value=len(ids), remedy="rename a key")
    return {
        "annotations": {"list": []},
        "description": dashboard.title.in_the_other(language),
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": _links(language),
        "panels": panels,
        "refresh": dashboard.refresh,
        "schemaVersion": SCHEMA_VERSION,
        "tags": list(dashboard.tags),
        "templating": {"list": [_source(language), *(_variable(each, language) for each in dashboard.variables)]},
        "time": {"from": f"now-{dashboard.span}", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": dashboard.title.in_language(language),
        "uid": dashboard_uid(dashboard.uid, language),
        "version": 1,
        "weekStart": "monday",
    }


def _links(language: Language) -> list[Json]:
    link = {"asDropdown": False, "icon": "external link", "includeVars": False, "keepTime": True, "tags": ["ovoo"]}
    return [
        {**link, "targetBlank": False, "title": text("folder").in_language(language), "type": "dashboards", "url": ""}
    ]


def _source(language: Language) -> Json:
    return {
        "current": {"text": "Ovoo", "value": DATA_SOURCE_UID},
        "hide": 0,
        "includeAll": False,
        "label": text("variable.source").in_language(language),
        "multi": False,
        "name": "source",
        "query": "influxdb",
        "refresh": 1,
        "regex": "",
        "type": "datasource",
    }


def _variable(variable: Variable, language: Language) -> Json:
    if variable.number is not None:
        return {
            "current": {"text": variable.number, "value": variable.number},
            "hide": 0,
            "label": variable.label.in_language(language),
            "name": variable.name,
            "query": variable.number,
            "type": "textbox",
        }
    everything = {"allValue": _ALL, "current": {"text": ["All"], "value": ["$__all"]}} if variable.multi else {}
    return {
        "current": {},
        "datasource": SOURCE,
        "definition": variable.query,
        "hide": 0,
        "includeAll": variable.multi,
        "label": variable.label.in_language(language),
        "multi": variable.multi,
        "name": variable.name,
        "query": {"query": variable.query, "refId": f"{variable.name}-values"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "type": "query",
        **everything,
    }


def _panels(rows: Iterable[Row], language: Language) -> list[Json]:
    """Rows one under the other, panels from left to right, a new line when the width is used up."""
    panels: list[Json] = []
    top = 0
    for row in rows:
        panels.append(_row(row, top, language))
        top += 1
        left = line = 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left, line = top + line, 0, 0
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            panels.append(_panel(row, panel, place, language))
            left, line = left + panel.width, max(line, panel.height)
        top += line
    return panels


def _row(row: Row, top: int, language: Language) -> Json:
    return {
        "collapsed": False,
        "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top},
        "id": panel_id(row.key, ""),
        "panels": [],
        "title": row.title.in_language(language),
        "type": "row",
    }


def _panel(row: Row, panel: Panel, place: Json, language: Language) -> Json:
    kinds = {"timeseries": _timeseries, "state": _states}
    kind, custom, options = kinds[panel.kind](panel, language)
    return {
        "datasource": SOURCE,
        "description": panel.title.in_the_other(language),
        "fieldConfig": {"defaults": {"unit": panel.unit, **custom}, "overrides": []},
        "gridPos": place,
        "id": panel_id(row.key, panel.key),
        "interval": f"{panel.step_s // 60}m",
        "options": options,
        "targets": [_target(target, position, panel, language) for position, target in enumerate(panel.targets)],
        "title": panel.title.in_language(language),
        "type": kind,
    }


def _target(target: Target, position: int, panel: Panel, language: Language) -> Json:
    return {
        "alias": _alias(target, len(panel.targets) > 1, language),
        "datasource": SOURCE,
        "query": target.query,
        "rawQuery": True,
        "refId": chr(ord("A") + position),
        "resultFormat": "time_series",
    }


def _alias(target: Target, several: bool, language: Language) -> str:
    """The tags' values; the legend too where a panel shows more than one signal."""
    tags = " ".join(f"[[tag_{tag}]]" for tag in target.by.split(",") if tag)
    legend = target.legend.in_language(language)
    return f"{tags} {legend}" if tags and several else tags or legend


def _timeseries(panel: Panel, language: Language) -> tuple[str, Json, Json]:
    mode = "dashed" if panel.thresholds else "off"
    custom = {
        "color": {"fixedColor": LINE, "mode": "shades"},
        "custom": {
            "axisBorderShow": False,
            "axisPlacement": "auto",
            "drawStyle": "line",
            "fillOpacity": 0,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": _bridge(panel),
            "thresholdsStyle": {"mode": mode},
        },
        "thresholds": _lines(panel.thresholds),
    }
    return "timeseries", custom, {"legend": _legend(), "tooltip": {"mode": "multi", "sort": "desc"}}


def _bridge(panel: Panel) -> bool | int:
    """Milliseconds over which points are joined; True for any distance."""
    return True if panel.held else _BRIDGED_STEPS * panel.step_s * 1000


def _lines(thresholds: Sequence[ThresholdLine]) -> Json:
    """Steps must rise; the colour below the lowest is none, so that only lines are drawn."""
    steps: list[Json] = [{"color": NONE, "value": None}]
    for line in sorted(thresholds, key=lambda each: each.value):
        steps.append({"color": LEVELS[line.level], "value": line.value})
    return {"mode": "absolute", "steps": steps}


def _states(panel: Panel, language: Language) -> tuple[str, Json, Json]:
    custom = {
        "color": {"fixedColor": NORMAL, "mode": "fixed"},
        "custom": {"fillOpacity": 70, "lineWidth": 0, "spanNulls": _bridge(panel)},
        "mappings": [_mapping(panel.states, language)] if panel.states else [],
        "thresholds": {"mode": "absolute", "steps": [{"color": NORMAL, "value": None}]},
    }
    options = {
        "alignValue": "left",
        "legend": _legend(),
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return "state-timeline", custom, options


def _mapping(states: Sequence[StateName], language: Language) -> Json:
    options = {
        f"{state.value:g}": {
            "color": _state_colour(state, states),
            "index": index,
            "text": state.name.in_language(language),
        }
        for index, state in enumerate(states)
    }
    return {"options": options, "type": "value"}


def _state_colour(state: StateName, states: Sequence[StateName]) -> str:
    """Abnormal states have their level's colour; of the others the highest is the darker grey."""
    if state.level is not None:
        return LEVELS[state.level]
    highest = max(each.value for each in states if each.level is None)
    return NORMAL if state.value == highest else IDLE


def _legend() -> Json:
    return {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
