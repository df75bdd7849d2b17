from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import openpyxl
import pytest
from ovoo_contract.address import Address

from tests.cloud.api.plant import DAY, DAY_KWH, FAN, IDLE_MINUTES, MINUTE, NOW, OWN, SITE, SPAN_MINUTES, Plant

BASE = f"/api/v1/enterprises/{OWN}"
POWER = FAN.removeprefix(f"{OWN}/") + "/power"
HOUR = {"start": "2026-06-05T09:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}
DAY_LONG = {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("history", {"signal": POWER, "points": 10}),
        ("export", {"signal": POWER}),
        ("counts", {"site": SITE}),
        ("findings", {}),
        (f"sites/{SITE}/energy", {}),
    ],
)
@pytest.mark.parametrize("missing", ["start", "end"])
def test_a_range_without_a_bound_is_refused(
    admin: httpx.Client, route: str, query: dict[str, Any], missing: str
) -> None:
    bounds = {key: text for key, text in HOUR.items() if key != missing}

    answer = admin.get(f"{BASE}/{route}", params={**query, **bounds})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:ovoo:error:unbounded-query"
    assert answer.json()["offender"] == missing
    assert answer.json()["remedy"]


@pytest.mark.parametrize("text", ["yesterday", "2026-06-05T09:00:00", "2026-06-05"])
def test_a_time_without_its_zone_is_refused(admin: httpx.Client, text: str) -> None:
    answer = admin.get(f"{BASE}/history", params={**HOUR, "start": text, "signal": POWER, "points": 10})

    assert answer.status_code == 422
    assert answer.json()["offender"] == "start"


def test_a_range_that_runs_backwards_is_refused(admin: httpx.Client) -> None:
    swapped = {"start": HOUR["end"], "end": HOUR["start"]}

    answer = admin.get(f"{BASE}/history", params={**swapped, "signal": POWER, "points": 10})

    assert answer.status_code == 422


def test_history_needs_a_budget_and_keeps_to_the_installations_limit(admin: httpx.Client, plant: Plant) -> None:
    without = admin.get(f"{BASE}/history", params={**HOUR, "signal": POWER})
    too_many = plant.services.settings.max_points + 1
    above = admin.get(f"{BASE}/history", params={**HOUR, "signal": POWER, "points": too_many})

    assert without.status_code == 422
    assert above.json()["type"] == "urn:ovoo:error:budget-exceeded"
    assert str(plant.services.settings.max_points) in above.json()["remedy"]


def test_energy_over_more_than_a_month_is_refused(admin: httpx.Client) -> None:
    answer = admin.get(
        f"{BASE}/sites/{SITE}/energy", params={"start": "2026-01-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}
    )

    assert answer.json()["type"] == "urn:ovoo:error:budget-exceeded"


def test_windows_and_raw_pages_tell_the_same_samples(admin: httpx.Client) -> None:
    windows = admin.get(f"{BASE}/history", params={**DAY_LONG, "signal": POWER, "points": 24}).json()
    times: list[int] = []
    after = None
    while True:
        query: dict[str, Any] = {**DAY_LONG, "signal": POWER, "points": 500, "mode": "raw"}
        page = admin.get(f"{BASE}/history", params=query if after is None else {**query, "after": after}).json()
        times += page["time_ns"]
        after = page["next_after"]
        if after is None:
            break

    assert sum(windows["count"]) == len(times) == 1440
    assert times == [NOW - DAY + n * MINUTE for n in range(1440)]
    assert set(windows["mean"]) == {400.0}


def test_latest_says_when_a_signal_is_stale(admin: httpx.Client, plant: Plant) -> None:
    fresh = admin.get(f"{BASE}/latest", params={"site": SITE}).json()["items"]
    plant.clock.now_ns = NOW + 600 * 10**9
    try:
        later = admin.get(f"{BASE}/latest", params={"site": SITE}).json()["items"]
    finally:
        plant.clock.now_ns = NOW

    assert len(fresh) == len(plant.catalogue)
    assert {item["stale"] for item in fresh} == {False}
    assert {item["stale"] for item in later} == {True}
    assert {item["age_s"] for item in later} == {600.0}


def _stored(plant: Plant) -> list[tuple[int, float, int]]:
    found = plant.services.store.raw(Address.parse(f"{OWN}/{POWER}"), NOW - DAY, NOW, 10_000)
    return list(zip(found.time_ns.tolist(), found.value.tolist(), found.quality.tolist(), strict=True))


def test_csv_export_equals_the_store(admin: httpx.Client, plant: Plant) -> None:
    with admin.stream("GET", f"{BASE}/export", params={**DAY_LONG, "signal": POWER}) as answer:
        chunked = answer.headers.get("transfer-encoding")
        text = answer.read().decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))

    assert chunked == "chunked"
    assert [(float(row["value"]), int(row["quality"])) for row in rows] == [row[1:] for row in _stored(plant)]
    assert rows[0] == {
        "time": "2026-06-04T02:00:00Z",
        "signal": f"{OWN}/{POWER}",
        "value": "400.0",
        "unit": "kW",
        "quality": "0",
        "text": "",
    }


def test_xlsx_export_equals_the_store(admin: httpx.Client, plant: Plant) -> None:
    answer = admin.get(f"{BASE}/export", params={**DAY_LONG, "signal": POWER, "format": "xlsx"})

    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True).active
    assert sheet is not None
    rows = list(sheet.iter_rows(min_row=2, values_only=True))

    assert [(row[2], row[4]) for row in rows] == [(value, quality) for _, value, quality in _stored(plant)]


def test_an_unknown_signal_is_absent(admin: httpx.Client) -> None:
    answer = admin.get(f"{BASE}/export", params={**HOUR, "signal": [POWER, "heishan/a/b/c/d"]})

    assert answer.status_code == 404


def test_counts_add_up_to_what_was_sent(admin: httpx.Client, plant: Plant) -> None:
    bounds = {"start": "2026-06-04T08:00:00+08:00", "end": "2026-06-05T10:01:00+08:00"}

    found = admin.get(f"{BASE}/counts", params={**bounds, "site": SITE, "step_s": 86_400}).json()

    telemetry = [entry for entry in plant.catalogue.entries if entry.measurement == "telemetry"]
    assert sum(map(sum, found["count"])) == len(telemetry) * (SPAN_MINUTES + 1)
    assert found["count"] == found["good"]


def test_energy_is_what_the_plant_drew(admin: httpx.Client) -> None:
    items = admin.get(f"{BASE}/sites/{SITE}/energy", params=DAY_LONG).json()["items"]

    by_asset = {item["asset"].rsplit("/", 1)[-1]: item for item in items}
    assert by_asset[""]["energy_kwh"] == pytest.approx(DAY_KWH, abs=0.01)
    assert by_asset["fan1"]["energy_kwh"] == pytest.approx(9600.0, abs=0.01)
    assert by_asset["comp1"]["idle_minutes"] == IDLE_MINUTES
    assert by_asset[""]["cost_yuan"] is None


def test_too_little_data_gives_no_energy(admin: httpx.Client) -> None:
    bounds = {"start": "2026-06-01T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}

    site = admin.get(f"{BASE}/sites/{SITE}/energy", params=bounds).json()["items"][0]

    assert site["energy_kwh"] is None
    assert site["measured_kwh"] > DAY_KWH


def test_a_tariff_with_a_price_needs_its_document(admin: httpx.Client) -> None:
    from ovoo_packs import load_tariffs

    name = next(iter(load_tariffs().rows))
    path = f"{BASE}/sites/{SITE}/tariff"

    refused = admin.put(path, json={"tariff": name, "flat_price_yuan": 0.45})
    unknown = admin.put(path, json={"tariff": "moon"})
    chosen = admin.put(path, json={"tariff": name, "flat_price_yuan": 0.45, "source": "合同 2026-1"})
    summary = admin.get(f"{BASE}/sites/{SITE}/energy", params=DAY_LONG).json()["items"][0]
    admin.put(path, json={"tariff": ""})

    assert refused.status_code == unknown.status_code == 422
    assert chosen.json()["source"] == "合同 2026-1"
    assert summary["cost_yuan"] > 0
    assert sum(summary["bands_kwh"].values()) == pytest.approx(DAY_KWH, abs=0.01)
    assert admin.get(path).json()["tariff"] == ""


@pytest.mark.parametrize("route", ["assets", "signals", "cases", "jobs", "reports"])
def test_lists_are_paged(admin: httpx.Client, route: str) -> None:
    whole = admin.get(f"{BASE}/{route}", params={"limit": 1000}).json()
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = admin.get(f"{BASE}/{route}", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break

    assert items == whole["items"]
    assert whole["next"] is None
    assert admin.get(f"{BASE}/{route}", params={"cursor": "nonsense"}).status_code == 422


def test_metrics_count_what_was_delivered(admin: httpx.Client, plant: Plant) -> None:
    text = admin.get("/metrics").text

    assert f'ovoo_ingest_stored_total{{gateway="heishan-gw1"}} {float(plant.sent)}' in text
    assert 'ovoo_gateway_last_seen_seconds{gateway="heishan-gw1"}' in text
    assert 'ovoo_http_request_seconds_count{method="GET",route="/metrics"' in admin.get("/metrics").text
