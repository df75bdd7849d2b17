"""What the API tells of completeness: sums that add up, intervals with causes, set against the store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.api.plant import FAN, FOREIGN, FOREIGN_SITE, OWN, SITE, Plant

PATH = f"/api/v1/enterprises/{OWN}/completeness"
WINDOW = {"start": "2026-06-05T08:00:00+08:00", "end": "2026-06-05T10:00:00+08:00", "site": SITE}
POWER = FAN.split("/", 2)[2] + "/power"


def ask(plant: Plant, status: int = 200, path: str = PATH, **query: str) -> dict[str, Any]:
    token = plant.token("centre_admin")
    answer = plant.http.get(path, params={**WINDOW, **query}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_signal_and_hour_adds_up(plant: Plant) -> None:
    found = ask(plant)

    assert len(found["items"]) == 20 * 2
    for item in found["items"]:
        assert item["expected"] == item["stored"] + item["suppressed"] + item["lost"] + item["absent"]
    assert found["total"]["expected"] == 20 * 2 * 60
    assert found["total"]["lost"] == 30
    assert found["total"]["suppressed"] == 10


def test_a_signal_is_told_with_what_the_store_holds(plant: Plant) -> None:
    found = ask(plant, signal=POWER)

    assert [(item["hour"], item["stored"], item["lost"], item["in_store"]) for item in found["items"]] == [
        ("2026-06-05T00:00:00Z", 60, 0, 60),
        ("2026-06-05T01:00:00Z", 50, 10, 60),
    ]
    assert found["lost"] == [
        {
            "address": f"{OWN}/{SITE}/{POWER}",
            "start": "2026-06-05T01:05:00Z",
            "end": "2026-06-05T01:15:00Z",
            "cause": "spool_full",
            "count": 10,
            "received": True,
        }
    ]


def test_an_asset_is_told_alone(plant: Plant) -> None:
    found = ask(plant, asset=FAN.split("/", 2)[2])

    assert {item["address"].rpartition("/")[0] for item in found["items"]} == {FAN}
    assert {(item["cause"], item["received"]) for item in found["lost"]} == {
        ("spool_full", True),
        ("gateway_stopped", False),
    }


def test_too_much_at_once_is_refused_with_a_remedy(plant: Plant) -> None:
    problem = ask(plant, 422, start="1990-01-01T00:00:00+08:00", end="2100-01-01T00:00:00+08:00")

    assert "shorter range" in str(problem)


@pytest.mark.parametrize(("query", "status"), [({"start": "2026-06-05T08:00:00"}, 422), ({"site": "nowhere"}, 404)])
def test_a_wrong_question_is_a_clear_problem(plant: Plant, query: dict[str, str], status: int) -> None:
    ask(plant, status, **query)


def test_without_bounds_there_is_no_answer(plant: Plant) -> None:
    headers = {"Authorization": f"Bearer {plant.token('centre_admin')}"}

    assert plant.http.get(PATH, params={"site": SITE}, headers=headers).status_code == 422
    assert (
        plant.http.get(PATH.replace(OWN, FOREIGN), params={**WINDOW, "site": FOREIGN_SITE}, headers=headers).status_code
        == 404
    )
