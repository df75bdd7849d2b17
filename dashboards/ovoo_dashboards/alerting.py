"""Grafana alert rules for sites that want them; the truth about alarms lives in our own API.

A rule cannot use page variables, so its query reads every site of its data source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from ovoo_packs import AlarmLimit, AssetTemplate, Pack

from ovoo_dashboards import queries
from ovoo_dashboards.fleet import BUFFER_LIMIT_H, FLEET_UID
from ovoo_dashboards.model import Language, Text
from ovoo_dashboards.render import DATA_SOURCE_UID, dashboard_uid, panel_id
from ovoo_dashboards.score_panels import MODEL_ALARM, STATE_STEP_S
from ovoo_dashboards.sector import sector_uid
from ovoo_dashboards.texts import text

__all__ = ["alert_rules", "rule_groups"]

Json = dict[str, Any]

_WINDOW_S: Final = 600
_MEMORY_S: Final = 86_400
"""How long a gateway that fell silent is still missed."""
_INTERVAL: Final = "1m"
_EXPRESSION: Final = {"type": "__expr__", "uid": "__expr__"}
_FUNCTIONS: Final = {"high": "gt", "low": "lt"}


def alert_rules(packs: Sequence[Pack], language: Language) -> Json:
    """The provisioning file: a group for gateways and models, one per sector with its critical limits."""
    return {"apiVersion": 1, "groups": rule_groups(packs, language)}


def rule_groups(packs: Sequence[Pack], language: Language) -> list[Json]:
    """The groups; every rule has a stable uid, both languages, and a link to its panel."""
    folder = text("folder").in_language(language)
    groups = [("ovoo-platform", _platform_rules(language))]
    groups += [(sector_uid(pack), _sector_rules(pack, language)) for pack in packs]
    return [
        {"folder": folder, "interval": _INTERVAL, "name": name, "orgId": 1, "rules": rules} for name, rules in groups
    ]


def _platform_rules(language: Language) -> list[Json]:
    buffer = queries.field_over_time("gateway", "buffer_h", "", "gateway", "min", every=_INTERVAL)
    silence = queries.reports("gateway", "buffer_h", "gateway", "10m")
    state = queries.field_over_time("score", "state", "", "asset,model", "max", every=_INTERVAL)
    fleet = dashboard_uid(FLEET_UID, language)
    return [
        _rule("gateway-buffer", "alert.buffer", buffer, "low", BUFFER_LIMIT_H, 300, "warning", language)
        | _link(fleet, panel_id("gateways", "buffer")),
        _rule("gateway-silent", "alert.silent", silence, "low", 1.0, 600, "warning", language, _MEMORY_S)
        | _link(fleet, panel_id("gateways", "buffer")),
        _rule(
            "model-alarm", "alert.model", state, "high", MODEL_ALARM - 0.5, 600, "warning", language, 2 * STATE_STEP_S
        )
        | _link(fleet, panel_id("models", "health")),
    ]


def _sector_rules(pack: Pack, language: Language) -> list[Json]:
    return [
        _limit_rule(pack, template, alarm, language)
        for template in pack.templates.values()
        for alarm in template.alarms
        if alarm.severity == "critical"
    ]


def _limit_rule(pack: Pack, template: AssetTemplate, alarm: AlarmLimit, language: Language) -> Json:
    signal = template.signal(alarm.signal)
    function = "max" if alarm.kind == "high" else "min"
    query = queries.good_signal(alarm.signal, queries.asset_filter(template.default_path), function)
    query = query.replace("$__interval", _INTERVAL).replace("fill(null)", "fill(none)")
    # a rule compares strictly and a limit counts when reached, so the limit moves inside by half its hysteresis or step
    margin = (alarm.hysteresis or 0.5 * (signal.type == "bool")) / 2
    limit = alarm.limit - margin if alarm.kind == "high" else alarm.limit + margin
    title = Text(f"{template.name_zh}：{signal.name_zh}越限", f"{template.name_en}: {signal.name_en} beyond limit")
    key = f"{pack.id}-{template.id}-{alarm.signal}-{alarm.kind}-{alarm.severity}"
    words = (title, Text(alarm.advice_zh, alarm.advice_en))
    data = [_query(query, _WINDOW_S), _reduce(), _threshold(alarm.kind, limit)]
    rule = _rule_of(key, words, data, alarm.delay_s, alarm.severity, language)
    rule["labels"] |= {"pack": pack.id, "template": template.id}
    panels = [panel for panel in template.dashboard.panels if alarm.signal in panel.signals]
    uid = dashboard_uid(sector_uid(pack), language)
    return rule | (_link(uid, panel_id(template.id, panels[0].id)) if panels else {})


def _rule(
    key: str, words: str, query: str, kind: str, limit: float, delay_s: float, severity: str, language: Language,
    span_s: int = _WINDOW_S,
) -> Json:  # fmt: skip
    pair = (text(words), text(f"{words}.summary"))
    return _rule_of(key, pair, [_query(query, span_s), _reduce(), _threshold(kind, limit)], delay_s, severity, language)


def _rule_of(
    key: str, words: tuple[Text, Text], data: list[Json], delay_s: float, severity: str, language: Language
) -> Json:
    title, summary = words
    return {
        "annotations": {
            "description": summary.in_the_other(language),
            "summary": summary.in_language(language),
            "title": title.in_the_other(language),
        },
        "condition": "C",
        "data": data,
        "execErrState": "KeepLast",
        "for": f"{round(delay_s)}s",
        "isPaused": False,
        "labels": {"origin": "ovoo", "severity": severity},
        "noDataState": "OK",
        "title": title.in_language(language),
        "uid": _uid(key, language),
    }


def _uid(key: str, language: Language) -> str:
    """At most 40 characters, stable, and different per language."""
    return "ovoo-" + hashlib.sha256(f"{key}/{language}".encode()).hexdigest()[:24]


def _link(uid: str, panel: int) -> Json:
    return {"dashboardUid": uid, "panelId": panel}


def _query(query: str, span_s: int) -> Json:
    model = {
        "datasource": {"type": "influxdb", "uid": DATA_SOURCE_UID},
        "intervalMs": 60_000,
        "maxDataPoints": 43_200,
        "query": query,
        "rawQuery": True,
        "refId": "A",
        "resultFormat": "time_series",
    }
    span = {"from": span_s, "to": 0}
    return {"datasourceUid": DATA_SOURCE_UID, "model": model, "refId": "A", "relativeTimeRange": span}


def _reduce() -> Json:
    model = {
        "datasource": _EXPRESSION,
        "expression": "A",
        "reducer": "last",
        "refId": "B",
        "settings": {"mode": "dropNN"},
        "type": "reduce",
    }
    return {"datasourceUid": "__expr__", "model": model, "refId": "B", "relativeTimeRange": {"from": 0, "to": 0}}


def _threshold(kind: str, limit: float) -> Json:
    evaluator = {"params": [limit], "type": _FUNCTIONS[kind]}
    model = {
        "conditions": [{"evaluator": evaluator, "type": "query"}],
        "datasource": _EXPRESSION,
        "expression": "B",
        "refId": "C",
        "type": "threshold",
    }
    return {"datasourceUid": "__expr__", "model": model, "refId": "C", "relativeTimeRange": {"from": 0, "to": 0}}
