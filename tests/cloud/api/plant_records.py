"""What an enterprise of the test installation owns beside its samples: a case, a job, a report, bills, verdicts."""

from __future__ import annotations

import json
import pathlib

from ovoo_cloud.alarms import records
from ovoo_cloud.catalogue import cases, energy_contracts, entered_bills, findings, jobs, verdicts
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.energy.bills import make_bill
from ovoo_cloud.energy.carbon_statement import make_carbon
from ovoo_cloud.reports.signing import create_key
from sqlalchemy.orm import Session

from tests.cloud.api.plant import DAY, HOUR, NOW, OWN, SYSTEM, TERMS, Plant

LISTED = ("report.pdf", "report.docx", "report.json", "snapshot.json")


def ensure_report_key(plant: Plant) -> None:
    """The key that seals reports, written unless it is there, as `ovoo-cloud init` does."""
    if not plant.services.settings.signing_key.exists():
        create_key(plant.services.settings.authority_dir)


def records_of(plant: Plant, enterprise: str, site: str, gateway: str) -> dict[str, str]:
    """A case, a job and a report of the enterprise; gives the ids of everything it owns."""
    ids = {"enterprise": enterprise, "site": site, "gateway": gateway, "name": "report.json"}
    ids |= _money(plant, enterprise, site)
    ensure_report_key(plant)
    report_id = f"{site}-2026-001-r1"
    folder = _bundle(plant.services.settings.reports_dir / enterprise / report_id, enterprise)
    with plant.services.database.write() as session:
        ids |= _case(session, enterprise, site)
        cases.save_report(session, SYSTEM, _report(report_id, enterprise, site, folder))
        ids |= _judged(session, enterprise)
    return {**ids, "report": report_id}


def _money(plant: Plant, enterprise: str, site: str) -> dict[str, str]:
    """A contract, a computed bill, a statement of carbon and an entered bill."""
    with plant.services.database.write() as session:
        energy_contracts.save_contract(session, SYSTEM, enterprise, site, TERMS, NOW)
    bill = make_bill(plant.services, SYSTEM, enterprise, site, {"month": "2026-06", "accept_holes": True})
    choice = {"year": 2026, "region": "inner_mongolia", "electricity": "calorific", "grid_id": ""}
    carbon = make_carbon(plant.services, SYSTEM, enterprise, site, (NOW - HOUR // 2, NOW), choice, [])
    given = entered_bills.NewBill(NOW - 35 * DAY, NOW - 5 * DAY, "1200", "read", "bill 6")
    with plant.services.database.write() as session:
        (entered,) = entered_bills.enter(session, SYSTEM, enterprise, site, [given], NOW)
    return {"bill": bill.id, "statement": carbon.id, "entered": entered.id}


def _bundle(folder: pathlib.Path, enterprise: str) -> pathlib.Path:
    """A report's folder, with files that its manifest does not list, and listed ones that are not in it."""
    folder.mkdir(parents=True)
    for name in LISTED:
        (folder / name).write_bytes(f"{name} of {enterprise}".encode())
    (folder / "hidden.txt").write_text("not in the manifest")
    listed = [*LISTED, "../../outside.txt", "gone.pdf"]
    (folder / "manifest.json").write_text(json.dumps({"files": dict.fromkeys(listed, "0")}))
    (folder / "manifest.sig").write_bytes(b"signature")
    (folder.parent.parent / "outside.txt").write_text("SECRET")
    return folder


def _case(session: Session, enterprise: str, site: str) -> dict[str, str]:
    name, intake = f"{site}-case", {"enterprise": enterprise}
    cases.save_case(
        session, SYSTEM, name, enterprise=enterprise, site=site, title=f"{site} 2026", intake=intake, now_ns=NOW
    )
    order = {"case": name, "number": "N-1"}
    job = jobs.enqueue(session, SYSTEM, "report", order, enterprise=enterprise, now_ns=NOW)
    return {"case": name, "job": job.id}


def _report(report_id: str, enterprise: str, site: str, folder: pathlib.Path) -> Report:
    return Report(
        id=report_id,
        case=f"{site}-case",
        enterprise=enterprise,
        site=site,
        number=f"{site}-2026-001",
        revision=1,
        title="黑山煤业有限公司" if enterprise == OWN else "巴彦甲醇",
        language="zh",
        folder=str(folder),
        snapshot_sha256="0" * 64,
        summary={},
        start_ns=NOW - 30 * DAY,
        end_ns=NOW,
        created_by="system",
        created_ns=NOW,
    )


def _judged(session: Session, enterprise: str) -> dict[str, str]:
    """The finding, its alarm, and a verdict on it."""
    finding = findings.findings(session, SYSTEM, enterprise=enterprise)[0].id
    alarm = records.alarms(session, SYSTEM, enterprise=enterprise)[0].id
    verdict = verdicts.give(session, SYSTEM, finding, verdicts.Said("confirmed", "seen"), NOW)
    return {"finding": finding, "verdict": str(verdict.id), "alarm": str(alarm)}
