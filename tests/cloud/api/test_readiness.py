"""The routes of data readiness: before the first report, an order, and what the newest one answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.jobs.worker import Worker

from tests.cloud.api.plant import NOW, OWN, SITE, Plant, installation, served
from tests.cloud.api.plant_records import ensure_report_key

BASE = f"/api/v1/enterprises/{OWN}/sites/{SITE}"
WINDOW = {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant of its own: its worker runs."""
    with installation(tmp_path_factory.mktemp("readiness")) as built, served(built) as running:
        ensure_report_key(built)
        yield running


def test_from_nothing_over_an_order_to_points_of_every_signal(scored: Plant) -> None:
    http, bearer = scored.http, {"Authorization": f"Bearer {scored.token(Role.CENTRE_EXPERT.value)}"}
    before = http.get(f"{BASE}/readiness", headers=bearer)
    none = http.get(f"{BASE}/readiness/signals", headers=bearer)
    assert (before.status_code, before.json()["report"], before.json()["score"]) == (200, None, None)
    assert none.json()["items"] == []

    ordered = http.post(f"{BASE}/readiness-reports", json=WINDOW, headers={**bearer, "Idempotency-Key": "r1"})
    again = http.post(f"{BASE}/readiness-reports", json=WINDOW, headers={**bearer, "Idempotency-Key": "r1"})
    assert (ordered.status_code, ordered.json()["kind"]) == (202, "readiness_report")
    assert again.json()["id"] == ordered.json()["id"]
    worker = Worker(scored.services)
    while worker.run_next():
        pass
    job = http.get(ordered.headers["Location"], headers=bearer).json()
    assert job["state"] == "done", job["error"]

    found = http.get(f"{BASE}/readiness", headers=bearer).json()
    assert found["report"] == job["report"]
    assert found["parts"]["coverage"]["value"] == "100.0"
    assert {row["asset"].rpartition("/")[2] for row in found["machines"]} == {"fan1", "comp1", "meter1"}
    assert all(row["gain"]["unit"] == "points" for row in found["todo"])
    page = http.get(
        f"{BASE}/readiness/signals", params={"asset": "ventilation/main/fan1", "limit": 3}, headers=bearer
    ).json()
    assert len(page["items"]) == 3
    rest = http.get(
        f"{BASE}/readiness/signals", params={"asset": "ventilation/main/fan1", "cursor": page["next"]}, headers=bearer
    ).json()
    assert [row["signal"].rpartition("/")[2] for row in page["items"] + rest["items"]] == [
        "bearing_temp", "current", "flow", "power", "running", "speed", "static_pressure", "vibration",
    ]  # fmt: skip
    assert page["items"][0]["score"]["value"] is not None
    assert (
        http.get(f"/api/v1/enterprises/{OWN}/reports/{job['report']}/files/report.pdf", headers=bearer).content[:4]
        == b"%PDF"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"start": "yesterday"}, "not a time"),
        ({"start": "2026-06-05T10:00:00"}, "needs its zone"),
        ({"start": WINDOW["end"], "end": WINDOW["start"]}, "no window"),
        ({"languages": ["fr"]}, "languages"),
        ({"number": "x" * 41}, "number"),
    ],
)
def test_a_wrong_order_is_refused_by_name(scored: Plant, body: dict[str, object], words: str) -> None:
    bearer = {"Authorization": f"Bearer {scored.token(Role.CENTRE_EXPERT.value)}"}

    answer = scored.http.post(f"{BASE}/readiness-reports", json=body, headers=bearer)

    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.text


def test_a_window_in_the_future_is_no_window(scored: Plant) -> None:
    bearer = {"Authorization": f"Bearer {scored.token(Role.CENTRE_EXPERT.value)}"}
    body = {"start": "2036-01-01T00:00:00Z", "end": "2036-01-02T00:00:00Z"}

    assert scored.http.post(f"{BASE}/readiness-reports", json=body, headers=bearer).status_code == 422
    assert scored.clock() == NOW
