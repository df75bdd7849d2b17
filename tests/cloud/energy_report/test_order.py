"""Ordering a month: by job, by route and by command line; the plan from the site's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud import cli
from ovoo_cloud.access import grants, users
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases, energy_contracts, energy_settings, jobs
from ovoo_cloud.energy_report.site_plan import plan_of_site
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.jobs.month_report import default_number
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.reports.signing import create_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import ConfigError, ConfigErrors, NotFound

from tests.cloud.api.plant import TERMS
from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.stored import SYSTEM, fill

NOW = dairy.END + 2 * dairy.DAY_NS


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The dairy from April on in the embedded store, two days after the month, with a tariff and a price."""
    with build_services(Settings(data_dir=tmp_path / "data", access_consent="own"), clock=lambda: NOW) as opened:
        fill(opened, dairy.batches(start="2026-04-01"))
        with opened.database.write() as session:
            energy_settings.choose_tariff(
                session, SYSTEM, dairy.ENTERPRISE, dairy.SITE, tariff="west", source="购电合同2026.pdf",
                flat_price_yuan=0.52, now_ns=NOW,
            )  # fmt: skip
        create_key(opened.settings.authority_dir)
        yield opened


def public_key(services: Services) -> Path:
    return services.settings.authority_dir / "report-key.pub.pem"


def plan_of(services: Services, told: dict[str, Any] | None = None, scope: Scope = SYSTEM) -> Any:
    with services.database.read() as session:
        return plan_of_site(session, scope, dairy.ENTERPRISE, dairy.SITE, dairy.MONTH, told)


def test_the_plan_takes_register_meter_tariff_and_price_from_the_settings(services: Services) -> None:
    plan = plan_of(services)

    assert [str(each) for each in plan.case.energy.meters] == [str(dairy.METER)]
    assert {machine.id for machine in plan.case.machines} == {"comp1", "dryer1", "store1"}
    assert plan.case.sites[0].grid == "west"
    assert plan.bill is not None
    assert [(each.document, str(each.price)) for each in plan.bill.charges] == [("购电合同2026.pdf", "0.52")]
    assert plan.case.profile.sector == "dairy"


def test_a_contract_goes_before_the_one_price_of_the_settings(services: Services) -> None:
    terms = {
        **TERMS,
        "shiftable": [],
        "power_factor": {"document": "rules.pdf", "target": "0.90", "steps": [["0", "5"], ["0.90", "0"]]},
    }
    with services.database.write() as session:
        energy_contracts.save_contract(session, SYSTEM, dairy.ENTERPRISE, dairy.SITE, terms, now_ns=NOW)

    plan = plan_of(services)

    assert plan.bill is not None
    assert [(each.name, each.form, str(each.price)) for each in plan.bill.charges] == [
        ("energy", "ratio", "0.40"),
        ("fund", "flat", "0.03"),
    ]
    assert plan.bill.fictitious
    assert (plan.bill.basic.per, str(plan.bill.basic.contract_kw)) == ("kW", "500")
    assert len(plan.bill.factor.steps) == 2


def test_energy_at_market_prices_is_not_billed_from_the_other_lines(services: Services) -> None:
    with services.database.write() as session:
        terms = {**TERMS, "market": "spot", "shiftable": []}
        energy_contracts.save_contract(session, SYSTEM, dairy.ENTERPRISE, dairy.SITE, terms, now_ns=NOW)

    bill = plan_of(services).bill

    assert bill is not None
    assert (bill.market.name, bill.market.uploads) == ("spot", ())


def test_what_is_told_goes_before_the_settings_and_mistakes_are_named(services: Services) -> None:
    told = {name: dairy.told()[name] for name in ("bill", "accuracy", "decisions")}

    assert plan_of(services, told).bill.fictitious
    with pytest.raises(ConfigErrors, match="unknown key"):
        plan_of(services, {"bil": {}})
    with pytest.raises(ConfigError, match="not an input"):
        plan_of(services, {"site": "other"})


def test_a_foreign_site_is_absent(services: Services) -> None:
    with pytest.raises(NotFound):
        plan_of(services, scope=Scope("eve", Role.ENTERPRISE_ENGINEER, frozenset({"other"})))


CONSENT = grants.Terms((Purpose.REPORT,), (dairy.SITE,), NOW, NOW + 30 * dairy.DAY_NS, "能源月报")


def test_the_job_issues_a_bundle_that_verifies_against_the_store(services: Services) -> None:
    with services.database.write() as session:
        users.create_user(
            session, SYSTEM, "bai", password="a long enough password", role=Role.CENTRE_EXPERT, now_ns=NOW
        )
        owner = Scope("owner", Role.ENTERPRISE_ENGINEER, frozenset({dairy.ENTERPRISE}))
        grants.give(session, owner, dairy.ENTERPRISE, CONSENT, NOW)
        order = {"enterprise": dairy.ENTERPRISE, "site": dairy.SITE, "month": dairy.MONTH, "languages": ["zh", "en"]}
        scope = Scope("bai", Role.CENTRE_EXPERT, None)
        jobs.enqueue(session, scope, "energy_report", order, enterprise=dairy.ENTERPRISE, now_ns=NOW)

    assert Worker(services).run_next()

    with services.database.read() as session:
        done = jobs.jobs(session, SYSTEM)[0]
        assert done.state == "done", done.error
        row = cases.report(session, SYSTEM, done.result["report"])
    evidence = StoreEvidence(services, dairy.ENTERPRISE, SYSTEM)
    checked = verify_bundle(Path(row.folder), trust=public_key(services), deep=evidence)
    assert (checked.mismatches, checked.level) == ((), 2)
    assert (row.site, row.number) == (dairy.SITE, default_number(dairy.ENTERPRISE, dairy.SITE, dairy.MONTH))
    assert row.summary["month"] == dairy.MONTH
    assert row.created_by == "bai"


def test_a_month_that_has_not_begun_is_refused_in_words(services: Services) -> None:
    with services.database.write() as session:
        order = {"enterprise": dairy.ENTERPRISE, "site": dairy.SITE, "month": "2026-07"}
        jobs.enqueue(session, SYSTEM, "energy_report", order, now_ns=NOW)

    Worker(services).run_next()

    with services.database.read() as session:
        assert "has not begun" in jobs.jobs(session, SYSTEM)[0].error


def test_the_command_line_issues_and_verifies(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = services.settings.data_dir
    key = public_key(services)
    services.close()
    words = ["--enterprise", dairy.ENTERPRISE, "--site", dairy.SITE, "--month", dairy.MONTH]
    shared = ["--data-dir", str(data), "--json"]

    made = cli.main(
        ["energy-report", *shared, *words, "--language", "en", "--format", "pdf", "--out", str(tmp_path / "out")]
    )
    document = json.loads(capsys.readouterr().out)
    plain = cli.main(["verify", *shared, str(tmp_path / "out"), "--trust", str(key), "--deep"])
    verdict = json.loads(capsys.readouterr().out)
    refused = cli.main(["energy-report", *shared, *words[:-1], "May"])

    assert (made, plain, refused) == (0, 0, 2)
    assert sorted(each.name for each in (tmp_path / "out").glob("report.*")) == ["report.json", "report.pdf"]
    assert document["month"] == dairy.MONTH
    assert float(document["figures"]["bill.total"]["value"]) > 0
    assert (verdict["ok"], verdict["level"]) == (True, 2)
