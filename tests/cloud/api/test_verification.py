"""The open question whether a report was issued here."""

from __future__ import annotations

import httpx
import pytest

from tests.cloud.api.plant import OWN, Plant

ROUTE = "/api/v1/verification"
COVER: dict[str, str | int] = {"number": "heishan-2026-001", "revision": 1, "code": "0" * 64}


def test_anybody_may_ask_and_learns_nothing_of_the_enterprise(client: httpx.Client, plant: Plant) -> None:
    answer = client.get(ROUTE, params=COVER)

    assert answer.status_code == 200
    told = answer.json()
    assert (told["number"], told["revision"], told["newest_revision"], told["current"]) == (
        "heishan-2026-001",
        1,
        1,
        True,
    )
    assert told["snapshot_sha256"] == "0" * 64
    assert OWN not in answer.text
    assert "黑山" not in answer.text


@pytest.mark.parametrize("change", [{"number": "heishan-2026-002"}, {"revision": 2}, {"code": "1" * 64}])
def test_what_does_not_fit_is_refused_without_saying_which(client: httpx.Client, change: dict[str, str | int]) -> None:
    answer = client.get(ROUTE, params={**COVER, **change})

    assert answer.status_code == 404
    told = answer.json()
    assert told["offender"] == "report"
    assert "cover" in told["remedy"]


@pytest.mark.parametrize(
    "change", [{"code": "xyz"}, {"code": "0" * 63}, {"revision": 0}, {"number": ""}, {"number": "9" * 64}]
)
def test_unreadable_facts_are_refused_as_such(client: httpx.Client, change: dict[str, str | int]) -> None:
    assert client.get(ROUTE, params={**COVER, **change}).status_code == 422
