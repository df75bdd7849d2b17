"""The OpenAPI document: fresh in docs, and true under fire."""

from __future__ import annotations

import itertools
import json
import pathlib
from typing import Any

import httpx
import hypothesis
import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.api.app import create_app
from ovoo_cloud.api.schema import OPEN_ROUTES, dump

from tests.cloud.api.barrage import Barrage
from tests.cloud.api.near_misses import operations, shot_of
from tests.cloud.api.plant import Plant

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs/reference/openapi.json"
SLOW_BY_INTENT = ("/api/v1/sessions", "/api/v1/me/password")
"""Not fired at: wrong passwords shut the account for a while; test_security covers them."""


def test_the_committed_document_is_fresh(plant: Plant) -> None:
    assert PAGE.read_text(encoding="utf-8") == dump(create_app(plant.services)), (
        "run: .venv/bin/python -m ovoo_cloud.api.schema docs/reference/openapi.json"
    )


def test_every_route_names_its_problems_and_its_credentials() -> None:
    document: dict[str, Any] = json.loads(PAGE.read_text(encoding="utf-8"))

    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert {"401", "403", "404", "422", "503"} <= set(operation["responses"])
            assert "security" in operation or path in {open_path for _, open_path in OPEN_ROUTES}


@pytest.mark.timeout(600)  # two installations may be built in it, on a machine that does other things
def test_no_request_that_fits_the_document_breaks_the_server(plant: Plant, bound: Plant) -> None:
    barrages = [Barrage(each) for each in (plant, bound)]
    turns = itertools.cycle([(each, role) for each in barrages for role in Role])

    for operation in operations(json.loads(PAGE.read_text(encoding="utf-8"))):
        if operation.path in SLOW_BY_INTENT:
            continue

        @hypothesis.settings(
            max_examples=12,  # one for every role under each setting of consent; `make fuzz` goes deeper
            deadline=None,
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def fire(case: Any) -> None:
            barrage, role = next(turns)
            barrage.fire(shot_of(case), role)

        fire()

    assert [fault for each in barrages for fault in each.faults.values()] == []
    assert all(each.tally.reached for each in barrages)


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "1e3", "NaN"])
@pytest.mark.parametrize("name", ["points", "after", "limit", "cursor", "step_s"])
def test_hostile_numbers_are_refused_or_answered(admin: httpx.Client, name: str, number: str) -> None:
    window = {"start": "2026-06-05T09:00:00Z", "end": "2026-06-05T10:00:00Z"}
    base = "/api/v1/enterprises/heishan-coal"
    for route, query in (
        ("history", {"signal": "heishan/ventilation/main/fan1/power", "points": "5", "mode": "raw"}),
        ("counts", {"site": "heishan"}),
        ("alarms", {}),
        ("findings", {}),
    ):
        answer = admin.get(f"{base}/{route}", params={**window, **query, name: number})
        assert answer.status_code < 500, answer.text
