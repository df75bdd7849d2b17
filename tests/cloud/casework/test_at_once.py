"""Two at once, and a process that dies midway: one is first, the other hears of it, and no number is lost."""

from __future__ import annotations

import pathlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import issuing
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseFile, ReportNumber
from ovoo_cloud.reports.staging import publish, staged
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import Conflict, OvooError

from tests.cloud.api.plant import NOW, OWN
from tests.cloud.casework.centre import CASE, PARTS, Centre, centre

SYSTEM = Scope.system("cli")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def both(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Centre]:
    """A centre of its own on each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("migrated_postgres_url")
    with centre(tmp_path / "centre", database_url=url) as opened:
        yield opened


def together(count: int, act: Callable[[int], object]) -> list[object]:
    """What each of `count` threads gets that start in one moment: its value, or the error of the product."""
    start = threading.Barrier(count)

    def one(number: int) -> object:
        start.wait()
        try:
            return act(number)
        except OvooError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def codes(answers: list[object]) -> list[int]:
    assert all(isinstance(each, httpx.Response) for each in answers), answers
    return sorted(each.status_code for each in answers if isinstance(each, httpx.Response))


def test_eight_who_write_one_part_at_once_get_one_success_and_seven_refusals(both: Centre) -> None:
    both.to_intake()

    answers = together(8, lambda number: both.write("answers", PARTS["answers"]))

    assert codes(answers) == [200] + [412] * 7
    kept = both.call("centre_expert", "GET", f"/cases/{CASE}/parts/answers/versions").json()["items"]
    assert [row["version"] for row in kept] == [1]


def test_a_step_clicked_eight_times_is_taken_once(both: Centre) -> None:
    both.apply()

    answers = together(8, lambda number: both.step("centre_admin", "accept", {}))

    assert codes(answers) == [200] + [409] * 7
    taken = both.call("enterprise_engineer", "GET", f"/cases/{CASE}/steps").json()["items"]
    assert [row["step"] for row in taken] == ["apply", "accept"]


def test_a_double_click_with_one_key_is_one_step_and_one_answer(both: Centre) -> None:
    both.apply()
    path = f"/cases/{CASE}/steps/accept"
    key = {"Idempotency-Key": "click-1"}

    answers = together(4, lambda number: both.call("centre_admin", "POST", path, json={}, headers=key))
    again = both.call("centre_admin", "POST", path, json={}, headers=key)

    assert set(codes(answers)) <= {200, 409}
    assert 200 in codes(answers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert both.file()["version"] == 2


def reports(settings: Settings) -> list[pathlib.Path]:
    """What lies in the enterprise's folder but the report that the plant has already."""
    return [each for each in (settings.reports_dir / OWN).iterdir() if not each.name.startswith("heishan-")]


def confirmed(house: Centre) -> str:
    """A case that waits for its issue; the id of its content."""
    house.to_review()
    house.accept_all()
    shown = str(house.done("centre_expert", "propose")["snapshot"])
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    return shown


def test_two_issuers_at_once_give_one_report_and_the_other_hears_of_it(both: Centre) -> None:
    shown = confirmed(both)
    services = both.plant.services

    made = together(2, lambda n: issuing.issue(services, SYSTEM, OWN, CASE, issuing.Order(f"OV-{n}", shown)))

    issued = [each for each in made if not isinstance(each, OvooError)]
    refused = [each for each in made if isinstance(each, OvooError)]
    assert (len(issued), len(refused)) == (1, 1), made
    assert isinstance(refused[0], Conflict)
    with services.database.read() as session:
        (number,) = session.query(ReportNumber).all()
        row = session.get(CaseFile, CASE)
        assert row is not None
        assert (number.revision, number.number, row.state) == (1, row.number, "issued")
        audit.verify_chain(session)
    (folder,) = reports(services.settings)
    trust = services.settings.signing_key.with_name("report-key.pub.pem")
    assert verify_bundle(folder, trust=trust).ok


def test_consent_withdrawn_while_a_report_is_issued_leaves_the_one_or_the_other(both: Centre) -> None:
    shown = confirmed(both)
    grant = both.file()["grant"]
    services = both.plant.services

    def act(number: int) -> object:
        if number:
            return both.call("enterprise_engineer", "POST", f"/grants/{grant}/withdraw", json={"reason": "stop"})
        return issuing.issue(services, SYSTEM, OWN, CASE, issuing.Order("OV-1", shown))

    made = together(2, act)

    with services.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        numbers = session.query(ReportNumber).count()
        audit.verify_chain(session)
    folders = list((services.settings.reports_dir / OWN).glob("ov-*"))
    assert getattr(made[1], "status_code", 0) == 200, made
    assert (numbers, len(folders)) == ((0, 0) if isinstance(made[0], OvooError) else (1, 1))


def test_a_number_that_differs_in_signs_only_is_refused_before_anything_is_rendered(house: Centre) -> None:
    from ovoo_cloud.casework import numbers

    house.to_issued("OV-2026/001")
    with house.plant.services.database.write() as session, pytest.raises(Conflict, match="signs or capitals"):
        numbers.check_free(session, "ov 2026 001", CASE)


ISSUER = """
import pathlib, sys
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import issuing
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
folder, command, key, shown, now, enterprise, case = sys.argv[1:]
settings = Settings(
    data_dir=pathlib.Path(folder), access_consent="required", seal_command=command, seal_public_key=key
)
with build_services(settings, clock=lambda: int(now)) as services:
    issuing.issue(services, Scope.system("cli"), enterprise, case, issuing.Order("OV-1", shown))
"""


SLOW_SEAL = """
import socket
socket.create_connection(("127.0.0.1", {port})).recv(1)
"""


def test_a_process_killed_while_it_seals_costs_no_number_and_leaves_nothing_that_looks_like_a_report(
    tmp_path: pathlib.Path,
) -> None:
    folder = tmp_path / "centre"
    with centre(folder) as house:
        shown = confirmed(house)
    settings = Settings(data_dir=folder, access_consent="required")
    trust = settings.signing_key.with_name("report-key.pub.pem")
    seal = tmp_path / "seal.py"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seal.write_text(SLOW_SEAL.format(port=listener.getsockname()[1]))
        command = f"{sys.executable} {seal}"
        process = subprocess.Popen(
            [sys.executable, "-c", ISSUER, str(folder), command, str(trust), shown, str(NOW), OWN, CASE]
        )
        listener.settimeout(120)
        asked, _ = listener.accept()
    sealing = reports(settings)
    process.send_signal(signal.SIGKILL)
    process.wait()
    asked.close()  # the seal hears that nobody waits for it any more

    with build_services(settings, clock=lambda: NOW) as services:
        with services.database.read() as session:
            assert session.query(ReportNumber).count() == 0
        report = issuing.issue(services, SYSTEM, OWN, CASE, issuing.Order("OV-1", shown))

    assert [each.name.startswith(".making-") for each in sealing] == [True]
    assert (report.number, report.revision) == ("OV-1", 1)
    assert [each.name for each in reports(settings)] == ["ov-1-r1"]
    assert verify_bundle(pathlib.Path(report.folder), trust=trust).ok


def test_half_a_bundle_that_was_never_recorded_does_not_hold_up_its_number(house: Centre) -> None:
    place = house.plant.services.settings.reports_dir / OWN / "ov-2026-001-r1"
    place.mkdir(parents=True)
    (place / "report.pdf").write_bytes(b"%PDF-1.7 half")

    house.to_issued("OV-2026-001")

    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    assert verify_bundle(place, trust=trust).ok


def test_what_another_process_is_making_stays(tmp_path: pathlib.Path) -> None:
    with staged(tmp_path) as first:
        first.mkdir()
        with staged(tmp_path) as second:
            second.mkdir()
            publish(second, tmp_path / "done")
        assert first.is_dir()

    assert [each.name for each in tmp_path.iterdir()] == ["done"]
