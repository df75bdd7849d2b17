"""Scores are stored only for assets that no gateway scores, once, and raise no alarm."""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.alarms import records as alarms
from ovoo_cloud.catalogue import audit, findings, signals
from ovoo_cloud.catalogue.tables import FindingRecord
from ovoo_cloud.scoring.order import Order, fulfil
from ovoo_cloud.scoring.record import SOURCE
from ovoo_cloud.scoring.rescore import Manner
from ovoo_cloud.services import Services
from ovoo_contract.errors import Forbidden, StoreRejected
from ovoo_simulator.times import HOUR_NS
from sqlalchemy import select

from tests.cloud.scoring.conftest import ingest
from tests.cloud.scoring.gateway import END, SECOND, START, FanGateway, pieces, trained

SYSTEM = Scope.system()


@pytest.fixture
def plain(services: Services, enterprise: str, tmp_path: pathlib.Path) -> FanGateway:
    """A gateway without models whose samples are stored."""
    gateway = FanGateway(enterprise, tmp_path, models=False)
    ingest(services, [gateway.listing(), *gateway.send(pieces(300 * SECOND))])
    return gateway


def stored(gateway: FanGateway, start_ns: int = START, end_ns: int = END) -> Order:
    return Order(str(gateway.asset), trained(), start_ns, end_ns, store=True)


def test_scores_and_findings_are_there_afterwards_and_a_second_run_adds_nothing(
    services: Services, plain: FanGateway
) -> None:
    first = fulfil(services, SYSTEM, stored(plain), 1)
    again = fulfil(services, SYSTEM, replace(stored(plain), compare=True), 2)

    assert first.recorded is not None
    assert again.recorded is not None
    rows = sum(len(first.found.rows(entry.address)) for entry in first.found.outputs)
    assert (first.recorded.stored, first.recorded.present) == (rows, 0)
    assert (again.recorded.stored, again.recorded.present) == (0, rows)
    assert again.comparison is not None
    assert (again.comparison.greatest, again.comparison.findings_only_here) == (0.0, ())
    with services.database.read() as session:
        kept = findings.findings(session, SYSTEM, asset=str(plain.asset))
        listed = signals.signals(session, SYSTEM, plain.enterprise, asset=str(plain.asset), measurement="score")
        raised = alarms.alarms(session, SYSTEM, enterprise=plain.enterprise)
        acts = [entry.action for entry in audit.listing(session, SYSTEM)]
    assert {row.id for row in kept} == {finding.id for finding in first.found.findings}
    assert len(kept) > 0
    assert {row.gateway for row in kept} | {row.gateway for row in listed} == {SOURCE}
    assert raised == []
    assert acts.count("scores.stored") == 2


def test_neighbouring_and_overlapping_windows_join(services: Services, plain: FanGateway) -> None:
    middle = START + 2 * HOUR_NS
    fulfil(services, SYSTEM, stored(plain, START, middle), 1)

    answer = fulfil(services, SYSTEM, stored(plain, middle - HOUR_NS, END), 2)

    assert answer.recorded is not None
    assert answer.recorded.present > 0
    assert answer.recorded.stored > 0
    whole = fulfil(services, SYSTEM, Order(str(plain.asset), trained(), START, END, compare=True), 3).comparison
    assert whole is not None
    assert (whole.different, whole.greatest) == (0, 0.0)
    assert not any(each.only_there for each in whole.signals if each.signal.endswith("score"))


def test_other_scores_at_the_same_times_are_never_mixed_in(services: Services, plain: FanGateway) -> None:
    fulfil(services, SYSTEM, stored(plain), 1)
    cold = replace(stored(plain, START + HOUR_NS, END), manner=Manner(lead_ns=0))

    with pytest.raises(StoreRejected, match="longer lead"):
        fulfil(services, SYSTEM, cold, 2)


def test_scores_of_a_gateway_are_never_written_over(
    services: Services, enterprise: str, tmp_path: pathlib.Path
) -> None:
    gateway = FanGateway(enterprise, tmp_path)
    ingest(services, [gateway.listing(), *gateway.send(pieces(300 * SECOND, START, START + HOUR_NS))])

    with pytest.raises(Forbidden, match="never written over") as refused:
        fulfil(services, SYSTEM, stored(gateway, START, START + HOUR_NS), 1)

    assert refused.value.value == gateway.name
    with services.database.read() as session:
        assert session.scalars(select(FindingRecord).where(FindingRecord.gateway == SOURCE)).all() == []


def test_findings_of_a_gateway_refuse_too(services: Services, plain: FanGateway, tmp_path: pathlib.Path) -> None:
    (tmp_path / "other").mkdir()
    scoring = FanGateway(plain.enterprise, tmp_path / "other")
    told = [message for message in scoring.send(pieces(300 * SECOND)) if message.topic.endswith("/event")]
    assert told
    ingest(services, told)

    with pytest.raises(Forbidden, match="findings"):
        fulfil(services, SYSTEM, stored(plain), 1)


def test_who_may_read_may_not_store(services: Services, plain: FanGateway) -> None:
    viewer = Scope("li", Role.ENTERPRISE_VIEWER, frozenset({plain.enterprise}))

    assert fulfil(services, viewer, replace(stored(plain), store=False), 1).found.samples > 0
    with pytest.raises(Forbidden):
        fulfil(services, viewer, stored(plain), 1)
