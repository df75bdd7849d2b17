from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, gateways, ledger, signals
from ovoo_cloud.ingest.intake import Intake, Message
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract import topics
from ovoo_contract.delivery import Ack
from ovoo_contract.wire import encode_batch

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S, address

SYSTEM = Scope.system()


@pytest.fixture
def services(tmp_path: pathlib.Path) -> Iterator[Services]:
    with build_services(Settings(data_dir=tmp_path), clock=lambda: T0 + 60 * S) as built:
        with built.database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, ENTERPRISE, name_zh="黑山煤业")
            enterprises.save_site(session, SYSTEM, ENTERPRISE, SITE)
            gateways.register(session, SYSTEM, GATEWAY, enterprise=ENTERPRISE, sites=[SITE], now_ns=T0)
        yield built


def test_a_batch_is_stored_entered_and_acknowledged(services: Services) -> None:
    intake = Intake(services.database, services.store, services.clock, timezone="Asia/Shanghai")
    listed = builders.catalogue()
    sent = builders.delivery(builders.steady(1, 100))

    answers = intake.handle(
        [
            Message(topics.batch(GATEWAY), encode_batch(sent.header, sent.batch)),
            Message(topics.catalog(GATEWAY, listed.id), listed.to_json()),
        ]
    )

    assert [answer.topic for answer in answers] == [topics.ack(GATEWAY)]
    assert Ack.from_json(answers[0].payload).ranges.to_list() == [[1, 1]]
    assert len(services.store.raw(address(), T0, T0 + 200 * S, 1000)) == 100
    with services.database.read() as session:
        assert ledger.gaps(session, SYSTEM, GATEWAY) == []
        assert ledger.ranges(session, SYSTEM, GATEWAY)[0].rows == 100
        assert [row.name for row in signals.signals(session, SYSTEM, ENTERPRISE)] == ["flow", "power", "state"]
