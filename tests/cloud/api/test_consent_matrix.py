"""Route x role x the state of consent, where a centre needs it; the routes are those of the OpenAPI document."""

from __future__ import annotations

import pytest
from ovoo_cloud.access.roles import BOUND_ROLES, PERMISSIONS, Purpose, Role
from ovoo_cloud.api.app import ROUTERS
from ovoo_cloud.catalogue.access_tables import AccessLine
from sqlalchemy import select

from tests.cloud.api import case_files
from tests.cloud.api.consents import (
    BOUND_ROUTES,
    CLOSED_BY_STANDING,
    ELSEWHERE,
    ENDED,
    LIVE,
    SECRETS,
    Consent,
    called,
    purpose_of,
)
from tests.cloud.api.plant import FOREIGN, NOW, OWN, SITE, Plant
from tests.cloud.api.route_calls import call
from tests.cloud.api.routes import ROUTES, TENANT, WITHIN, Route

OPERATIONS = {
    (method.lower(), route.path): route.unique_id  # type: ignore[attr-defined]  # they are API routes, all of them
    for router in ROUTERS
    for route in router.routes
    for method in route.methods  # type: ignore[attr-defined]
}


def named(route: Route | Role) -> str:
    return route.value if isinstance(route, Role) else f"{route[0]} {route[1]}"


# who lacks the permission is refused whatever the consent: the first test shows that for every role
ALLOWED = [
    (route, role) for route in BOUND_ROUTES for role in sorted(BOUND_ROLES) if ROUTES[route] in PERMISSIONS[role]
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_without_live_consent_plant_data_is_as_absent_as_a_foreign_tenants(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ROUTES[route]

    answer = called(bound, route, role, ENDED["withdrawn"], monkeypatch)

    if wanted is not None and wanted not in PERMISSIONS[role]:
        assert answer.status_code == 403
    elif role in BOUND_ROLES and purpose_of(route) is not None:
        assert answer.status_code == 404, answer.text
    elif route in CLOSED_BY_STANDING and role in BOUND_ROLES:
        assert answer.status_code == 403, answer.text
    elif route[1] in case_files.NEED_CONSENT and route[0] != "get":
        assert answer.status_code in (409, 201), answer.text
    else:
        assert answer.status_code < 500
        assert answer.status_code not in (401, 403, 404), answer.text
    if role in BOUND_ROLES and answer.status_code < 400:  # a refusal repeats the address that was asked for
        assert not any(secret in answer.text for secret in SECRETS), answer.text


@pytest.mark.parametrize("ended", ["expired", "not yet begun"])
@pytest.mark.parametrize(("route", "role"), ALLOWED, ids=named)
def test_consent_that_is_over_or_has_not_begun_is_none(
    bound: Plant, route: Route, role: Role, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = called(bound, route, role, ENDED[ended], monkeypatch)

    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(("route", "role"), ALLOWED, ids=named)
def test_live_consent_opens_what_the_role_may_and_the_read_is_noted(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = called(bound, route, role, LIVE, monkeypatch)

    assert answer.status_code < 500
    assert answer.status_code not in (401, 403, 404), answer.text
    if answer.status_code < 400:
        with bound.services.database.read() as session:
            query = select(AccessLine).where(AccessLine.user == role, AccessLine.operation == OPERATIONS[route])
            lines = session.scalars(query).all()
        assert {line.enterprise for line in lines} == {OWN}
        assert all(line.reads > 0 and line.grant and line.role == role for line in lines)


READ_BY_HEAD = [route for route in BOUND_ROUTES if ROUTES[route] in PERMISSIONS[Role.CENTRE_ADMIN]]


@pytest.mark.parametrize("route", READ_BY_HEAD, ids=named)
def test_what_is_read_of_one_enterprise_is_no_news_in_the_record_of_another(bound: Plant, route: Route) -> None:
    LIVE.put(bound)
    Consent(sites=()).put(bound, FOREIGN)

    answer = call(bound, route, bound.ids["own"], bound.token("head"), Role.CENTRE_ADMIN)

    assert answer.status_code not in (401, 403, 404), answer.text
    with bound.services.database.read() as session:
        query = select(AccessLine).where(AccessLine.user == "head", AccessLine.operation == OPERATIONS[route])
        theirs = [line for line in session.scalars(query) if line.enterprise != OWN]
    assert not theirs or not any(part in route[1] for part in TENANT)
    assert all(line.site == line.subject == "" for line in theirs)


@pytest.mark.parametrize(("route", "role"), ALLOWED, ids=named)
def test_consent_for_another_site_shows_nothing_of_this_one(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = called(bound, route, role, Consent(sites=(ELSEWHERE,)), monkeypatch)

    if answer.status_code != 404:
        assert answer.status_code in (200, 201, 202, 409), answer.text
        assert "{site}" not in route[1], answer.text
        assert "{case}" not in route[1] or answer.status_code == 409
        assert not any(secret in answer.text for secret in SECRETS), answer.text


@pytest.mark.parametrize(("route", "role"), ALLOWED, ids=named)
def test_consent_to_another_purpose_opens_nothing(
    bound: Plant, route: Route, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    purpose = purpose_of(route)
    others = tuple(each for each in Purpose if each is not purpose)

    answer = called(bound, route, role, Consent(purposes=others), monkeypatch)

    assert answer.status_code == 404, answer.text


TENANT_ROUTES = [route for route in ROUTES if any(part in route[1] for part in TENANT)]


@pytest.mark.parametrize("role", [*sorted(BOUND_ROLES), Role.ENTERPRISE_ENGINEER])
@pytest.mark.parametrize("route", TENANT_ROUTES, ids=named)
def test_a_foreign_tenant_does_not_exist_whatever_its_consent(bound: Plant, route: Route, role: Role) -> None:
    wanted = ROUTES[route]
    LIVE.put(bound)
    Consent(sites=()).put(bound, FOREIGN)

    answer = call(bound, route, bound.ids["foreign"], bound.token(role.value), role)

    assert answer.status_code == (404 if wanted in PERMISSIONS[role] else 403), answer.text


@pytest.mark.parametrize("route", [route for route in BOUND_ROUTES if "{enterprise}" in route[1]], ids=named)
def test_who_sees_every_enterprise_reads_none_that_has_not_consented(bound: Plant, route: Route) -> None:
    LIVE.put(bound)
    Consent(until_ns=NOW).put(bound, FOREIGN)

    answer = call(bound, route, bound.ids["foreign"], bound.token("head"), Role.CENTRE_ADMIN)

    wanted = ROUTES[route]
    assert answer.status_code == (404 if wanted in PERMISSIONS[Role.CENTRE_ADMIN] else 403), answer.text


@pytest.mark.parametrize("route", [each for each in ROUTES if any(part in each[1] for part in WITHIN)], ids=named)
def test_a_foreign_object_below_an_enterprise_that_consented_does_not_exist(bound: Plant, route: Route) -> None:
    LIVE.put(bound)
    Consent(sites=()).put(bound, FOREIGN)
    ids = {**bound.ids["foreign"], **bound.ids["foreign_works"], "enterprise": OWN, "site": SITE}
    wanted = ROUTES[route]
    theirs = wanted is not None and wanted not in PERMISSIONS[Role.CENTRE_ADMIN]

    # a case that is put whole is refused here whatever its id: that tells nothing of it
    refused = 409 if route == ("put", "/api/v1/enterprises/{enterprise}/cases/{case}") else 404
    for user in ("enterprise_engineer",) if theirs else ("centre_admin", "head"):
        answer = call(bound, route, ids, bound.token(user), Role.CENTRE_ADMIN)
        assert answer.status_code == refused, answer.text


def test_a_record_of_access_stays_after_the_consent_and_no_longer_names_the_things_of_the_plant(bound: Plant) -> None:
    signal = f"{SITE}/ventilation/main/fan1/power"
    window = {"start": "2026-06-05T08:00:00+08:00", "end": "2026-06-05T10:00:00+08:00", "signal": signal, "points": "5"}
    log = f"/api/v1/enterprises/{OWN}/access-log"
    LIVE.put(bound)

    def told(role: Role) -> list[str]:
        headers = {"Authorization": f"Bearer {bound.token(role.value)}"}
        items = bound.http.get(log, params={"limit": 1000}, headers=headers).json()["items"]
        return [each["subject"] for each in items if each["operation"] == operation]

    operation = OPERATIONS["get", "/api/v1/enterprises/{enterprise}/history"]
    headers = {"Authorization": f"Bearer {bound.token('centre_expert')}"}
    read = bound.http.get(f"/api/v1/enterprises/{OWN}/history", params=window, headers=headers)
    assert read.status_code == 200, read.text
    assert any("fan1" in each for each in told(Role.CENTRE_ADMIN))

    ENDED["withdrawn"].put(bound)
    assert set(told(Role.CENTRE_ADMIN)) == {""}
    assert any("fan1" in each for each in told(Role.ENTERPRISE_ENGINEER))
    headers = {"Authorization": f"Bearer {bound.token('centre_admin')}"}
    for path in ("/api/v1/audit", "/api/v1/egress"):
        items = bound.http.get(path, params={"limit": 1000}, headers=headers).json()["items"]
        assert items
        assert not any(secret in each["subject"] for each in items for secret in SECRETS)
