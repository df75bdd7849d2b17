"""What the API tells of hours of sums and of the baseline fitted again from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from ovoo_cloud.api.times import to_iso

from tests.cloud.api.plant import COMPRESSOR, HOUR, NOW, OWN, SITE, Plant
from tests.cloud.energy.machine_hours import minutes

PATH = f"/api/v1/enterprises/{OWN}/sites/{SITE}/energy/sums"
ASSET = COMPRESSOR.split("/", 2)[2]
WINDOW: dict[str, Any] = {"start": to_iso(NOW - 2 * HOUR), "end": to_iso(NOW), "asset": ASSET}
ROWS = [row for row in minutes(NOW - 2 * HOUR, 2) if row.regime == 2]


def ask(plant: Plant, path: str = "", status: int = 200, user: str = "enterprise_viewer", **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {plant.token(user)}"}
    answer = plant.http.get(PATH + path, params=query, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_machines_and_hours_are_listed_by_pages(plant: Plant) -> None:
    assert ask(plant) == {
        "items": [{"asset": COMPRESSOR, "first": to_iso(NOW - 2 * HOUR), "last": to_iso(NOW - HOUR), "hours": 2}],
        "next": None,
    }
    first = ask(plant, "/hours", **WINDOW, limit=1)
    second = ask(plant, "/hours", **WINDOW, limit=1, cursor=first["next"])

    assert [page["items"][0]["hour"] for page in (first, second)] == [to_iso(NOW - 2 * HOUR), to_iso(NOW - HOUR)]
    assert (first["items"][0]["minutes"], first["items"][0]["rows"], first["items"][0]["version"]) == (60, 60, 1)
    assert second["next"] is None


def test_a_refit_tells_coefficients_with_their_doubt_and_what_it_rests_on(plant: Plant) -> None:
    found = ask(plant, "/refit", **WINDOW, variables="flow")

    assert (found["hours"], found["minutes"], found["rows"], found["coverage"]) == (2, 120, 120, 1.0)
    assert found["variables"] == [{"name": "flow", "unit": "m3/min"}, {"name": "pressure", "unit": "MPa"}]
    load = next(each for each in found["regimes"] if each["regime"] == "load")
    slope, intercept = np.polyfit([row.flow for row in ROWS], [row.power_kw for row in ROWS], 1)
    assert load["fit"]["coefficients"]["flow"] == pytest.approx(slope, rel=1e-9)
    assert load["fit"]["intercept_kw"] == pytest.approx(intercept, rel=1e-9)
    rest = [row.power_kw - intercept - slope * row.flow for row in ROWS]
    mean = math.fsum(row.flow for row in ROWS) / len(ROWS)
    spread = math.sqrt(math.fsum(x * x for x in rest) / (len(ROWS) - 2))
    error = spread / math.sqrt(math.fsum((row.flow - mean) ** 2 for row in ROWS))
    assert load["fit"]["standard_errors"]["flow"] == pytest.approx(error, rel=1e-9)
    idle = next(each for each in found["regimes"] if each["regime"] == "idle")
    assert idle["fit"] is None
    assert "flow" in idle["reason"]


def test_a_window_is_held_against_the_fit_of_another(plant: Plant) -> None:
    both = {**WINDOW, "end": to_iso(NOW - HOUR), "against_start": to_iso(NOW - HOUR), "against_end": to_iso(NOW)}

    found = ask(plant, "/refit", **both)

    load = next(each for each in found["against"] if each["regime"] == "load")
    drawn = math.fsum(row.power_kw for row in ROWS if row.at_ns >= NOW - HOUR) / 60.0
    assert load["energy_kwh"] == pytest.approx(drawn, rel=1e-9)
    assert load["saved_kwh"] == pytest.approx(0.0, abs=0.01 * drawn)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/refit", {**WINDOW, "start": to_iso(NOW - 2 * HOUR + 60 * 10**9)}, 422),
        ("/refit", {**WINDOW, "variables": "humidity"}, 422),
        ("/refit", {**WINDOW, "start": to_iso(NOW - 20 * HOUR), "end": to_iso(NOW - 19 * HOUR)}, 422),
        ("/refit", {**WINDOW, "asset": "utilities/air/comp9"}, 404),
        ("/refit", {**WINDOW, "against_start": to_iso(NOW - HOUR)}, 422),
        ("/refit", {"asset": ASSET}, 422),
        ("/hours", {**WINDOW, "end": WINDOW["start"]}, 422),
        ("/hours", {**WINDOW, "cursor": "nothing"}, 422),
    ],
)
def test_what_cannot_be_answered_says_why(plant: Plant, path: str, query: dict[str, str], status: int) -> None:
    told = ask(plant, path, status, **query)

    assert told["detail"]


def test_who_sees_no_energy_sees_no_sums(plant: Plant) -> None:
    for path in ("", "/hours", "/refit"):
        told = ask(plant, path, 403, "fleet_operator", **WINDOW)

        assert told["type"] == "urn:ovoo:error:forbidden"
        assert "read_energy" in str(told)
