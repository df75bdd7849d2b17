"""Route x role x (own, foreign) tenant, enumerated from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ovoo_cloud.access.roles import PERMISSIONS, Role
from ovoo_cloud.api.schema import OPEN_ROUTES

from tests.cloud.api.plant import FOREIGN, FOREIGN_SITE, OWN, SITE, Plant
from tests.cloud.api.route_calls import call
from tests.cloud.api.routes import ROUTES, TENANT, WITHIN


@pytest.fixture(scope="session")
def schema(plant: Plant) -> dict[str, Any]:
    found: dict[str, Any] = plant.http.get("/api/v1/openapi.json").json()
    return found


def test_every_route_of_the_document_is_in_the_matrix(schema: dict[str, Any]) -> None:
    found = {(method, path) for path, methods in schema["paths"].items() for method in methods}

    assert found == set(ROUTES) | OPEN_ROUTES


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_own_tenant(plant: Plant, schema: dict[str, Any], route: tuple[str, str], role: Role) -> None:
    wanted = ROUTES[route]

    answer = call(plant, route, plant.ids["own"], plant.token(role.value), role)

    if wanted is None or wanted in PERMISSIONS[role]:
        success = min(int(code) for code in schema["paths"][route[1]][route[0]]["responses"])
        assert answer.status_code == success, answer.text
    else:
        assert answer.status_code == 403, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert FOREIGN not in answer.text
    assert "bayan" not in answer.text


TENANT_ROUTES = [
    route for route in ROUTES if any(part in route[1] for part in TENANT) or (route[0] != "get" and "users" in route[1])
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", TENANT_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_foreign_tenant_does_not_exist(plant: Plant, route: tuple[str, str], role: Role) -> None:
    wanted = ROUTES[route]

    answer = call(plant, route, plant.ids["foreign"], plant.token(role.value), role)

    assert answer.status_code == (404 if wanted in PERMISSIONS[role] else 403), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if any(part in route[1] for part in WITHIN)], ids=lambda r: f"{r[0]} {r[1]}"
)
def test_a_foreign_object_below_ones_own_enterprise_does_not_exist(plant: Plant, route: tuple[str, str]) -> None:
    ids = {**plant.ids["foreign"], **plant.ids["foreign_works"], "enterprise": OWN, "site": SITE}

    wanted = ROUTES[route]
    theirs = wanted is not None and wanted not in PERMISSIONS[Role.CENTRE_ADMIN]
    for user in (
        ("enterprise_engineer",) if theirs else ("centre_admin", "head")
    ):  # neither for who may not see it nor for who looks in the wrong place
        answer = call(plant, route, ids, plant.token(user), Role.CENTRE_ADMIN)
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("route", ["/api/v1/enterprises", "/api/v1/gateways"])
def test_foreign_tenants_cannot_be_created_or_taken_over(plant: Plant, route: str) -> None:
    answer = call(plant, ("post", route), plant.ids["foreign"], plant.token("centre_admin"), Role.CENTRE_ADMIN)

    assert answer.status_code == 404


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_without_or_with_a_dead_token_nobody_gets_in(plant: Plant, route: tuple[str, str]) -> None:
    expired = plant.token("centre_admin", 1, issued_ns=plant.clock() - 10 * 10**9)

    for token, words in (("", "signed in"), (expired, "expired"), ("ovoo_0123456789abcdef_wrong", "unknown")):
        answer = call(plant, route, plant.ids["own"], token, Role.CENTRE_ADMIN)
        assert answer.status_code == 401, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert words in answer.json()["detail"]


def test_everybody_may_ask_for_health(client: httpx.Client) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.json()["state"] == "ok"
    assert FOREIGN_SITE not in answer.text
