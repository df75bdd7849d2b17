"""`ovoo-cloud report`: under consent like everybody, noted for the enterprise, and never a report of the register."""

from __future__ import annotations

import asyncio
import json
import pathlib
import time

import httpx
import pytest
from ovoo_cloud import diagnosis
from ovoo_cloud.access import grants
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.app import create_app
from ovoo_cloud.api.verification import verify
from ovoo_cloud.casework import numbers
from ovoo_cloud.catalogue import access_lines, cases, enterprises
from ovoo_cloud.catalogue.case_tables import ReportNumber
from ovoo_cloud.cli import main
from ovoo_cloud.diagnosis.case import load_case
from ovoo_cloud.jobs.at_server import at_the_server
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import ConfigError
from sqlalchemy import func, select

DAY_NS = 86_400 * 10**9
EXAMPLE = pathlib.Path(diagnosis.__file__).with_name("example_case.yaml")
OWN, SITE = "heishan-coal", "heishan"
SYSTEM = Scope.system("test")


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A centre with one enterprise, as `init` makes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVOO_CONFIG", raising=False)
    (tmp_path / "cloud.toml").write_text('data_dir = "data"\n', encoding="utf-8")
    assert main(["init", "--config", "cloud.toml"]) == 0
    with opened(tmp_path) as services, services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, OWN, name_zh="黑山", name_en="Heishan", sector="coal_mine")
        enterprises.save_site(session, SYSTEM, OWN, SITE, name_zh="矿", name_en="mine", timezone="Asia/Shanghai")
    return tmp_path


def opened(folder: pathlib.Path, **settings: str) -> Services:
    return build_services(Settings(data_dir=folder / "data", **settings))  # type: ignore[arg-type]  # literals


def consented(folder: pathlib.Path, *purposes: Purpose) -> str:
    """A grant that the enterprise gives now."""
    now_ns = time.time_ns()
    with opened(folder) as services, services.database.write() as session:
        engineer = Scope("engineer", Role.ENTERPRISE_ENGINEER, frozenset({OWN}))
        return grants.give(session, engineer, OWN, Terms(purposes, [], now_ns, now_ns + DAY_NS, "diagnosis"), now_ns).id


def reported(capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    order = ["--case", str(EXAMPLE), "--number", "HS-1", "--language", "en", "--out", "out"]
    code = main(["report", "--config", "cloud.toml", *order])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_centre_makes_one_under_a_consent_only_and_the_enterprise_reads_of_it(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    consented(folder, Purpose.ENERGY)
    code, _, refused = reported(capsys)
    assert (code, (folder / "out").exists()) == (1, False), refused
    assert (
        f"the enterprise has not consented to a report of this site: {OWN}/{SITE}" in refused or "consented" in refused
    )
    grant = consented(folder, Purpose.REPORT)
    code, told, wrong = reported(capsys)

    assert code == 0, wrong
    assert "working report W-HS-1 revision 1, outside a case: not issued" in told
    with opened(folder) as services, services.database.read() as session:
        (line,) = access_lines.lines(session, SYSTEM, OWN)
        assert (line.user, line.operation, line.grant, line.subject) == ("cli", "cli report", grant, "HS-1")
        assert session.scalar(select(func.count()).select_from(ReportNumber)) == 0
    nothing_takes_it_for_an_issued_one(folder, capsys)


def nothing_takes_it_for_an_issued_one(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(folder) as services:
        trust = str(services.settings.signing_key.with_name("report-key.pub.pem"))
        with services.database.read() as session:
            (row,) = cases.reports(session, SYSTEM)
        shown = verify(row.number, row.revision, row.snapshot_sha256, services)
        cover = {"number": row.number, "revision": "1", "code": row.snapshot_sha256}
        page = asyncio.run(verification_page(services, cover))
    assert "data-working" in page
    assert "没有签发" in page
    assert "本平台出具过这份报告" not in page
    assert (row.number, row.summary["status"]) == ("W-HS-1", "working")
    assert (shown["status"], shown["current"]) == ("working", False)
    assert main(["verify", "out", "--config", "cloud.toml", "--trust", trust]) == 0
    assert "verified: working report, NOT issued: W-HS-1" in capsys.readouterr().out
    assert main(["verify", "out", "--config", "cloud.toml", "--trust", trust, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "working"


async def verification_page(services: Services, cover: dict[str, str]) -> str:
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/verify", params=cover, headers={"accept": "text/html"})
    return answer.text


def test_an_own_installation_needs_no_consent(folder: pathlib.Path) -> None:
    case = load_case(EXAMPLE)
    with opened(folder, access_consent="own") as services:
        assert at_the_server(services, case).consents is None


def test_the_register_gives_no_number_of_a_working_report(folder: pathlib.Path) -> None:
    with opened(folder) as services, services.database.write() as session:
        for number in ("W-2026-1", "w-2026-1"):
            with pytest.raises(ConfigError, match="working reports"):
                numbers.claim(session, number, "case-1", "2026-06-01", "2026-06-01", 0)
