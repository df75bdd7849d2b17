"""What people say becomes the configuration of the gateways that deliver the machine, and of no other."""

from __future__ import annotations

import json

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, desired, findings, gateways, signals, verdicts
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import AuditEntry, DesiredRecord, Gateway
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import Forbidden, NotFound, QueryError
from ovoo_contract.findings import Finding
from ovoo_contract.gateway_config import DesiredConfig, ReportedConfig
from sqlalchemy import select

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, FAN, GATEWAY, SITE, T0, S

SYSTEM = Scope.system()
SECOND_GATEWAY, FOREIGN, FOREIGN_GATEWAY = "heishan-gw2", "bayan-coal", "bayan-gw1"
PUMP = f"{ENTERPRISE}/{SITE}/water/main/pump1"
FOREIGN_FAN = f"{FOREIGN}/bayan/ventilation/main/fan1"


@pytest.fixture(autouse=True)
def _tenants(database: Database) -> None:
    """Two gateways of one plant, each with a machine, and one of another plant."""
    with database.write() as session:
        builders.tenant(session)
        builders.tenant(session, FOREIGN, "bayan", FOREIGN_GATEWAY)
        gateways.register(session, SYSTEM, SECOND_GATEWAY, enterprise=ENTERPRISE, sites=[SITE], now_ns=T0)
        for gateway, asset in ((GATEWAY, FAN), (SECOND_GATEWAY, PUMP), (FOREIGN_GATEWAY, FOREIGN_FAN)):
            row = session.get(Gateway, gateway)
            assert row is not None
            signals.save_catalogue(session, row, builders.catalogue(asset=asset), now_ns=T0)


def judged(database: Database, asset: str, opinion: str = "false", number: int = 0) -> tuple[str, int]:
    """A finding on an asset with an opinion; their ids."""
    start = T0 + number * S
    address = AssetAddress.parse(asset)
    found = Finding("anomaly.multivariate", "warning", address, start, start + S, value=1.4, model="mewma")
    until = T0 + 10**6 * S if opinion == "known" else 0
    with database.write() as session:
        findings.upsert(session, GATEWAY, found, found.end_ns)
        said = verdicts.Said(opinion, "", until)  # type: ignore[arg-type]
        return found.id, verdicts.give(session, SYSTEM, found.id, said, T0).id


def followed(database: Database, now_ns: int = T0) -> dict[str, DesiredConfig]:
    with database.write() as session:
        desired.follow(session, now_ns)
    with database.read() as session:
        assert desired.changes(session) == []
        return dict(desired.published(session))


def report(database: Database, told: ReportedConfig, gateway: str = GATEWAY) -> None:
    with database.write() as session:
        row = session.get(Gateway, gateway)
        assert row is not None
        row.reported = json.loads(told.to_json())


def test_without_an_opinion_nothing_is_asked_of_a_gateway(database: Database) -> None:
    assert followed(database) == {}


def test_an_opinion_goes_to_the_gateway_of_its_machine_only(database: Database) -> None:
    judged(database, FAN)
    judged(database, FOREIGN_FAN, "known")

    found = followed(database)

    assert found.keys() == {GATEWAY, FOREIGN_GATEWAY}
    assert found[GATEWAY].assets == {AssetAddress.parse(FAN)}
    assert found[FOREIGN_GATEWAY].assets == {AssetAddress.parse(FOREIGN_FAN)}
    assert found[GATEWAY].feedback[AssetAddress.parse(FAN)]["relief"] == {"mewma": 1.25}


def test_following_again_keeps_the_version_and_a_change_raises_it(database: Database) -> None:
    judged(database, FAN)
    first = followed(database)[GATEWAY]
    again = followed(database, T0 + S)[GATEWAY]
    judged(database, FAN, number=1)
    later = followed(database, T0 + 2 * S)[GATEWAY]

    assert (first.version, again.version, later.version) == (1, 1, 2)
    assert first.hash == again.hash != later.hash


def test_an_opinion_that_is_taken_back_leaves_an_empty_configuration(database: Database) -> None:
    finding, verdict = judged(database, FAN)
    followed(database)
    with database.write() as session:
        verdicts.withdraw(session, SYSTEM, finding, verdict, T0 + S)

    found = followed(database)[GATEWAY]

    assert (found.version, dict(found.feedback)) == (2, {})


def test_windows_for_training_stay_here(database: Database) -> None:
    judged(database, FAN, "confirmed")
    assert followed(database) == {}


def test_a_machine_that_moves_to_another_gateway_takes_its_opinions_along(database: Database) -> None:
    judged(database, FAN)
    followed(database)
    with database.write() as session:
        row = session.get(Gateway, SECOND_GATEWAY)
        assert row is not None
        signals.save_catalogue(session, row, builders.catalogue(asset=FAN), now_ns=T0 + S)

    found = followed(database)

    assert dict(found[GATEWAY].feedback) == {}
    assert found[SECOND_GATEWAY].assets == {AssetAddress.parse(FAN)}


def test_a_gateway_is_told_nothing_of_a_site_that_was_taken_from_it(database: Database) -> None:
    judged(database, FAN)
    followed(database)
    with database.write() as session:
        row = session.get(Gateway, GATEWAY)
        assert row is not None
        row.sites = ["elsewhere"]
    assert dict(followed(database)[GATEWAY].feedback) == {}


def test_nothing_is_published_for_a_revoked_gateway(database: Database) -> None:
    judged(database, FAN)
    followed(database)
    with database.write() as session:
        gateways.set_status(session, SYSTEM, GATEWAY, "revoked", T0)
    judged(database, FAN, number=1)
    assert followed(database) == {}


@pytest.mark.parametrize(("version", "digest"), [(7, "0" * 16), (1, "0" * 16)])
def test_after_a_restored_backup_the_version_passes_what_the_gateway_runs(
    database: Database, version: int, digest: str
) -> None:
    judged(database, FAN)
    before = followed(database)[GATEWAY]
    report(database, ReportedConfig(version, digest))

    after = followed(database)[GATEWAY]

    assert after.version == version + 1
    assert after.hash == before.hash


def test_each_version_is_in_the_audit_log(database: Database) -> None:
    judged(database, FAN)
    followed(database)
    with database.read() as session:
        lines = session.scalars(select(AuditEntry).where(AuditEntry.action == "gateway.config")).all()
        assert [(line.actor, line.subject, line.enterprise) for line in lines] == [("ovoo-cloud", GATEWAY, ENTERPRISE)]
        assert lines[0].detail["assets"] == [FAN]
        assert audit.verify_chain(session) > 0


def state_of(database: Database) -> str:
    with database.read() as session:
        row = session.get(Gateway, GATEWAY)
        assert row is not None
        return desired.status(session, row).state


def test_the_state_says_how_far_a_configuration_came(database: Database) -> None:
    states = [state_of(database)]
    judged(database, FAN)
    wanted = followed(database)[GATEWAY]
    for told in (
        None,
        ReportedConfig(),
        ReportedConfig(refused="relief out of bounds"),
        ReportedConfig(wanted.version, wanted.hash),
    ):
        if told is not None:
            report(database, told)
        states.append(state_of(database))
    assert states == ["none", "silent", "waiting", "refused", "applied"]


def test_a_row_is_the_document_that_travels(database: Database) -> None:
    judged(database, FAN)
    wanted = followed(database)[GATEWAY]
    with database.read() as session:
        row = session.get(DesiredRecord, GATEWAY)
        assert row is not None
        assert DesiredConfig.from_json(desired.config_of(row).to_json()) == wanted
        assert row.hash == wanted.hash


RIVAL, CHAMPION = "b" * 16, "a" * 16
ENGINEER = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}))
VIEWER = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
STRANGER = Scope("chen", Role.ENTERPRISE_ENGINEER, frozenset({FOREIGN}))


def promoted(database: Database, scope: Scope = ENGINEER, asset: str = FAN, model: str = RIVAL) -> DesiredConfig:
    with database.write() as session:
        row = desired.promote(session, scope, GATEWAY, asset, model, T0).desired
        assert row is not None
        return desired.config_of(row)


def test_a_challenger_that_the_gateway_reports_is_asked_to_be_champion_until_it_is(database: Database) -> None:
    report(database, ReportedConfig(models={FAN: CHAMPION}, challengers={FAN: RIVAL}))
    asked = promoted(database)
    assert (asked.version, dict(asked.promote)) == (1, {AssetAddress.parse(FAN): RIVAL})
    assert promoted(database) == asked == followed(database)[GATEWAY]

    report(database, ReportedConfig(asked.version, asked.hash, models={FAN: RIVAL}))

    done = followed(database)[GATEWAY]
    assert (done.version, dict(done.promote)) == (2, {})


def test_a_promotion_keeps_what_people_said_and_is_in_the_audit_log_with_its_author(database: Database) -> None:
    judged(database, FAN)
    followed(database)
    report(database, ReportedConfig(challengers={FAN: RIVAL}))

    asked = promoted(database)

    assert asked.assets == {AssetAddress.parse(FAN)}
    assert asked.feedback[AssetAddress.parse(FAN)]["relief"] == {"mewma": 1.25}
    with database.read() as session:
        lines = session.scalars(select(AuditEntry).where(AuditEntry.action == "model.promote")).all()
        assert [(line.actor, line.subject, line.detail[FAN]) for line in lines] == [("li", GATEWAY, RIVAL)]


def test_a_promotion_that_was_refused_can_be_taken_back(database: Database) -> None:
    report(database, ReportedConfig(challengers={FAN: RIVAL}))
    promoted(database)
    for _ in range(2):
        with database.write() as session:
            desired.withdraw_promotion(session, ENGINEER, GATEWAY, FAN, T0)
    found = followed(database)[GATEWAY]
    assert (found.version, dict(found.promote)) == (2, {})


@pytest.mark.parametrize(
    ("asset", "model"), [(FAN, CHAMPION), (PUMP, RIVAL), (FOREIGN_FAN, RIVAL), ("", RIVAL), ("fan1", RIVAL)]
)
def test_what_the_gateway_does_not_report_of_its_own_machines_is_not_asked(
    database: Database, asset: str, model: str
) -> None:
    report(database, ReportedConfig(challengers={FAN: RIVAL, FOREIGN_FAN: RIVAL}))
    with pytest.raises(QueryError, match="no such challenger"):
        promoted(database, asset=asset, model=model)
    assert followed(database) == {}


@pytest.mark.parametrize(("scope", "error"), [(VIEWER, Forbidden), (STRANGER, NotFound)])
def test_only_who_may_change_models_of_that_plant_promotes(
    database: Database, scope: Scope, error: type[Exception]
) -> None:
    report(database, ReportedConfig(challengers={FAN: RIVAL}))
    with pytest.raises(error):
        promoted(database, scope)
