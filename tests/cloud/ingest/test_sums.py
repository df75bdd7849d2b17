"""Hours of sums through the intake: kept once, replaced by what is told later, refused where they cannot be."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, hour_sums, ledger
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.sums_tables import HourSumsRecord
from ovoo_cloud.ingest.intake import Intake, Message, Outgoing
from ovoo_cloud.services import Services
from ovoo_contract import topics
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.delivery import Ack
from ovoo_contract.hour_sums import HourSums, SumsEnvelope
from sqlalchemy import select

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S
from tests.cloud.energy.machine_hours import Minute, hour_of, minutes

ASSET = f"{ENTERPRISE}/{SITE}/utilities/air/comp1"
SYSTEM = Scope.system()
ROWS = minutes(T0 - HOUR_NS, 1)
HOUR = hour_of(ASSET, ROWS, T0 - HOUR_NS)
LATER = replace(HOUR, made_ns=HOUR.made_ns + S)
HUGE = [Minute(row.at_ns, row.regime, row.flow * 1e150, row.pressure, row.power_kw) for row in ROWS]
PARTIAL = hour_of(ASSET, ROWS[:30], T0 - HOUR_NS, made_ns=HOUR.made_ns + 2 * S)


@pytest.fixture
def intake(services: Services, clock: Callable[[], int]) -> Intake:
    services.store.ensure_enterprise(ENTERPRISE)
    return Intake(services.database, services.store, clock, timezone="Asia/Shanghai")


def message(hour: HourSums, seq: int = 1, gateway: str = GATEWAY) -> Message:
    return Message(topics.sums(gateway), SumsEnvelope(7, seq, hour).to_bytes())


def answer(outgoing: list[Outgoing]) -> Ack:
    (ack,) = [Ack.from_json(item.payload) for item in outgoing if item.topic == topics.ack(GATEWAY)]
    return ack


def held(database: Database) -> list[HourSumsRecord]:
    with database.read() as session:
        return list(session.scalars(select(HourSumsRecord).order_by(HourSumsRecord.hour_ns)))


def test_an_hour_is_kept_once_and_acknowledged_each_time(services: Services, intake: Intake) -> None:
    for _ in range(2):
        assert answer(intake.handle([message(HOUR)])).ranges.to_list() == [[1, 1]]

    (row,) = held(services.database)
    assert HourSums.from_bytes(row.content) == HOUR
    assert (row.gateway, row.asset, row.site, row.version) == (GATEWAY, ASSET, SITE, 1)
    assert (row.minutes, row.rows, row.layout) == (60, 60, HOUR.layout.key)
    with services.database.read() as session:
        assert ledger.gaps(session, SYSTEM, GATEWAY) == []
    assert (intake.counters.sums, intake.counters.known) == (1, 1)


@pytest.mark.parametrize("where", [("bayan-chem", SITE), (ENTERPRISE, "another")])
def test_a_foreign_machine_is_refused_and_audited(services: Services, intake: Intake, where: tuple[str, str]) -> None:
    foreign = hour_of(f"{where[0]}/{where[1]}/utilities/air/comp1", ROWS, HOUR.start_ns)

    for _ in range(2):
        assert [(item.seq, item.code) for item in answer(intake.handle([message(foreign)])).rejected] == [
            (1, "foreign_address")
        ]

    assert held(services.database) == []
    with services.database.read() as session:
        entries = [row for row in audit.listing(session, SYSTEM) if row.action == "delivery.foreign_address"]
    assert [row.actor for row in entries] == [GATEWAY]


def altered(**changes: object) -> HourSums:
    """The hour with sums that are not those of its digest."""
    return replace(HOUR, sums={**HOUR.sums, "body": {**HOUR.sums["body"], **changes}})


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(SumsEnvelope(7, 1, altered(regimes=2)).to_bytes(), id="damaged"),
        pytest.param(SumsEnvelope(7, 1, replace(HOUR, rows=(0, 0, 60))).to_bytes(), id="other numbers of rows"),
        pytest.param(SumsEnvelope(7, 1, replace(HOUR, sums={})).to_bytes(), id="no sums"),
        pytest.param(SumsEnvelope(7, 1, hour_of(ASSET, HUGE, T0 - HOUR_NS)).to_bytes(), id="beyond numbers"),
        pytest.param(zlib.compress(b'{"epoch":"7","seq":"1","hour":{}}'), id="no hour"),
    ],
)
def test_an_hour_that_does_not_add_up_is_rejected_and_stays_so(intake: Intake, payload: bytes) -> None:
    for _ in range(2):
        refused = answer(intake.handle([Message(topics.sums(GATEWAY), payload)])).rejected
        assert [(item.seq, item.code) for item in refused] == [(1, "sums")]


def test_an_hour_without_a_place_or_of_an_unknown_gateway_is_not_answered(intake: Intake) -> None:
    assert intake.handle([Message(topics.sums(GATEWAY), b"rubbish")]) == []
    assert intake.handle([message(HOUR, gateway="nobody-gw")]) == []
    assert (intake.counters.refused["sums"], intake.counters.refused["unknown_gateway"]) == (1, 1)


@pytest.mark.parametrize(
    ("told", "outcomes", "version", "stands"),
    [
        ((HOUR, LATER), ("new", "replaced"), 2, LATER),
        ((LATER, HOUR), ("new", "older"), 1, LATER),
        ((HOUR, HOUR), ("new", "same"), 1, HOUR),
        ((HOUR, PARTIAL), ("new", "fewer"), 1, HOUR),
        ((replace(PARTIAL, made_ns=HOUR.made_ns - S), HOUR, LATER), ("new", "replaced", "replaced"), 3, LATER),
    ],
)
def test_what_is_told_later_replaces_unless_it_covers_less(
    database: Database, told: tuple[HourSums, ...], outcomes: tuple[str, ...], version: int, stands: HourSums
) -> None:
    with database.write() as session:
        builders.tenant(session)

    for hour, outcome in zip(told, outcomes, strict=True):
        with database.write() as session:
            assert hour_sums.record(session, GATEWAY, hour, T0) == outcome

    (row,) = held(database)
    assert HourSums.from_bytes(row.content) == stands
    assert row.version == version
    with database.read() as session:
        actions = [entry.action for entry in audit.listing(session, SYSTEM) if entry.action.startswith("sums.")]
        span = hour_sums.machines(session, SYSTEM, ENTERPRISE, SITE)
    assert actions.count("sums.replaced") == outcomes.count("replaced")
    assert actions.count("sums.kept") == outcomes.count("fewer")
    assert [(each.asset, each.first_ns, each.hours) for each in span] == [(ASSET, HOUR.start_ns, 1)]
