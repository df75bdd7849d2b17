"""Every query of every panel, variable and alert rule, run on a real InfluxDB with hours that are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from ovoo_contract.schema import TELEMETRY
from ovoo_dashboards import dashboards, render
from ovoo_dashboards.alerting import rule_groups
from ovoo_dashboards.fleet import FLEET_UID
from ovoo_dashboards.queries import SCALED_MODELS
from ovoo_packs import AssetTemplate, load_pack, pack_names

from tests.dashboards import seed as hour
from tests.dashboards.grafana_rules import Choice, interpolate
from tests.dashboards.seed import Seed, assets_of, make_seed
from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.server

DATABASE = "test_dashboards"
PAGES = {page.uid: render(page, "zh") for page in dashboards()}
SECTORS = {f"ovoo-{name.replace('_', '-')}": name for name in pack_names()}
_SIGNAL = re.compile(r"\"signal\" = '(\w+)'")
_FIELD = re.compile(r'\("(\w+)"\)')

Series = dict[tuple[tuple[str, str], ...], list[float]]


@pytest.fixture(scope="module")
def seed() -> Seed:
    return make_seed()


@pytest.fixture(scope="module")
def server(influxdb: InfluxServer, seed: Seed) -> InfluxServer:
    influxdb.create(DATABASE)
    for lines in seed.lines:
        influxdb.write(DATABASE, lines)
    return influxdb


def _cases() -> Iterator[Any]:
    for uid, page in PAGES.items():
        row = ""
        for panel in page["panels"]:
            if panel["type"] == "row":
                row = panel["title"]
                continue
            for target in panel["targets"]:
                yield pytest.param(uid, row, panel, target, id=f"{uid}/{panel['title']}/{target['refId']}")


def _choices(uid: str) -> dict[str, Choice]:
    """What a person chooses: on a sector's page one site and all assets, on the fleet page everything."""
    if uid == FLEET_UID:
        return {"gateway": ".*", "site": list(hour.SITES.values())}
    return {"site": hour.SITES[SECTORS[uid]], "asset": ".*", "demand_target": "750"}


def _series(server: InfluxServer, query: str) -> Series:
    """Points that are not null, by the series' tags."""
    found: Series = {}
    for row in server.query(DATABASE, query):
        tags = {key: value for key, value in row.items() if key in ("site", "asset", "model", "gateway", "signal")}
        values = [value for key, value in row.items() if key != "time" and key not in tags]
        points = found.setdefault(tuple(sorted(tags.items())), [])
        points += [float(value) for value in values if value is not None]
    return found


def _template(uid: str, row: str) -> AssetTemplate | None:
    if uid == FLEET_UID:
        return None
    templates = load_pack(SECTORS[uid]).templates.values()
    return next((each for each in templates if row.endswith(f"：{each.name_zh}")), None)


def _site_assets(pack: str) -> set[str]:
    return {asset for template in load_pack(pack).templates.values() for asset in assets_of(template)}


def _expected_tags(uid: str, template: AssetTemplate | None, query: str) -> set[tuple[tuple[str, str], ...]]:
    if 'FROM "gateway"' in query:
        return {(("gateway", gateway),) for gateway in hour.GATEWAYS}
    if template is not None:
        return {(("asset", asset),) for asset in assets_of(template)}
    if query.endswith('"site" fill(none)'):
        return {(("site", site),) for site in hour.SITES.values()}
    packs = pack_names() if uid == FLEET_UID else (SECTORS[uid],)
    models = [(("model", model),) for model in SCALED_MODELS] if '"asset", "model"' in query else [()]
    return {
        (("asset", asset), *model, *((("site", hour.SITES[pack]),) if uid == FLEET_UID else ()))
        for pack in packs
        for asset in _site_assets(pack)
        for model in models
    }


def _bounds(uid: str, template: AssetTemplate | None, query: str, asset: str, seed: Seed) -> tuple[float, float]:
    if "count(" in query:
        return 1, max(seed.samples.values()) / hour.MINUTES
    if 'FROM "telemetry_1m"' in query:
        low, high = hour.FIGURES["last"]
        if "-1 *" in query:
            return -high, -low
        return low, 15 * high if "sum(" in query else high
    if "* 0 + 750" in query:
        return 750.0, 750.0
    if template is None:
        if 'max("score") / max("limit")' in query:
            return 0, hour.FIGURES["score"][1] / hour.FIGURES["limit"][0]
        return hour.FIGURES[_FIELD.findall(query)[0]]
    signal = _SIGNAL.findall(query)[0]
    if template.signal(signal).counter:
        return 5.0, 10.0  # five a minute; over a bad sample the next step is twice that
    return seed.bounds[hour.SITES[SECTORS[uid]], asset, signal]


@pytest.mark.parametrize(("uid", "row", "panel", "target"), list(_cases()))
def test_panel_shows_every_expected_series_within_the_seeded_range(
    server: InfluxServer, seed: Seed, uid: str, row: str, panel: dict[str, Any], target: dict[str, Any]
) -> None:
    template = _template(uid, row)
    query = interpolate(target["query"], _choices(uid), hour.START_MS, hour.END_MS, panel["interval"])

    found = _series(server, query)

    assert set(found) == _expected_tags(uid, template, query)
    for tags, points in found.items():
        low, high = _bounds(uid, template, query, dict(tags).get("asset", ""), seed)
        assert len(points) >= 10, tags
        assert low - 1e-9 * abs(low) <= min(points), tags
        assert max(points) <= high + 1e-9 * abs(high), tags


@pytest.mark.parametrize("uid", PAGES)
def test_variables_offer_what_was_seeded(server: InfluxServer, uid: str) -> None:
    for variable in PAGES[uid]["templating"]["list"]:
        if variable["type"] in ("datasource", "textbox"):
            continue
        query = interpolate(variable["query"]["query"], _choices(uid), hour.START_MS, hour.END_MS)

        values = {row["value"] for row in server.query(DATABASE, query)}

        if variable["name"] == "gateway":
            assert values == set(hour.GATEWAYS)
        elif variable["name"] == "site":
            assert values == {*hour.SITES.values(), "elsewhere"}
        else:
            decoy = {"ventilation/main/fancy1"} if SECTORS[uid] == "coal_mine" else set()
            assert values == _site_assets(SECTORS[uid]) | decoy


@pytest.mark.parametrize("chosen", [["ventilation/main/fan2"], ["ventilation/main/fan1", "ventilation/main/fan2"]])
def test_chosen_assets_narrow_a_panel(server: InfluxServer, chosen: Sequence[str]) -> None:
    page = PAGES["ovoo-coal-mine"]
    target = next(panel for panel in page["panels"] if panel["title"] == "风机振动")["targets"][0]
    choices = {"site": "heishan", "asset": chosen}

    found = _series(server, interpolate(target["query"], choices, hour.START_MS, hour.END_MS))

    assert {dict(tags)["asset"] for tags in found} == set(chosen)


def test_nothing_is_shown_before_the_seeded_hours(server: InfluxServer) -> None:
    for uid, page in PAGES.items():
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                query = interpolate(target["query"], _choices(uid), 1_000_000_000_000, 1_000_003_600_000)
                assert not any(_series(server, query).values())


@pytest.mark.parametrize(
    "rule",
    [rule for group in rule_groups([load_pack(name) for name in pack_names()], "zh") for rule in group["rules"]],
    ids=lambda rule: rule["title"],
)
def test_alert_rules_read_series_without_page_variables(server: InfluxServer, rule: dict[str, Any]) -> None:
    query = interpolate(rule["data"][0]["model"]["query"], {}, hour.START_MS, hour.END_MS)

    found = _series(server, query)

    assert found
    assert all(points for points in found.values())


def test_bad_samples_are_in_the_store_so_that_the_filter_is_proved(server: InfluxServer) -> None:
    rows = server.query(DATABASE, f'SELECT max("value") FROM "{TELEMETRY.name}" WHERE "site" = \'xilin\'')

    assert rows[0]["max"] == hour.ABSURD
