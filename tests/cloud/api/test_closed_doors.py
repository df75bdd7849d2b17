"""Ways around a route: pages of the console, other methods, and paths that are written another way."""

from __future__ import annotations

import socket

import httpx
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from ovoo_cloud.access.roles import BOUND_ROLES, Role
from ovoo_cloud.api.access import SESSION_COOKIE
from ovoo_cloud.api.app import ROUTERS
from ovoo_cloud.api.route_names import LANGUAGES, catalogue
from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.console.site import ROUTERS as PAGE_ROUTERS
from ovoo_cloud.jobs.work import KINDS
from sqlalchemy import select

from tests.cloud.api.consents import CLOSED, LIVE, SECRETS, Consent
from tests.cloud.api.plant import FAN, FOREIGN, NOW, OWN, SITE, Plant
from tests.cloud.api.route_bodies import WINDOW
from tests.cloud.api.routes import ROUTES

PAGES = [
    route
    for router in PAGE_ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
]
FIGURES = (*SECRETS, "黑山煤业有限公司")
"""What tells of the plant; its name and the name of its site do not."""


def address(plant: Plant, route: APIRoute) -> str:
    """The page's address with the own enterprise's things in it."""
    _, site, area, line, asset = FAN.split("/")
    ids = {**plant.ids["own_works"], **plant.ids["own"]}
    ids |= {"area": area, "line": line, "asset": asset, "signal": "power", "site": site, "kind": "idle_switch_off"}
    ids |= {"framework": "sme_2022", "version": "2022.1", "part": "energy", "register": "provider", "step": "accept"}
    path = route.path
    if path.startswith("/cases/"):
        ids["case"] = plant.ids["own_file"]["case"]
    for name in route.param_convertors:
        path = path.replace("{" + name + "}", ids.get(name, "x"))
    return path


def named(route: APIRoute) -> str:
    return route.path


@pytest.mark.parametrize("state", CLOSED)
@pytest.mark.parametrize("route", PAGES, ids=named)
def test_no_page_shows_a_plant_that_has_not_consented(bound: Plant, route: APIRoute, state: str) -> None:
    CLOSED[state].put(bound)
    for role in (Role.CENTRE_ADMIN, Role.CENTRE_EXPERT):
        cookie = {"Cookie": f"{SESSION_COOKIE}={bound.session(role.value)}"}
        answer = bound.http.get(address(bound, route), headers=cookie)

        assert answer.status_code < 500, answer.text
        if answer.status_code < 400:  # a refusal repeats the address that was asked for
            assert not any(secret in answer.text for secret in FIGURES), answer.text


@pytest.mark.parametrize("route", PAGES, ids=named)
def test_pages_open_again_with_the_consent(bound: Plant, route: APIRoute) -> None:
    LIVE.put(bound)
    cookie = {"Cookie": f"{SESSION_COOKIE}={bound.session('centre_admin')}"}

    answer = bound.http.get(address(bound, route), headers=cookie)

    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("route", [each for each in PAGES if "{enterprise}" in each.path], ids=named)
def test_a_page_of_one_enterprise_is_no_news_in_the_record_of_another(bound: Plant, route: APIRoute) -> None:
    LIVE.put(bound)
    Consent(sites=()).put(bound, FOREIGN)
    bound.clock.now_ns = NOW + 3600 * 10**9  # every gateway has stopped by then, which pages tell
    try:
        cookie = {"Cookie": f"{SESSION_COOKIE}={bound.session('head')}"}
        answer = bound.http.get(address(bound, route), headers=cookie)
    finally:
        bound.clock.now_ns = NOW

    assert answer.status_code < 500, answer.text
    with bound.services.database.read() as session:
        query = select(AccessLine).where(AccessLine.user == "head", AccessLine.operation == route.unique_id)
        assert {line.enterprise for line in session.scalars(query)} <= {OWN}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] == "get"], ids=lambda route: route[1])
def test_another_method_tells_nothing(bound: Plant, route: tuple[str, str], method: str) -> None:
    CLOSED["withdrawn"].put(bound)
    path = route[1]
    for name, value in bound.ids["own"].items():
        path = path.replace("{" + name + "}", value)

    answer = bound.http.request(method, path, headers={"Authorization": f"Bearer {bound.token('centre_admin')}"})

    assert answer.status_code in (401, 404, 405), answer.text
    assert not any(secret in answer.text for secret in SECRETS)


def raw(plant: Plant, target: str, token: str) -> tuple[int, bytes]:
    """The answer to a request whose path goes out letter by letter."""
    host, port = plant.url.removeprefix("http://").split(":")
    lines = (f"GET {target} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}", "Connection: close", "", "")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall("\r\n".join(lines).encode("latin-1"))
        content = b"".join(iter(lambda: line.recv(65536), b""))
    return int(content.split(b" ", 2)[1]), content


@pytest.mark.parametrize("user", ["centre_admin", "enterprise_engineer"])
@pytest.mark.parametrize(
    "target",
    [
        f"/api/v1/enterprises/{OWN}/../{FOREIGN}/alarms",
        f"/api/v1/enterprises/{OWN}/%2e%2e/{FOREIGN}/alarms",
        f"/api/v1/enterprises/{OWN}%2f..%2f{FOREIGN}/alarms",
        f"/api/v1/enterprises/{OWN};{FOREIGN}/alarms",
        f"/api/v1/enterprises/{FOREIGN}%00/alarms",
        f"/api/v1/enterprises/{FOREIGN.upper()}/alarms",
        f"/api/v1/enterprises/{FOREIGN}%20/alarms",
        f"//api/v1/enterprises/{FOREIGN}/alarms",
        f"/api/v1//enterprises/{FOREIGN}/alarms",
        f"/api/v1/enterprises/{FOREIGN}/alarms/",
        f"/api/v1/enterprises/{OWN}/reports/bayan-2026-001-r1/files/report.json",
        f"/api/v1/enterprises/{OWN}/reports/..%2f..%2f{FOREIGN}%2fbayan-2026-001-r1/files/report.json",
        f"/api/v1/enterprises/{OWN}/reports/{SITE}-2026-001-r1/files/..%2f..%2f..%2f{FOREIGN}%2freport.json",
        f"/api/v1/enterprises/{OWN}/cases/bayan-file/file",
        f"/api/v1/enterprises/{OWN}/cases/bayan-file/documents",
        f"/api/v1/enterprises/{OWN}/cases/..%2f..%2f{FOREIGN}%2fcases%2fbayan-file/file",
        f"/api/v1/enterprises/{OWN}/latest?signal=../{FOREIGN}/bayan/airsep/train1/comp1/power",
        f"/api/v1/enterprises/{OWN}/history?signal=bayan/airsep/train1/comp1/power"
        "&start=2026-06-05T09:00:00Z&end=2026-06-05T10:00:00Z",
        f"/cases/{OWN}/bayan-file",
        f"/reports/{OWN}/bayan-2026-001-r1/check",
    ],
)
def test_no_way_of_writing_a_path_leads_to_another_tenant(bound: Plant, target: str, user: str) -> None:
    LIVE.put(bound)

    status, content = raw(bound, target, bound.token(user))

    assert status in (200, 400, 303, 307, 401, 404, 422), content
    assert status != 200 or "latest" in target, content
    assert not any(secret in content for secret in (b"77.0", b"leak", b'airsep/train1/comp1/power","time', b"of bayan"))


def test_there_is_no_other_kind_of_connection() -> None:
    for router in (*ROUTERS, *PAGE_ROUTERS):
        for route in router.routes:
            assert not isinstance(route, APIWebSocketRoute)
            assert isinstance(route, APIRoute), route


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_route_page_and_ordered_job_has_a_name_for_people_and_no_name_is_left_over(language: str) -> None:
    wanted = {
        route.unique_id
        for router in (*ROUTERS, *PAGE_ROUTERS)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    ordered = {f"job {kind}" for kind, work in KINDS.items() if work.cron is None}
    names = catalogue(language)

    assert names.keys() == wanted | ordered
    assert all(name.strip() for name in names.values())
    if language == "zh":
        assert [key for key, name in names.items() if not any("\u4e00" <= sign <= "\u9fff" for sign in name)] == []


def test_the_page_of_a_gateway_tells_only_that_it_is_there(bound: Plant) -> None:
    CLOSED["withdrawn"].put(bound)
    for role in sorted(BOUND_ROLES):
        token = bound.token(role)
        with httpx.Client(base_url=bound.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
            listed = {row["id"]: row for row in client.get("/api/v1/gateways").json()["items"]}
            one = client.get("/api/v1/gateways/heishan-gw1").json()
            counters = client.get("/metrics").text
            closed = [
                client.get(f"/api/v1/gateways/heishan-gw1/{each}", params=WINDOW) for each in ("gaps", "completeness")
            ]
        with_token = {"Cookie": f"{SESSION_COOKIE}={bound.session(role)}"}
        page = bound.http.get("/gateways/heishan-gw1", headers=with_token).text

        assert (one["online"], one["version"], one["told"]) == (True, "0.1.0", False)
        assert (one["state"], one["last_seen"], one["catalogue"], one["config"]) == ({}, None, None, None)
        assert listed["heishan-gw1"]["state"] == {}
        assert [answer.status_code for answer in closed] == [404, 404]
        assert 'ovoo_gateway_online{gateway="heishan-gw1"} 1.0' in counters
        assert 'stored_total{gateway="heishan-gw1"}' not in counters
        assert "ovoo_gateway_last_seen_seconds{" not in counters
        assert 'id="gaps"' not in page
        assert 'id="closed"' in page
    LIVE.put(bound)
    opened = bound.http.get("/api/v1/gateways/heishan-gw1", headers={"Authorization": f"Bearer {bound.token('head')}"})
    assert (opened.json()["told"], opened.json()["state"]["backlog_rows"]) == (True, 12)
