from __future__ import annotations

import pathlib
import zlib
from collections.abc import Sequence

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.alarms import records as alarms
from ovoo_cloud.catalogue import completeness, findings, gateways, ledger, signals
from ovoo_cloud.catalogue.completeness import SignalAccount
from ovoo_cloud.catalogue.tables import AuditEntry, TouchedDay
from ovoo_cloud.ingest.intake import Intake, Message, Outgoing
from ovoo_cloud.ingest.messages import figures_of
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import Delivery
from ovoo_cloud.stores.embedded import EmbeddedStore
from ovoo_contract import topics
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.completeness import HOUR_NS, CompletenessEnvelope, HourReport, LostInterval
from ovoo_contract.delivery import Ack, EventEnvelope, GatewayState, Request
from ovoo_contract.errors import NotFound, StoreUnavailable
from ovoo_contract.findings import Finding
from ovoo_contract.wire import FLAG_BACKFILL, encode_batch
from sqlalchemy import select

from tests.cloud import builders
from tests.cloud.builders import FAN, GATEWAY, T0, S, address, steady
from tests.cloud.conftest import Clock

SYSTEM = Scope.system()
FOREIGN_FAN = "bayan-chem/bayan/ventilation/main/fan1"


@pytest.fixture
def intake(services: Services) -> Intake:
    return Intake(services.database, services.store, services.clock, timezone="Asia/Shanghai")


def catalogue_message(listed: Catalogue, gateway: str = GATEWAY) -> Message:
    return Message(topics.catalog(gateway, listed.id), listed.to_json())


def message(delivery: Delivery) -> Message:
    return Message(topics.batch(delivery.gateway), encode_batch(delivery.header, delivery.batch))


def event(finding: Finding, seq: int = 1, epoch: int = 7) -> Message:
    return Message(topics.event(GATEWAY), EventEnvelope(epoch, seq, finding).to_json())


def acks(answers: Sequence[Outgoing]) -> Ack:
    found = [Ack.from_json(answer.payload) for answer in answers if answer.topic == topics.ack(GATEWAY)]
    assert len(found) == 1
    return found[0]


def actions(services: Services) -> list[str]:
    with services.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def test_a_batch_is_stored_entered_and_acknowledged(services: Services, intake: Intake) -> None:
    sent = builders.delivery(steady(1, 100))

    # the batch stands before its catalogue: within one group that does not matter
    answers = intake.handle([message(sent), catalogue_message(builders.catalogue())])

    assert acks(answers).ranges.to_list() == [[1, 1]]
    assert len(services.store.raw(address(), T0, T0 + 200 * S, 1000)) == 100
    with services.database.read() as session:
        assert ledger.gaps(session, SYSTEM, GATEWAY) == []
        assert ledger.ranges(session, SYSTEM, GATEWAY)[0].rows == 100
        assert [row.name for row in signals.signals(session, SYSTEM, builders.ENTERPRISE)] == ["flow", "power", "state"]


def test_acks_of_a_group_come_as_one_per_gateway_and_epoch(intake: Intake) -> None:
    group = [message(builders.delivery(steady(1, 5, start_ns=T0 + n * 9 * S), n)) for n in (1, 2, 3, 7)]

    answers = intake.handle([catalogue_message(builders.catalogue()), *group])

    assert acks(answers).ranges.to_list() == [[1, 3], [7, 7]]


def test_a_known_delivery_is_acknowledged_again_and_stored_once(services: Services, intake: Intake) -> None:
    intake.handle([catalogue_message(builders.catalogue()), message(builders.delivery(steady(1, 10)))])
    fresh = Intake(services.database, services.store, services.clock, timezone="Asia/Shanghai")

    for taker in (intake, fresh):
        again = taker.handle([message(builders.delivery(steady(1, 10)))] * 2)
        assert acks(again).ranges.to_list() == [[1, 1]]

    with services.database.read() as session:
        assert ledger.ranges(session, SYSTEM, GATEWAY)[0].rows == 10
    assert len(services.store.raw(address(), T0, T0 + 99 * S, 100)) == 10


def test_the_same_delivery_twice_in_one_group_is_stored_once(services: Services, intake: Intake) -> None:
    twice = [message(builders.delivery(steady(1, 10)))] * 2

    assert acks(intake.handle([catalogue_message(builders.catalogue()), *twice])).ranges.to_list() == [[1, 1]]
    assert intake.counters.stored == 10


def test_out_of_order_and_merged_differently_nothing_doubles(services: Services, intake: Intake) -> None:
    first, second = steady(1, 10), steady(1, 10, start_ns=T0 + 10 * S, first=10)
    both = builders.batch([(1, T0 + n * S, float(n), 0) for n in range(20)])
    intake.handle([catalogue_message(builders.catalogue()), message(builders.delivery(second, 2))])
    intake.handle([message(builders.delivery(first, 1))])

    answers = intake.handle([message(builders.delivery(both, 1, merged=2, flags=FLAG_BACKFILL))])

    assert acks(answers).ranges.to_list() == [[1, 2]]
    assert services.store.raw(address(), T0, T0 + 99 * S, 100).value.tolist() == [float(n) for n in range(20)]


def test_an_unknown_catalogue_is_asked_for_and_the_batch_waits(intake: Intake) -> None:
    sent = builders.delivery(steady(1, 10))

    answers = intake.handle([message(sent)])

    assert [answer.topic for answer in answers] == [topics.request(GATEWAY)]
    asked = Request.from_json(answers[0].payload)
    assert (asked.kind, asked.detail["catalogue_id"]) == ("catalog", sent.catalogue.id)
    assert acks(intake.handle([catalogue_message(sent.catalogue), message(sent)])).ranges.to_list() == [[1, 1]]


def test_a_foreign_address_is_rejected_and_audited(services: Services, intake: Intake) -> None:
    listed = builders.catalogue(asset=FOREIGN_FAN)
    sent = builders.delivery(steady(1, 10), signals=listed)

    answer = acks(intake.handle([catalogue_message(listed), message(sent)]))

    assert not answer.ranges
    assert [(item.seq, item.code) for item in answer.rejected] == [(1, "foreign_address")]
    assert "catalogue.foreign_address" in actions(services)
    with services.database.read() as session:
        assert list(signals.signals(session, SYSTEM, "bayan-chem")) == []
        assert ledger.rejections(session, SYSTEM, GATEWAY)[0].code == "foreign_address"


def test_a_rejected_delivery_gets_the_same_answer_again(services: Services, intake: Intake) -> None:
    listed = builders.catalogue(asset=FOREIGN_FAN)
    sent = builders.delivery(steady(1, 10), signals=listed)
    first = acks(intake.handle([catalogue_message(listed), message(sent)]))
    fresh = Intake(services.database, services.store, services.clock, timezone="Asia/Shanghai")

    assert acks(fresh.handle([message(sent)])).rejected == first.rejected


def test_a_broken_batch_is_rejected_by_its_number(services: Services, intake: Intake) -> None:
    data = bytearray(encode_batch(builders.delivery(steady(1, 10), 4).header, steady(1, 10)))
    data[-1] ^= 0xFF

    answer = acks(intake.handle([Message(topics.batch(GATEWAY), bytes(data))]))

    assert [(item.seq, item.code) for item in answer.rejected] == [(4, "wire")]
    assert "delivery.wire" in actions(services)


def test_a_row_beyond_the_catalogue_is_rejected(intake: Intake) -> None:
    answer = acks(intake.handle([catalogue_message(builders.catalogue()), message(builders.delivery(steady(9, 10)))]))

    assert [item.code for item in answer.rejected] == ["wire"]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        pytest.param("somebody/else", b"x", id="foreign topic"),
        pytest.param(f"ovoo/v1/{GATEWAY}/batch", b"", id="no bytes"),
        pytest.param(f"ovoo/v1/{GATEWAY}/batch", b"\x00" * 200, id="no header"),
        pytest.param(f"ovoo/v1/{GATEWAY}/event", b"[1", id="broken event"),
        pytest.param(f"ovoo/v1/{GATEWAY}/state", b"{}", id="empty state"),
        pytest.param(f"ovoo/v1/{GATEWAY}/config/reported", b"7", id="no object"),
        pytest.param(f"ovoo/v1/{GATEWAY}/config/reported", b'{"format":"ovoo-config/1","version":-1}', id="no version"),
        pytest.param(f"ovoo/v1/{GATEWAY}/catalog/0123456789abcdef", b"{}", id="no catalogue"),
        pytest.param("ovoo/v1/unknown-gw/batch", b"x", id="unknown gateway"),
    ],
)
def test_rubbish_is_counted_and_answers_nobody(intake: Intake, topic: str, payload: bytes) -> None:
    assert intake.handle([Message(topic, payload)]) == []
    assert sum(intake.counters.refused.values()) == 1


def test_a_catalogue_under_a_wrong_id_is_refused(intake: Intake) -> None:
    listed = builders.catalogue()

    intake.handle([Message(topics.catalog(GATEWAY, "0" * 16), listed.to_json())])

    assert intake.counters.refused == {"catalogue": 1}


def test_a_revoked_gateway_is_not_answered_any_more(services: Services, intake: Intake, clock: Clock) -> None:
    intake.handle([catalogue_message(builders.catalogue()), message(builders.delivery(steady(1, 10)))])
    with services.database.write() as session:
        gateways.set_status(session, SYSTEM, GATEWAY, "revoked", T0)
    clock.now_ns += 6 * S

    assert intake.handle([message(builders.delivery(steady(1, 10), 2))]) == []


def test_a_fresh_event_raises_an_alarm_and_its_end_returns_it(services: Services, intake: Intake, clock: Clock) -> None:
    answer = acks(intake.handle([event(builders.finding())]))
    clock.now_ns += 30 * S
    intake.handle([event(builders.finding(end_ns=T0 + 80 * S, open_=False), 2)])

    assert answer.ranges.to_list() == [[1, 1]]
    with services.database.read() as session:
        (alarm,) = alarms.alarms(session, SYSTEM)
        assert alarm.state == "returned_unacknowledged"
        assert len(findings.findings(session, SYSTEM)) == 1
        assert ledger.gaps(session, SYSTEM, GATEWAY) == []


def test_history_makes_findings_but_no_alarm(services: Services, intake: Intake, clock: Clock) -> None:
    clock.now_ns = T0 + 3600 * S

    intake.handle([event(builders.finding())])

    with services.database.read() as session:
        assert len(findings.findings(session, SYSTEM)) == 1
        assert list(alarms.alarms(session, SYSTEM)) == []


def test_a_foreign_event_is_rejected(intake: Intake) -> None:
    answer = acks(intake.handle([event(builders.finding(asset=FOREIGN_FAN))]))

    assert [item.code for item in answer.rejected] == ["foreign_address"]


def test_late_samples_mark_their_local_day(services: Services, intake: Intake, clock: Clock) -> None:
    clock.now_ns = T0 + 3 * 86_400 * S
    across_midnight = steady(1, 12, step_ns=3600 * S)  # 17:00 to 04:00 in Shanghai

    intake.handle([catalogue_message(builders.catalogue()), message(builders.delivery(across_midnight))])

    with services.database.read() as session:
        assert list(session.scalars(select(TouchedDay.day).order_by(TouchedDay.day))) == ["2025-10-09", "2025-10-10"]
        assert ledger.completeness(session, SYSTEM, GATEWAY, 0, clock.now_ns + 1)[0].late == 12


def test_state_and_reported_configuration_are_kept(services: Services, intake: Intake) -> None:
    state = GatewayState(online=True, time_ns=T0, epoch=7, backlog_rows=5, version="0.1.0")

    intake.handle(
        [
            Message(topics.state(GATEWAY), state.to_json()),
            Message(topics.config_reported(GATEWAY), b'{"hash": "abc"}'),
        ]
    )

    with services.database.read() as session:
        row = gateways.gateway(session, SYSTEM, GATEWAY)
    assert (row.state["backlog_rows"], row.reported, row.last_seen_ns) == (5, {"hash": "abc"}, T0 + 60 * S)


def test_a_store_that_is_down_acknowledges_nothing_and_the_group_may_come_again(
    tmp_path: pathlib.Path, clock: Clock
) -> None:
    store = EmbeddedStore(tmp_path / "closed")
    with build_services(Settings(data_dir=tmp_path), clock=clock, store=store) as services:
        with services.database.write() as session:
            builders.tenant(session)
        group = [catalogue_message(builders.catalogue()), message(builders.delivery(steady(1, 10)))]
        store.close()
        down = Intake(services.database, store, clock, timezone="Asia/Shanghai")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                down.handle(group)
        with services.database.read() as session:
            assert list(ledger.ranges(session, SYSTEM, GATEWAY)) == []

        again = EmbeddedStore(tmp_path / "closed")
        assert acks(
            Intake(services.database, again, clock, timezone="Asia/Shanghai").handle(group)
        ).ranges.to_list() == [[1, 1]]
        again.close()


def test_figures_of_a_state_go_to_the_store_and_a_farewell_has_none() -> None:
    online = GatewayState(online=True, time_ns=T0, backlog_rows=5, buffer_h=40.0)

    assert figures_of(online) == {"backlog": 5.0, "buffer_h": 40.0}
    assert figures_of(GatewayState(online=False, time_ns=T0)) == {}


HOUR = T0 // HOUR_NS - 1


def hour_report(*, received: int = 3600, made_ns: int = T0, signal: int = 1, hour: int = HOUR) -> HourReport:
    lost = [LostInterval(signal, hour * HOUR_NS, hour * HOUR_NS + S, "spool_full", 5)]
    return HourReport.of(builders.catalogue().id, hour, made_ns, [(signal, 3600, received, 0, 0, 0)], lost)


def report_message(report: HourReport, seq: int = 1, gateway: str = GATEWAY) -> Message:
    return Message(topics.completeness(gateway), CompletenessEnvelope(7, seq, report).to_bytes())


def stored_reports(services: Services, scope: Scope = SYSTEM) -> list[SignalAccount]:
    with services.database.read() as session:
        found = completeness.accounts(session, scope, builders.ENTERPRISE, builders.SITE, 0, T0 + HOUR_NS)
    return list(found.signals)


def test_an_account_of_an_hour_is_stored_once_and_acknowledged(services: Services, intake: Intake) -> None:
    group = [catalogue_message(builders.catalogue()), report_message(hour_report())]

    for _ in range(2):
        assert acks(intake.handle(group)).ranges.to_list() == [[1, 1]]

    (row,) = stored_reports(services)
    assert (row.address, row.hour_ns, row.gateway) == (str(address()), HOUR * HOUR_NS, GATEWAY)
    assert (row.counts.stored, row.counts.lost, row.counts.absent) == (3595, 5, 0)
    assert [item.cause for item in row.lost] == ["spool_full"]
    with services.database.read() as session:
        assert ledger.gaps(session, SYSTEM, GATEWAY) == []
    assert (intake.counters.reports, intake.counters.known) == (1, 1)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_account_made_last_counts_in_whatever_order_they_come(
    services: Services, intake: Intake, order: tuple[int, int]
) -> None:
    reports = {1: hour_report(received=3000, made_ns=T0), 2: hour_report(received=3600, made_ns=T0 + S)}

    for number in order:
        intake.handle([catalogue_message(builders.catalogue()), report_message(reports[number], number)])

    assert [row.counts.received for row in stored_reports(services)] == [3600]


def test_an_account_waits_for_its_catalogue(services: Services, intake: Intake) -> None:
    answers = intake.handle([report_message(hour_report())])

    assert [Request.from_json(item.payload).kind for item in answers] == ["catalog"]
    assert stored_reports(services) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(CompletenessEnvelope(7, 1, hour_report(signal=3)).to_bytes(), "completeness", id="beyond"),
        pytest.param(zlib.compress(b'{"epoch":"7","seq":"1","report":{}}'), "completeness", id="no report"),
        pytest.param(zlib.compress(b'{"epoch":"7","seq":"1","report":{"version":2}}'), "completeness", id="version"),
    ],
)
def test_an_account_that_cannot_be_true_is_rejected_and_stays_so(intake: Intake, payload: bytes, code: str) -> None:
    group = [catalogue_message(builders.catalogue()), Message(topics.completeness(GATEWAY), payload)]

    for _ in range(2):
        assert [(item.seq, item.code) for item in acks(intake.handle(group)).rejected] == [(1, code)]


def test_an_account_without_a_place_is_counted_and_not_answered(intake: Intake) -> None:
    assert intake.handle([Message(topics.completeness(GATEWAY), b"rubbish")]) == []
    assert intake.counters.refused["completeness"] == 1


def test_a_foreigner_does_not_read_accounts(services: Services, intake: Intake) -> None:
    intake.handle([catalogue_message(builders.catalogue()), report_message(hour_report())])

    with pytest.raises(NotFound):
        stored_reports(services, Scope("wang", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"})))


def test_unknown_losses_and_withheld_signals_are_told_of_a_whole_site_only(services: Services, intake: Intake) -> None:
    nobody = LostInterval(None, HOUR * HOUR_NS, HOUR * HOUR_NS + 1, "spool_damaged", 9)
    report = HourReport.of(builders.catalogue().id, HOUR, T0, [(1, 60, 60, 0, 0, 0)], [nobody], withheld=4)
    intake.handle([catalogue_message(builders.catalogue()), report_message(report)])

    with services.database.read() as session:
        where = (session, SYSTEM, builders.ENTERPRISE, builders.SITE, 0, T0 + HOUR_NS)
        whole = completeness.accounts(*where)
        one = completeness.accounts(*where, signal=str(address()))
        other = completeness.accounts(*where, asset=FAN.replace("fan1", "fan"))
    assert ([item.interval for item in whole.unknown], whole.withheld) == ([nobody], 4)
    assert (len(one.signals), list(one.unknown)) == (1, [])
    assert list(other.signals) == []
