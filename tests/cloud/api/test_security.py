from __future__ import annotations

import httpx
import pytest

from tests.cloud.api.plant import NOW, OWN, PASSWORD, Plant


def test_five_wrong_passwords_lock_the_name_for_five_minutes(client: httpx.Client, plant: Plant) -> None:
    wrong = {"name": "locked", "password": "not the password"}
    for _ in range(5):
        assert client.post("/api/v1/sessions", json=wrong).status_code == 401

    locked = client.post("/api/v1/sessions", json={"name": "locked", "password": PASSWORD})
    page = client.post("/sign-in", data={"name": "locked", "password": PASSWORD})
    plant.clock.now_ns = NOW + 301 * 10**9
    try:
        later = client.post("/api/v1/sessions", json={"name": "locked", "password": PASSWORD})
    finally:
        plant.clock.now_ns = NOW

    assert locked.status_code == 401
    assert "too many attempts" in locked.json()["title"]
    assert page.status_code == 401
    assert "尝试次数过多" in page.text
    assert later.status_code == 201


def test_an_unknown_name_and_a_wrong_password_are_told_alike(client: httpx.Client) -> None:
    unknown = client.post("/api/v1/sessions", json={"name": "nobody", "password": "not the password"})
    wrong = client.post("/api/v1/sessions", json={"name": "centre_expert", "password": "not the password"})

    assert unknown.json() == wrong.json()


def test_the_session_cookie_is_strict_and_ends_with_signing_out(client: httpx.Client) -> None:
    signed = client.post("/api/v1/sessions", json={"name": "centre_admin", "password": PASSWORD})
    cookie = signed.headers["set-cookie"].lower()
    mine = client.get("/api/v1/me")
    value = client.cookies["ovoo_session"]
    client.delete("/api/v1/sessions")

    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
    assert mine.json()["user"] == "centre_admin"
    assert client.get("/api/v1/me", headers={"Cookie": f"ovoo_session={value}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_change_from_another_site_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    client.post("/api/v1/sessions", json={"name": "centre_admin", "password": PASSWORD})

    changed = client.post("/api/v1/tokens", json={"label": "x", "days": 1}, headers=headers)
    form = client.post("/alarms/1/acknowledge", data={"comment": "x"}, headers=headers)
    own = client.post("/api/v1/tokens", json={"label": "x", "days": 1}, headers={"Sec-Fetch-Site": "same-origin"})

    assert changed.status_code == form.status_code == 403
    assert own.status_code == 201


@pytest.mark.parametrize("path", ["/sign-in", "/health", "/api/v1/me", "/static/console.css", "/no/such/page"])
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers or "uvicorn" in headers["server"]


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\t/e.e",
    ],
)
def test_signing_in_never_leads_to_another_site(client: httpx.Client, after: str) -> None:
    answer = client.post("/sign-in", data={"name": "centre_admin", "password": PASSWORD, "after": after})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    chosen = client.post("/language", data={"language": "en", "after": after})
    assert chosen.headers["location"] == "/"


def test_a_page_asks_to_sign_in_and_leads_back(client: httpx.Client) -> None:
    asked = client.get("/sites/heishan-coal/heishan")
    part = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://x/sites/a/b"})
    data = client.get("/console/data/load/heishan-coal/heishan")

    assert asked.headers["location"] == "/sign-in?next=/sites/heishan-coal/heishan"
    assert part.status_code == 401
    assert part.headers["hx-redirect"] == "/sign-in?next=/sites/a/b"
    assert data.status_code == 401


def test_a_body_above_the_limit_is_refused(admin: httpx.Client) -> None:
    big = b'{"label": "' + b"x" * (5 * 1024 * 1024) + b'"}'

    told = admin.post("/api/v1/tokens", content=big, headers={"Content-Type": "application/json"})
    untold = admin.post("/api/v1/tokens", content=iter([big]), headers={"Content-Type": "application/json"})

    assert told.status_code == untold.status_code == 413
    assert told.json()["type"] == "urn:ovoo:error:too-large"


def test_a_browser_gets_a_page_and_everybody_else_a_problem(client: httpx.Client, plant: Plant) -> None:
    client.post("/api/v1/sessions", json={"name": "centre_admin", "password": PASSWORD})

    page = client.get("/sites/bayan-chem/bayan", headers={"Accept": "text/html"})
    problem = client.get("/sites/bayan-chem/bayan", headers={"Accept": "application/json"})
    invalid = client.get("/findings?show=nonsense", headers={"Accept": "text/html"})

    assert page.status_code == problem.status_code == 404
    assert "没有找到" in page.text
    assert "巴彦" not in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert invalid.status_code == 422
    assert "请求有误" in invalid.text


def test_an_administrator_of_one_enterprise_manages_only_its_people(admin: httpx.Client) -> None:
    names = {item["name"] for item in admin.get("/api/v1/users").json()["items"]}
    person = {"name": "upstart", "password": PASSWORD, "role": "centre_admin"}

    everywhere = admin.post("/api/v1/users", json=person)
    elsewhere = admin.post("/api/v1/users", json={**person, "enterprises": [OWN, "bayan-chem"]})

    assert "spare" in names
    assert not names & {"head", "stranger"}
    assert everywhere.status_code == elsewhere.status_code == 404
