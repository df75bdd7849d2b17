"""Route x role x the state of consent, where a centre needs it; the routes are those of the OpenAPI document."""

from __future__ import annotations

import dataclasses

import pytest
from ovoo_cloud.access.roles import BOUND_ROLES, PERMISSIONS, PURPOSES, Purpose, Role
from ovoo_cloud.catalogue.grant_tables import Grant
from sqlalchemy import select

from tests.cloud.api import case_files
from tests.cloud.api.plant import NOW, OWN, SITE, Plant
from tests.cloud.api.test_matrix import ROUTES, _call

Route = tuple[str, str]
PLANT_DATA = {
    ("get", "/api/v1/enterprises/{enterprise}/assets"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/signals"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue/export"): Purpose.TELEMETRY,
    ("get", f"{case_files.PREFIX}documents"): Purpose.DOCUMENTS,
    ("get", f"{case_files.PREFIX}documents/{{document}}"): Purpose.DOCUMENTS,
}
"""Routes whose purpose is not that of their permission."""
NO_PLANT_DATA = {route for route in ROUTES if route[1].startswith(("/api/v1/frameworks", "/api/v1/region/"))} | {
    ("get", "/api/v1/centre/data-centres")
}
"""Methods and registers of the centre: behind a permission that has a purpose elsewhere, open without consent."""
ELSEWHERE = "second"
SECRETS = ("fan1", "comp1", "meter1", f"{SITE}-2026-001-r1")
"""What only a grant for the site shows."""


def purpose_of(route: Route) -> Purpose | None:
    if route in NO_PLANT_DATA:
        return None
    wanted = ROUTES[route]
    return PLANT_DATA.get(route) or (None if wanted is None else PURPOSES.get(wanted))


BOUND_ROUTES = [route for route in ROUTES if purpose_of(route) is not None]


@dataclasses.dataclass(frozen=True)
class Consent:
    """How all grants of the own enterprise stand when a route is called."""

    until_ns: int = NOW + 10**18
    withdrawn_ns: int | None = None
    sites: tuple[str, ...] = (SITE, "works")
    purposes: tuple[Purpose, ...] = tuple(Purpose)

    def put(self, plant: Plant) -> None:
        with plant.services.database.write() as session:
            for row in session.scalars(select(Grant).where(Grant.enterprise == OWN)):
                row.until_ns, row.withdrawn_ns = self.until_ns, self.withdrawn_ns
                row.sites, row.purposes = list(self.sites), [each.value for each in self.purposes]


LIVE = Consent()
ENDED = {"expired": Consent(until_ns=NOW), "withdrawn": Consent(withdrawn_ns=NOW)}


def called(plant: Plant, route: Route, role: Role, consent: Consent, monkeypatch: pytest.MonkeyPatch) -> int | str:
    """Calls with the consent as it stands at that moment, not as it stood when a case was made for the call."""
    made = case_files.case_in

    def then_ended(*arguments: object, **rest: object) -> dict[str, str]:
        found = made(*arguments, **rest)  # type: ignore[arg-type]
        consent.put(plant)
        return found

    LIVE.put(plant)
    monkeypatch.setattr(case_files, "case_in", then_ended)
    if route[0] == "get" or not case_files.is_workflow(route[1]):
        consent.put(plant)
    answer = _call(plant, route, plant.ids["own"], plant.token(role.value), role)
    plant.ids["answer"] = {"text": answer.text}
    return answer.status_code


@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_without_live_consent_plant_data_is_as_absent_as_a_foreign_tenants(
    bound: Plant, route: Route, role: Role, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ROUTES[route]

    status = called(bound, route, role, ENDED[ended], monkeypatch)

    if wanted is not None and wanted not in PERMISSIONS[role]:
        assert status == 403
    elif role in BOUND_ROLES and purpose_of(route) is not None:
        assert status == 404, bound.ids["answer"]
    elif route[1] in case_files.NEED_CONSENT and route[0] != "get":
        assert status in (409, 201), bound.ids["answer"]
    else:
        assert isinstance(status, int)
        assert status < 500
        assert status not in (401, 403, 404), bound.ids["answer"]


@pytest.mark.parametrize("role", sorted(BOUND_ROLES))
@pytest.mark.parametrize("route", BOUND_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_live_consent_opens_what_the_role_may(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ROUTES[route]

    status = called(bound, route, role, LIVE, monkeypatch)

    assert wanted is not None
    if wanted in PERMISSIONS[role]:
        assert isinstance(status, int)
        assert status < 500
        assert status not in (401, 403, 404), bound.ids["answer"]
    else:
        assert status == 403


@pytest.mark.parametrize("role", sorted(BOUND_ROLES))
@pytest.mark.parametrize("route", BOUND_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_consent_for_another_site_shows_nothing_of_this_one(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ROUTES[route]

    status = called(bound, route, role, Consent(sites=(ELSEWHERE,)), monkeypatch)

    assert wanted is not None
    if wanted not in PERMISSIONS[role]:
        assert status == 403
    elif status != 404:
        assert status in (200, 201, 202, 409), bound.ids["answer"]
        assert "{site}" not in route[1], bound.ids["answer"]
        assert "{case}" not in route[1] or status == 409
        assert not any(secret in bound.ids["answer"]["text"] for secret in SECRETS), bound.ids["answer"]


@pytest.mark.parametrize("role", sorted(BOUND_ROLES))
@pytest.mark.parametrize("route", BOUND_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_consent_to_another_purpose_opens_nothing(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, purpose = ROUTES[route], purpose_of(route)
    others = tuple(each for each in Purpose if each is not purpose)

    status = called(bound, route, role, Consent(purposes=others), monkeypatch)

    assert wanted is not None
    assert status == (404 if wanted in PERMISSIONS[role] else 403), bound.ids["answer"]
