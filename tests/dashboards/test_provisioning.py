"""The provisioning files as Grafana reads them: YAML with variables from the environment."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml
from ovoo_dashboards import dashboards
from ovoo_dashboards.alerting import rule_groups
from ovoo_dashboards.files import build
from ovoo_dashboards.render import render
from ovoo_packs import load_pack, pack_names

COMPOSE = pathlib.Path(__file__).resolve().parents[2] / "docker" / "compose.yaml"
FILES = {name: content for name, content in build("zh").items() if name.startswith("provisioning/")}
RULES = [
    (group["name"], rule)
    for group in rule_groups([load_pack(name) for name in pack_names()], "zh")
    for rule in group["rules"]
]


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(FILES[f"provisioning/{name}"])
    return document


@pytest.mark.parametrize("name", FILES)
def test_files_are_yaml_of_version_one(name: str) -> None:
    assert yaml.safe_load(FILES[name])["apiVersion"] == 1


def test_influxdb_2_gets_its_token_in_a_header() -> None:
    source = _load("datasources/ovoo.yaml")["datasources"][0]

    assert source["jsonData"]["httpHeaderName1"] == "Authorization"
    assert source["secureJsonData"] == {"httpHeaderValue1": "Token ${OVOO_INFLUX_TOKEN}"}
    assert "version" not in source["jsonData"], "InfluxQL is the dialect without a version"


def test_influxdb_1_gets_a_user() -> None:
    source = _load("influxdb-1x/ovoo.yaml")["datasources"][0]

    assert (source["user"], source["secureJsonData"]) == (
        "${OVOO_INFLUX_USER}",
        {"password": "${OVOO_INFLUX_PASSWORD}"},
    )
    assert source["uid"] == _load("datasources/ovoo.yaml")["datasources"][0]["uid"]


def test_secrets_come_from_the_environment_only() -> None:
    for content in FILES.values():
        for value in re.findall(r'"(?:password|httpHeaderValue1)": "([^"]*)"', content.decode()):
            assert "${OVOO_INFLUX_" in value


def test_provider_reads_the_folder_that_compose_mounts() -> None:
    path = _load("dashboards/ovoo.yaml")["providers"][0]["options"]["path"]

    assert f"../dashboards/json:{path}:ro" in COMPOSE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("group", "rule"), RULES, ids=[rule["title"] for _, rule in RULES])
def test_rules_have_query_reduction_and_threshold(group: str, rule: dict[str, Any]) -> None:
    query, reduction, threshold = rule["data"]

    assert [part["refId"] for part in rule["data"]] == ["A", "B", "C"]
    assert rule["condition"] == "C"
    assert "$timeFilter" in query["model"]["query"]
    assert "$__interval" not in query["model"]["query"]
    assert query["relativeTimeRange"]["from"] >= 600
    assert (reduction["model"]["expression"], threshold["model"]["expression"]) == ("A", "B")
    assert "$" not in rule["title"]
    assert not any("$" in value for value in rule["labels"].values())
    assert rule["annotations"]["summary"].strip()
    assert rule["annotations"]["description"].isascii() or rule["annotations"]["description"].strip()


def test_rule_uids_are_unique_and_short() -> None:
    uids = [rule["uid"] for _, rule in RULES]
    english = [
        rule["uid"]
        for group in rule_groups([load_pack(name) for name in pack_names()], "en")
        for rule in group["rules"]
    ]

    assert len({*uids, *english}) == len(uids) + len(english)
    assert all(len(uid) <= 40 for uid in uids)


def test_rules_link_to_panels_that_exist() -> None:
    panels = {(page.uid, panel["id"]) for page in dashboards() for panel in render(page, "zh")["panels"]}

    assert all((rule["dashboardUid"], rule["panelId"]) in panels for _, rule in RULES)


def test_critical_limits_of_packs_become_rules() -> None:
    wanted = sum(
        alarm.severity == "critical"
        for name in pack_names()
        for template in load_pack(name).templates.values()
        for alarm in template.alarms
    )

    assert len([group for group, _ in RULES if group != "ovoo-platform"]) == wanted


@pytest.mark.parametrize(
    ("title", "kind", "limit"),
    [
        ("瓦斯测点：甲烷浓度越限", "gt", 0.975),
        ("火炬：长明灯越限", "lt", 0.25),
        ("巴氏杀菌机：保温管出口温度越限", "lt", 72.15),
    ],
)
def test_a_limit_counts_when_it_is_reached(title: str, kind: str, limit: float) -> None:
    rule = next(rule for _, rule in RULES if rule["title"] == title)

    evaluator = rule["data"][2]["model"]["conditions"][0]["evaluator"]

    assert (evaluator["type"], evaluator["params"]) == (kind, [pytest.approx(limit)])
