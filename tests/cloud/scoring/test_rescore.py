"""The cloud computes from stored samples what the gateway computed from live ones, to the last bit."""

from __future__ import annotations

import itertools
import pathlib
import random

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.scoring.order import Answer, Order, fulfil
from ovoo_cloud.scoring.pages import sample_pages
from ovoo_cloud.scoring.rescore import LONGEST_NS, Manner, rescore
from ovoo_cloud.services import Services
from ovoo_contract.errors import BudgetExceeded, ConfigError, Forbidden, NotFound, NotReady, UnboundedQuery
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_packs.templates import ModelBinding
from ovoo_simulator.times import HOUR_NS

from tests.cloud.scoring.conftest import ingest
from tests.cloud.scoring.gateway import END, SECOND, START, FanGateway, pieces, readings, trained

SYSTEM = Scope.system()
MINUTE = 60 * SECOND


@pytest.fixture
def gateway(enterprise: str, tmp_path: pathlib.Path) -> FanGateway:
    return FanGateway(enterprise, tmp_path)


def compared(services: Services, gateway: FanGateway, start_ns: int = START, end_ns: int = END) -> Answer:
    order = Order(str(gateway.asset), trained(), start_ns, end_ns, compare=True)
    return fulfil(services, SYSTEM, order, 1)


def assert_equal(answer: Answer, least_rows: int) -> None:
    comparison = answer.comparison
    assert comparison is not None
    assert comparison.compared >= least_rows
    assert (comparison.different, comparison.greatest) == (0, 0.0)
    assert all(each.identical == each.compared for each in comparison.signals)
    # a quarter hour or minute of energy that ends behind the window
    assert {reason for each in comparison.signals for reason in each.only_there} <= {"not_yet"}
    assert all(sum(each.only_there.values()) <= 2 for each in comparison.signals)


def test_scores_and_findings_are_those_of_the_gateway_bit_for_bit(services: Services, gateway: FanGateway) -> None:
    ingest(services, [gateway.listing(), *gateway.send(pieces(7 * MINUTE))])

    answer = compared(services, gateway)

    assert_equal(answer, 5000)
    comparison = answer.comparison
    assert comparison is not None
    assert len(comparison.findings_both) > 0
    assert (comparison.findings_only_here, comparison.findings_only_there) == ((), ())
    # the gateway closes a frame by a later sample, the end of the window closes it here
    assert {reason for each in comparison.signals for reason in each.only_here} <= {"not_yet"}
    assert sum(sum(each.only_here.values()) for each in comparison.signals) < 30


def test_a_restart_of_the_gateway_with_its_state_changes_nothing(
    services: Services, gateway: FanGateway, tmp_path: pathlib.Path
) -> None:
    middle = START + 2 * HOUR_NS
    messages = [gateway.listing(), *gateway.send(pieces(MINUTE, START, middle))]
    gateway.scoring.save(tmp_path / "models.json")
    gateway.start(tmp_path / "models.json")
    ingest(services, [*messages, *gateway.send(pieces(MINUTE, middle, END))])

    assert_equal(compared(services, gateway), 5000)


def test_the_order_of_arrival_does_not_matter(services: Services, gateway: FanGateway) -> None:
    messages = gateway.send(pieces(5 * MINUTE))
    random.Random(3).shuffle(messages)
    ingest(services, [gateway.listing(), *messages, *messages[:20]])

    assert_equal(compared(services, gateway), 5000)


def test_a_part_of_the_time_needs_the_lead_and_is_equal_with_it(services: Services, gateway: FanGateway) -> None:
    ingest(services, [gateway.listing(), *gateway.send(pieces(5 * MINUTE))])
    part = (START + 2 * HOUR_NS + 7 * SECOND, START + 3 * HOUR_NS)

    assert_equal(compared(services, gateway, *part), 1400)
    cold = Order(str(gateway.asset), trained(), *part, Manner(lead_ns=0), compare=True)
    comparison = fulfil(services, SYSTEM, cold, 1).comparison
    assert comparison is not None
    assert comparison.different > 0


def test_samples_that_the_gateway_kept_back_are_named(
    services: Services, enterprise: str, tmp_path: pathlib.Path
) -> None:
    gateway = FanGateway(enterprise, tmp_path, uplink="on_change")
    ingest(services, [gateway.listing(), *gateway.send(pieces(5 * MINUTE))])

    answer = compared(services, gateway)

    assert set(answer.thinned) == {use.name for use in trained().signals}
    assert answer.comparison is not None
    assert answer.comparison.compared > 0


def test_scores_from_before_the_gateway_had_its_models_are_named(
    services: Services, enterprise: str, tmp_path: pathlib.Path
) -> None:
    middle = START + HOUR_NS
    plain = FanGateway(enterprise, tmp_path, models=False)
    ingest(services, [plain.listing(), *plain.send(pieces(5 * MINUTE, START, middle))])
    scoring = FanGateway(enterprise, tmp_path, seq=plain.seq)
    ingest(services, [scoring.listing(), *scoring.send(pieces(5 * MINUTE, middle, END))])

    comparison = compared(services, scoring).comparison

    assert comparison is not None
    score = next(each for each in comparison.signals if each.signal == "mewma-score")
    assert score.only_here["start_up"] > 500
    assert score.compared > 1000


@pytest.mark.parametrize("page_rows", [1, 7, 100_000])
def test_pages_give_every_sample_once_in_order_and_hold_no_more(
    services: Services, gateway: FanGateway, page_rows: int
) -> None:
    end_ns = START + 10 * MINUTE
    ingest(services, [gateway.listing(), *gateway.send(pieces(MINUTE, START, end_ns))])
    addresses = [entry.address for entry in gateway.entries]
    reads = services.telemetry(SYSTEM)

    batches = list(sample_pages(reads, addresses, START, end_ns, min(page_rows, 10_000)))

    for before, after in itertools.pairwise(batches):
        assert max(before.time_ns) <= min(after.time_ns)
    assert all(len(batch) <= page_rows * len(addresses) and batch.is_sorted() for batch in batches)
    rows = sorted(row for batch in batches for row in zip(batch.signal, batch.time_ns, batch.value, strict=True))
    source = readings()
    wanted = [row for row in zip(source.signal, source.time_ns, source.value, strict=True) if row[1] < end_ns]
    assert [row[:2] for row in rows] == [row[:2] for row in sorted(wanted)]


def test_every_page_size_gives_the_same_bits(services: Services, gateway: FanGateway) -> None:
    ingest(services, [gateway.listing(), *gateway.send(pieces(5 * MINUTE, START, START + HOUR_NS))])

    runs = [
        rescore(services.store, SYSTEM, trained(), gateway.asset, START, START + HOUR_NS, Manner(page_rows=rows))
        for rows in (50, 10_000)
    ]

    for address, columns in runs[0].series.items():
        other = runs[1].series[address]
        assert columns.time_ns.tobytes() == other.time_ns.tobytes()
        assert columns.value.tobytes() == other.value.tobytes()
    assert runs[0].findings == runs[1].findings


def test_a_foreign_or_unknown_asset_does_not_exist(services: Services, gateway: FanGateway) -> None:
    ingest(services, [gateway.listing(), *gateway.send(pieces(MINUTE, START, START + HOUR_NS))])
    stranger = Scope("wang", Role.CENTRE_EXPERT, frozenset({"somebody-else"}))
    own = Order(str(gateway.asset), trained(), START, END)

    for scope, order in (
        (stranger, own),
        (SYSTEM, Order(f"{gateway.asset}9", trained(), START, END)),
        (SYSTEM, Order("no address", trained(), START, END)),
    ):
        with pytest.raises(NotFound):
            fulfil(services, scope, order, 1)
    with pytest.raises(NotFound):
        rescore(services.store, stranger, trained(), gateway.asset, START, END)
    with pytest.raises(Forbidden):
        fulfil(services, Scope("li", Role.FLEET_OPERATOR), own, 1)


def test_what_cannot_be_scored_is_refused_with_its_cause(services: Services, gateway: FanGateway) -> None:
    ingest(services, [gateway.listing(), *gateway.send(pieces(MINUTE, START, START + HOUR_NS))])
    asset = str(gateway.asset)
    limit = ModelBinding("range", "limit", ("power",), {"high": 1.0})
    other = ModelSet(asset, 5.0, (SignalUse("milk_flow"),), ())
    unit = ModelSet(asset, 5.0, (SignalUse("power", "MW"),), (limit,))

    with pytest.raises(ConfigError, match="none of the model's signals"):
        fulfil(services, SYSTEM, Order(asset, other, START, END), 1)
    with pytest.raises(ConfigError, match="in MW"):
        fulfil(services, SYSTEM, Order(asset, unit, START, END), 1)
    with pytest.raises(NotReady, match="no samples"):
        fulfil(services, SYSTEM, Order(asset, trained(), START - 2 * HOUR_NS, START - HOUR_NS), 1)
    with pytest.raises(BudgetExceeded, match="31 days"):
        fulfil(services, SYSTEM, Order(asset, trained(), START, START + LONGEST_NS + 1), 1)
    with pytest.raises(UnboundedQuery, match="before the start"):
        fulfil(services, SYSTEM, Order(asset, trained(), END, START), 1)
