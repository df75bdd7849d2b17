"""A consent that ends while something is read: no answer leaves, a stream breaks off, a job keeps nothing."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api import export
from ovoo_cloud.api.access_log import ConsentEnded
from ovoo_cloud.api.app import create_app
from ovoo_cloud.catalogue import access_lines, audit, jobs
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.jobs.month_report import month_report
from ovoo_contract.errors import NotFound
from sqlalchemy import select

from tests.cloud.api.plant import DAY, HOUR, NOW, OWN, SITE, SYSTEM
from tests.cloud.casework.centre import BASE, Centre, centre, iso

SIGNALS = [f"{SITE}/ventilation/main/fan1/{name}" for name in ("power", "speed", "flow", "current")]
ENGINEER = Scope("enterprise_engineer", Role.ENTERPRISE_ENGINEER, frozenset({OWN}))
WINDOW = {"start": iso(NOW - 20 * HOUR), "end": iso(NOW)}


@pytest.fixture
def house(tmp_path: pathlib.Path) -> Iterator[Centre]:
    with centre(tmp_path / "end") as opened:
        yield opened


def given(house: Centre, *purposes: str, days: int = 2) -> str:
    body = {"purposes": list(purposes), "sites": [SITE], "until": iso(house.plant.clock() + days * DAY), "reason": "x"}
    answer = house.call("enterprise_engineer", "POST", "/grants", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def withdraw(house: Centre, grant: str) -> None:
    with house.plant.services.database.write() as session:
        grants.withdraw(session, ENGINEER, OWN, grant, "enough", house.plant.clock())


def streamed(house: Centre, query: str, on_first: Callable[[], None]) -> tuple[int, list[dict[str, Any]]]:
    """Serves an export inside this process; `on_first` runs when the first piece has left."""
    sent: list[dict[str, Any]] = []
    headers = [(b"authorization", f"Bearer {house.plant.token('centre_expert')}".encode()), (b"host", b"test")]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": f"{BASE}/export", "raw_path": f"{BASE}/export".encode(), "root_path": "",
        "query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: Any) -> None:
        bodies = [each for each in sent if each.get("body")]
        sent.append(dict(message))
        if message.get("body") and not bodies:
            on_first()

    try:
        asyncio.run(create_app(house.plant.services)(scope, receive, send))
    finally:
        status = next(each["status"] for each in sent if each["type"] == "http.response.start")
        sent[:] = [each for each in sent if each["type"] == "http.response.body"]
    return status, sent


def export_query(kind: str = "csv") -> str:
    signals = "&".join(f"signal={each}" for each in SIGNALS)
    return f"{signals}&start={WINDOW['start']}&end={WINDOW['end']}&format={kind}"


def test_a_long_export_breaks_off_and_no_sample_leaves_after_the_end(house: Centre) -> None:
    grant = given(house, "telemetry")

    with pytest.raises(ConsentEnded):
        streamed(house, export_query(), lambda: withdraw(house, grant))
    with house.plant.services.database.read() as session:
        (line,) = session.scalars(select(EgressRecord).where(EgressRecord.actor == "centre_expert")).all()
        (read,) = access_lines.lines(session, SYSTEM, OWN)
        assert audit.verify_chain(session) > 0

    assert (line.complete, line.row_count, line.grant) == (False, 0, grant)
    assert line.byte_count < 200  # the header of the table
    assert (read.reads, read.grant, read.subject.split()) == (1, grant, SIGNALS)
    assert 0 < read.byte_count < 200


def test_an_export_under_a_lasting_consent_is_whole_and_counted(house: Centre) -> None:
    given(house, "telemetry")

    status, pieces = streamed(house, export_query(), lambda: None)

    size = sum(len(each.get("body", b"")) for each in pieces)
    with house.plant.services.database.read() as session:
        (line,) = session.scalars(select(EgressRecord).where(EgressRecord.actor == "centre_expert")).all()
        (read,) = access_lines.lines(session, SYSTEM, OWN)
    assert (status, line.complete, line.row_count, line.byte_count) == (200, True, 4 * 20 * 60, size)
    assert (read.byte_count, read.site, read.start_ns, read.end_ns) == (size, SITE, NOW - 20 * HOUR, NOW)


def test_a_workbook_breaks_off_too_and_leaves_no_file_behind(
    house: Centre, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = given(house, "telemetry")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(export, "_PIECE", 4096)

    with pytest.raises(ConsentEnded):
        streamed(house, export_query("xlsx"), lambda: withdraw(house, grant))

    assert list(tmp_path.glob("*.xlsx")) == []


@pytest.mark.parametrize("path", ["/latest", "/history", "/export", "/signals"])
def test_a_consent_that_ends_between_permission_and_answer_lets_nothing_out(
    house: Centre, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant, bound = given(house, "telemetry"), grants.bound

    def then_over(*arguments: Any) -> Any:
        scope = bound(*arguments)
        if scope.user == "centre_expert":
            withdraw(house, grant)
        return scope

    query = {"signal": SIGNALS[0], **WINDOW, **({"points": "100"} if path == "/history" else {})}
    before = house.call("centre_expert", "GET", path, params=query)
    monkeypatch.setattr(grants, "bound", then_over)
    answer = house.call("centre_expert", "GET", path, params=query)

    assert before.status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "fan1" not in answer.text


def test_a_job_whose_consent_is_withdrawn_while_it_runs_keeps_nothing(house: Centre) -> None:
    grant, services = given(house, "report"), house.plant.services
    ordered = house.call("centre_expert", "POST", f"/sites/{SITE}/energy-reports", json={"month": "2026-06"}).json()
    with services.database.read() as session:
        parameters = jobs.job(session, SYSTEM, ordered["id"]).parameters
        before = len(session.scalars(select(Report)).all())
    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        if share >= 0.9:
            withdraw(house, grant)

    with pytest.raises(NotFound, match=grant):
        month_report(services, {**parameters, "user": "centre_expert"}, progress)

    with services.database.read() as session:
        assert len(session.scalars(select(Report)).all()) == before
        noted = [line.operation for line in access_lines.lines(session, SYSTEM, OWN)]
    assert shares[-1] >= 0.9
    assert "job energy_report" in noted
    assert list((services.settings.reports_dir / OWN).glob("E-2026-06*")) == []
    assert house.call("centre_expert", "GET", f"/jobs/{ordered['id']}").status_code == 404


def test_what_has_ended_stays_so_when_the_clock_is_set_back(house: Centre) -> None:
    given(house, "telemetry", days=1)
    query = {"signal": SIGNALS[0]}
    clock = house.plant.clock
    opened = house.call("centre_expert", "GET", "/latest", params=query).status_code
    clock.now_ns += 2 * DAY
    over = house.call("centre_expert", "GET", "/latest", params=query).status_code
    given(house, "findings")  # anything that the record keeps
    clock.now_ns -= 2 * DAY
    back = house.call("centre_expert", "GET", "/latest", params=query).status_code

    assert (opened, over, back) == (200, 404, 404)


def test_a_consent_that_has_not_begun_does_not_begin_by_a_clock_set_back(house: Centre) -> None:
    start = house.plant.clock() + DAY
    body = {"purposes": ["telemetry"], "sites": [SITE], "start": iso(start), "until": iso(start + DAY), "reason": "x"}
    assert house.call("enterprise_engineer", "POST", "/grants", json=body).status_code == 201
    statuses = []
    for move in (0, DAY, -DAY - HOUR):
        house.plant.clock.now_ns += move
        statuses.append(house.call("centre_expert", "GET", "/latest", params={"signal": SIGNALS[0]}).status_code)

    assert statuses == [404, 200, 404]


def test_after_a_restore_all_consents_can_be_held_and_are_given_anew(house: Centre) -> None:
    given(house, "telemetry")
    with house.plant.services.database.write() as session:
        held = grants.hold_all(session, "cli", "restored from the backup of June", house.plant.clock())
    closed = house.call("centre_expert", "GET", "/latest", params={"signal": SIGNALS[0]}).status_code
    given(house, "telemetry")
    opened = house.call("centre_expert", "GET", "/latest", params={"signal": SIGNALS[0]}).status_code
    listed = house.call("enterprise_engineer", "GET", "/grants").json()["items"]

    assert (len(held), closed, opened) == (1, 404, 200)
    assert {row["withdrawn_by"] for row in listed} == {"cli", None}
