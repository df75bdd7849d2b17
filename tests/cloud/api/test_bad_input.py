"""Whatever a stranger sends: a problem document that says what is wrong, never a server error; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.cloud.api.plant import FAN, FOREIGN, FOREIGN_PUMP, OWN, PASSWORD, SITE, Plant, installation, served

BASE = f"/api/v1/enterprises/{OWN}"
JSON = {"Content-Type": "application/json"}
POWER = FAN.removeprefix(f"{OWN}/") + "/power"
DAY = {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_server").fresh_database("bad_input")
    with installation(tmp_path_factory.mktemp("bad"), database_url=url) as built, served(built) as running:
        yield running


def _problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"].startswith("urn:ovoo:error:")
    assert document["title"]
    assert document["status"] == answer.status_code
    return document


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b'{"label":', JSON, id="cut JSON"),
        pytest.param(b"", JSON, id="nothing"),
        pytest.param(b"[1]", JSON, id="a list"),
        pytest.param(b'{"label":"\xff\xfe","days":1}', JSON, id="not UTF-8"),
        pytest.param(b'{"label":"\\ud800","days":1}', JSON, id="half a character"),
        pytest.param(b"[" * 100_000, JSON, id="deep"),
        pytest.param(b'{"label":"x","days":NaN}', JSON, id="NaN"),
        pytest.param(b'{"label":"x","days":1e400}', JSON, id="beyond a float"),
        pytest.param(b'{"label":"x","days":' + b"9" * 5000 + b"}", JSON, id="5,000 digits"),
        pytest.param(b'{"label":"x","days":1}', {"Content-Type": "text/plain"}, id="text/plain"),
        pytest.param(b"label=x&days=1", {"Content-Type": "application/x-www-form-urlencoded"}, id="a form"),
        pytest.param(b"--x\r\nbroken", {"Content-Type": "multipart/form-data; boundary=x"}, id="multipart"),
    ],
)
def test_a_body_that_is_no_request(admin: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
    _problem(admin.post("/api/v1/tokens", content=body, headers=headers), 400, 422)
    _problem(admin.post("/api/v1/tokens", content=body, headers=headers | {"Idempotency-Key": "k"}), 400, 422)


@pytest.mark.parametrize(
    "path", ["/api/v1/enterprises/a%00b", "/api/v1/enterprises/%ff%fe", "/api/v1/gateways/a%00b", f"{BASE}/cases/a%00b"]
)
def test_a_name_no_database_holds(admin: httpx.Client, path: str) -> None:
    _problem(admin.get(path), 404, 422)


def test_a_nul_in_a_text_is_refused_or_kept_but_never_an_error(admin: httpx.Client, plant: Plant) -> None:
    answer = admin.post("/api/v1/tokens", content=b'{"label":"a\\u0000b","days":1}', headers=JSON)

    if plant.services.database.url.startswith("postgresql"):
        assert "control characters" in _problem(answer, 422)["remedy"]
    else:
        assert answer.status_code == 201


@pytest.mark.parametrize("password", [b"\\ud800" * 12, b"\\u0000" * 12, b""])
def test_a_password_nobody_can_type(client: httpx.Client, admin: httpx.Client, password: bytes) -> None:
    body = (
        b'{"name":"odd-one","password":"' + password + b'","role":"enterprise_viewer","enterprises":["heishan-coal"]}'
    )
    for route in ("/api/v1/sessions", "/api/v1/enrol"):
        sent = b'{"name":"spare","password":"%b","token":"%b","gateway":"g-1","csr_pem":"x"}' % (password, password)
        _problem(client.post(route, content=sent, headers=JSON), 401, 422)
    answer = admin.post("/api/v1/users", content=body, headers=JSON)
    assert answer.status_code in (201, 422), answer.text


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ({"points": 10}, "unbounded-query"),
        ({"points": 10, "start": DAY["start"]}, "unbounded-query"),
        ({"points": 10, "end": DAY["end"]}, "unbounded-query"),
        ({"points": 10, "start": DAY["end"], "end": DAY["start"]}, "unbounded-query"),
        ({"points": 10, "start": "yesterday", "end": DAY["end"]}, "query-error"),
        ({"points": 10, "start": "2026-06-04T10:00:00", "end": DAY["end"]}, "query-error"),
        ({"points": 10, "start": "99999-01-01", "end": DAY["end"]}, "query-error"),
        ({**DAY, "points": 10**9}, "budget-exceeded"),
        ({**DAY, "points": 0}, "invalid-request"),
        ({**DAY, "points": "many"}, "invalid-request"),
        (DAY, "invalid-request"),
        ({**DAY, "points": 10, "mode": "all"}, "invalid-request"),
    ],
)
def test_a_history_that_is_not_asked_for_properly(admin: httpx.Client, query: dict[str, Any], kind: str) -> None:
    found = _problem(admin.get(f"{BASE}/history", params={"signal": POWER, **query}), 422)

    assert found["type"] == f"urn:ovoo:error:{kind}"


@pytest.mark.parametrize("file", ["csv", "xlsx"])
def test_nobody_exports_a_foreign_sites_history(admin: httpx.Client, file: str) -> None:
    foreign = FOREIGN_PUMP.removeprefix(f"{FOREIGN}/") + "/power"

    for base, signal in (
        (f"/api/v1/enterprises/{FOREIGN}", foreign),
        (BASE, foreign),
        (BASE, f"../{FOREIGN_PUMP}/power"),
    ):
        answer = admin.get(f"{base}/export", params={**DAY, "signal": signal, "format": file})
        _problem(answer, 404)
        assert "77.0" not in answer.text
    mixed = admin.get(f"{BASE}/export", params={**DAY, "signal": [POWER, foreign], "format": file})
    _problem(mixed, 404)
    _problem(admin.get(f"{BASE}/export", params={"signal": POWER, "format": file}), 422)


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/reports/heishan-2026-001-r1/files/..%2f..%2foutside.txt",
        "/static/..%2f..%2fsettings.py",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/%2e%2e/settings.py",
    ],
)
def test_no_name_leads_out_of_its_folder(admin: httpx.Client, path: str) -> None:
    answer = admin.get(path)

    _problem(answer, 404)
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {b"Cookie": b"ovoo_session=\xff\xfe"},
        {b"Authorization": b"Bearer \xff\xfe"},
        {b"Authorization": b"Basic YTpi"},
        {b"Authorization": b"Bearer"},
        {b"Authorization": b"Bearer ovoo_0123456789abcdef_" + b"x" * 5000},
    ],
)
def test_a_credential_that_is_none(client: httpx.Client, headers: dict[bytes, bytes]) -> None:
    answer = client.get("/api/v1/me", headers=headers)

    _problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_twenty_wrong_passwords_are_no_guesses(client: httpx.Client) -> None:
    """Five tries count; of the rest not one is looked at, right or wrong."""
    said = [
        _problem(client.post("/api/v1/sessions", json={"name": "locked", "password": f"wrong {number}"}), 401)["title"]
        for number in range(20)
    ]
    right = client.post("/api/v1/sessions", json={"name": "locked", "password": PASSWORD})

    assert [title == "too many attempts" for title in said] == [False] * 5 + [True] * 15
    assert "wait five minutes" in _problem(right, 401)["remedy"]


def test_pages_and_forms_without_or_from_another_site_change_nothing(client: httpx.Client, plant: Plant) -> None:
    forms: dict[str, dict[str, str]] = {
        f"/alarms/{plant.ids['own']['alarm']}/acknowledge": {"comment": "x"},
        f"/energy/{OWN}/{SITE}/tariff": {"tariff": ""},
        f"/reports/{OWN}/heishan-case": {"number": "N-77"},
        "/sign-out": {},
    }
    cookie = {"Cookie": f"ovoo_session={plant.session('centre_admin')}"}
    for path, data in forms.items():
        assert client.post(path, data=data).headers["location"].startswith("/sign-in")
        _problem(client.post(path, data=data, headers=cookie | {"Origin": "https://evil.example"}), 403)
        _problem(client.post(path, data=data, headers=cookie | {"Sec-Fetch-Site": "cross-site"}), 403)
    jobs = client.get(f"{BASE}/jobs", headers=cookie).json()["items"]
    assert "N-77" not in {job["number"] for job in jobs}


def test_behind_a_tls_proxy_the_cookie_is_secure_and_forms_come_from_the_public_address(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with (
        installation(tmp_path_factory.mktemp("proxy"), public_url="https://ovoo.example.cn") as built,
        served(built) as running,
    ):
        signed = running.http.post("/api/v1/sessions", json={"name": "centre_admin", "password": PASSWORD})
        cookie = {"Cookie": signed.headers["set-cookie"].split(";")[0]}
        body = {"label": "x", "days": 1}
        home = running.http.post("/api/v1/tokens", json=body, headers=cookie | {"Origin": "https://ovoo.example.cn"})
        away = running.http.post("/api/v1/tokens", json=body, headers=cookie | {"Origin": "https://ovoo.example.com"})

    assert "secure" in signed.headers["set-cookie"].lower()
    assert (home.status_code, away.status_code) == (201, 403)
