"""Repositories on both engines: scopes, ledger, findings, audit, jobs, cases."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, cases, energy_settings, enterprises, findings, gateways, jobs, ledger, signals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.ledger import LedgerEntry
from ovoo_cloud.catalogue.tables import AuditEntry, Gateway, Report
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.delivery import Rejection
from ovoo_contract.errors import ConfigError, Forbidden, NotFound, VerifyError
from ovoo_contract.ranges import SeqRanges
from ovoo_packs import instantiate, load_pack
from sqlalchemy import update

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, FAN, GATEWAY, SITE, T0, S

SYSTEM = Scope.system()
OWN = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}))
FOREIGN = Scope("wang", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))
EXPERT = Scope("bai", Role.CENTRE_EXPERT, frozenset({"bayan-chem"}))


@pytest.fixture(autouse=True)
def _tenant(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)


def test_what_is_foreign_is_not_found_in_the_words_of_what_is_absent(database: Database) -> None:
    with database.write() as session:
        row = session.get(Gateway, GATEWAY)
        assert row is not None
        signals.save_catalogue(session, row, builders.catalogue(), now_ns=T0)
        found = findings.upsert(session, GATEWAY, builders.finding(), T0)
    with database.read() as session:
        questions: list[tuple[Callable[[Scope, str], object], str]] = [
            (lambda scope, name: gateways.gateway(session, scope, name), GATEWAY),
            (lambda scope, name: signals.asset(session, scope, name), FAN),
            (lambda scope, name: signals.signal(session, scope, name), f"{FAN}/power"),
            (lambda scope, name: findings.finding(session, scope, name), found.id),
            (lambda scope, name: enterprises.enterprise(session, scope, name), ENTERPRISE),
        ]
        for ask, name in questions:
            assert ask(OWN, name) is not None
            with pytest.raises(NotFound) as foreign:
                ask(FOREIGN, name)
            with pytest.raises(NotFound) as absent:
                ask(FOREIGN, name + "x")
            assert str(foreign.value).replace(name, "*") == str(absent.value).replace(name + "x", "*")
        assert list(findings.findings(session, FOREIGN)) == []
        assert list(gateways.gateways(session, FOREIGN)) == []
        with pytest.raises(NotFound):
            signals.signals(session, FOREIGN, ENTERPRISE)


def test_a_region_viewer_sees_no_plant_data(database: Database) -> None:
    scope = Scope("region", Role.REGION_VIEWER)
    with database.read() as session:
        for ask in (gateways.gateways, findings.findings, enterprises.sites):
            with pytest.raises(Forbidden, match="role does not allow"):
                ask(session, scope)


def test_an_asset_is_recognised_by_its_signals(database: Database) -> None:
    template = load_pack("coal_mine").templates["main_fan"]
    with database.write() as session:
        row = session.get(Gateway, GATEWAY)
        assert row is not None
        signals.save_catalogue(session, row, Catalogue(instantiate(template, AssetAddress.parse(FAN))), now_ns=T0)
    with database.read() as session:
        asset = signals.asset(session, OWN, FAN)
        names = [signal.name for signal in signals.signals(session, OWN, ENTERPRISE, asset=FAN)]
    assert (asset.pack, asset.template, asset.name_zh) == ("coal_mine", "main_fan", template.name_zh)
    assert set(names) == {signal.name for signal in template.signals}


def test_a_new_catalogue_retires_the_signals_it_leaves_out(database: Database) -> None:
    with database.write() as session:
        row = session.get(Gateway, GATEWAY)
        assert row is not None
        signals.save_catalogue(session, row, builders.catalogue(("flow", "power")), now_ns=T0)
        signals.save_catalogue(session, row, builders.catalogue(("power", "speed")), now_ns=T0 + S)
    with database.read() as session:
        assert [row.name for row in signals.signals(session, OWN, ENTERPRISE)] == ["power", "speed"]
        assert len(signals.signals(session, OWN, ENTERPRISE, current_only=False)) == 3
        entry = signals.lookup(session, builders.address("flow"))
        assert entry is not None
        assert entry.unit == "m3/s"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 6)), min_size=1, max_size=25))
def test_the_ledger_is_the_union_of_what_came_in_any_order(
    database: Database, deliveries: list[tuple[int, int]]
) -> None:
    epoch = random.Random(repr(deliveries)).getrandbits(64)
    with database.write() as session:
        for first, merged in deliveries:
            ledger.record(session, LedgerEntry(GATEWAY, epoch, first, first + merged - 1, 10, T0, T0 + S), T0)
    with database.read() as session:
        rows = [row for row in ledger.ranges(session, SYSTEM, GATEWAY) if row.epoch == epoch]
        missing = [gap for gap in ledger.gaps(session, SYSTEM, GATEWAY) if gap.epoch == epoch]

    expected = SeqRanges((first, first + merged - 1) for first, merged in deliveries)
    assert [[row.first, row.last] for row in rows] == expected.to_list()
    covered = SeqRanges((gap.first, gap.last) for gap in missing).union(expected)
    assert covered.to_list() == [[1, expected.to_list()[-1][1]]]
    assert sum(gap.count for gap in missing) + expected.count == expected.to_list()[-1][1]


def test_a_known_delivery_is_not_counted_again(database: Database) -> None:
    entry = LedgerEntry(GATEWAY, 2**64 - 1, 1, 5, 100, T0, T0 + S, duplicates=3)
    with database.write() as session:
        assert ledger.record(session, entry, T0)
        assert not ledger.record(session, entry, T0 + S)
    with database.read() as session:
        (counter,) = ledger.completeness(session, SYSTEM, GATEWAY, 0, T0 + S)
        (row,) = ledger.ranges(session, SYSTEM, GATEWAY)
    assert (counter.stored, counter.duplicates, row.rows, row.epoch) == (100, 3, 100, 2**64 - 1)


def test_a_refused_row_is_no_gap(database: Database) -> None:
    with database.write() as session:
        ledger.record(session, LedgerEntry(GATEWAY, 7, 1, 2, 1, None, None), T0)
        ledger.record(session, LedgerEntry(GATEWAY, 7, 5, 5, 1, None, None), T0)
        ledger.refuse(session, GATEWAY, 7, [Rejection(3, "wire", "broken")], T0)
    with database.read() as session:
        assert [(gap.first, gap.last) for gap in ledger.gaps(session, SYSTEM, GATEWAY)] == [(4, 4)]
        with pytest.raises(NotFound):
            ledger.gaps(session, FOREIGN, GATEWAY)


def test_a_finding_keeps_the_version_that_saw_more_in_any_order(database: Database) -> None:
    versions = [builders.finding(end_ns=T0 + n * S, open_=n < 4) for n in range(1, 5)]
    for order in (versions, versions[::-1], [versions[3], versions[0], versions[2], versions[1]]):
        with database.write() as session:
            for version in order:
                row = findings.upsert(session, GATEWAY, version, T0)
        assert (row.end_ns, row.open) == (T0 + 4 * S, False)
        assert findings.finding_of(row) == versions[3]


def test_findings_page_newest_first(database: Database) -> None:
    with database.write() as session:
        for n in range(7):
            findings.upsert(session, GATEWAY, builders.finding(T0 + n * S, T0 + 100 * S), T0)
    seen: list[int] = []
    before = None
    with database.read() as session:
        while page := findings.findings(session, OWN, limit=3, before=before):
            seen += [row.start_ns for row in page]
            before = (page[-1].start_ns, page[-1].id)
    assert seen == [T0 + n * S for n in range(6, -1, -1)]


def test_a_changed_audit_line_breaks_the_chain(database: Database) -> None:
    with database.write() as session:
        for n in range(3):
            audit.append(session, actor="li", action="alarm.acknowledge", subject=str(n), at_ns=T0, detail={"n": n})
    with database.read() as session:
        count = audit.verify_chain(session)
    with database.write() as session:
        session.execute(update(AuditEntry).where(AuditEntry.seq == count - 1).values(actor="nobody"))
    with database.read() as session, pytest.raises(VerifyError, match=f"audit line {count - 1}"):
        audit.verify_chain(session)


def test_a_job_is_claimed_once_and_keeps_its_result(database: Database) -> None:
    with database.write() as session:
        queued = jobs.enqueue(session, SYSTEM, "report", {"case": "c"}, enterprise=ENTERPRISE, now_ns=T0)
    with database.write() as session:
        claimed = jobs.claim(session, T0 + S)
        assert claimed is not None
        assert jobs.claim(session, T0 + S) is None
        jobs.report_progress(session, claimed.id, 0.5)
        jobs.finish(session, claimed.id, T0 + 2 * S, result={"report": "r1"})
    with database.read() as session:
        done = jobs.job(session, OWN, queued.id)
        with pytest.raises(NotFound):
            jobs.job(session, FOREIGN, queued.id)
    assert (done.state, done.progress, done.result) == ("done", 1.0, {"report": "r1"})


def test_a_run_left_by_a_dead_process_fails_visibly(database: Database) -> None:
    with database.write() as session:
        jobs.enqueue(session, SYSTEM, "report", {}, now_ns=T0)
        jobs.claim(session, T0)
    with database.write() as session:
        assert jobs.recover(session, T0 + S) == 1
    with database.read() as session:
        assert jobs.jobs(session, SYSTEM)[0].state == "failed"


def test_cases_and_reports_stay_with_their_enterprise(database: Database) -> None:
    with database.write() as session:
        cases.save_case(
            session, SYSTEM, "case-1", enterprise=ENTERPRISE, site=SITE, title="诊断", intake={"a": "1"}, now_ns=T0
        )
        report = Report(
            id="hs-1-r1",
            case="case-1",
            enterprise=ENTERPRISE,
            site=SITE,
            number="HS-1",
            revision=1,
            title="报告",
            language="zh",
            folder="x",
            snapshot_sha256="0" * 64,
            summary={},
            start_ns=T0,
            end_ns=T0 + S,
            created_by="bai",
            created_ns=T0,
        )
        cases.save_report(session, SYSTEM, report)
    with database.write() as session:
        assert cases.next_revision(session, "HS-1") == 2
        with pytest.raises(NotFound):
            cases.case(session, EXPERT, "case-1")
        with pytest.raises(NotFound):
            cases.report(session, EXPERT, "hs-1-r1")
        with pytest.raises(NotFound):
            cases.save_case(session, EXPERT, "case-2", enterprise=ENTERPRISE, site=SITE, title="", intake={}, now_ns=T0)


def test_a_price_needs_its_document(database: Database) -> None:
    with database.write() as session:
        assert energy_settings.chosen_tariff(session, OWN, ENTERPRISE, SITE) is None
        with pytest.raises(ConfigError, match="needs its document"):
            energy_settings.choose_tariff(
                session, OWN, ENTERPRISE, SITE, tariff="", source="", flat_price_yuan=0.4, now_ns=T0
            )


def test_a_gateway_stays_with_its_enterprise(database: Database) -> None:
    with database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, "bayan-chem")
        enterprises.save_site(session, SYSTEM, "bayan-chem", "bayan")
    with database.write() as session, pytest.raises(ConfigError, match="taken"):
        gateways.register(session, SYSTEM, GATEWAY, enterprise="bayan-chem", sites=["bayan"], now_ns=T0)


def test_a_gateway_cannot_take_the_clouds_own_name(database: Database) -> None:
    with database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, "heishan-coal")
        enterprises.save_site(session, SYSTEM, "heishan-coal", "heishan")

    with database.write() as session, pytest.raises(ConfigError, match="reserved"):
        gateways.register(session, SYSTEM, "ovoo-cloud", enterprise="heishan-coal", sites=["heishan"], now_ns=1)
