"""What every store must do; the same tests on DuckDB and on InfluxDB by both write dialects."""

from __future__ import annotations

import itertools
import math
import random
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from ovoo_cloud.stores.base import Delivery, TelemetryStore, read_all
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import BudgetExceeded, UnboundedQuery
from ovoo_contract.evidence import hash_samples
from ovoo_contract.quality import BAD, BAD_NO_COMMUNICATION, SHIFTED
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL

from tests.cloud import builders
from tests.cloud.builders import T0, S, batch, steady

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def asset(enterprise: str) -> str:
    return f"{enterprise}/heishan/ventilation/main/fan1"


def sent(asset: str, samples: SampleBatch, seq: int = 1, *, flags: int = 0) -> Delivery:
    listed = builders.catalogue(asset=asset)
    return builders.delivery(samples, seq, signals=listed, flags=flags, enterprise=asset.split("/")[0])


def power(asset: str) -> Address:
    return builders.address("power", asset)


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=SHANGHAI).timestamp()) * S  # type: ignore[arg-type, misc]


def test_what_was_written_is_read_back_bit_for_bit(store: TelemetryStore, asset: str) -> None:
    values = [0.1, -1.5e-300, 1e308, 3.0, 2.0**53, math.pi]

    outcome = store.write(sent(asset, batch([(1, T0 + n * S, value, 0) for n, value in enumerate(values)])))

    assert (outcome.stored, outcome.duplicates, outcome.shifted, outcome.known) == (6, 0, 0, False)
    found = store.raw(power(asset), T0, T0 + 10 * S, 100)
    assert found.value.tolist() == values
    assert found.time_ns.tolist() == [T0 + n * S for n in range(6)]


def test_bad_without_value_is_a_row_and_text_keeps_its_row(store: TelemetryStore, asset: str) -> None:
    rows = [(2, T0, None, BAD_NO_COMMUNICATION), (2, T0 + S, None, 0), (2, T0 + 2 * S, None, 0)]

    store.write(sent(asset, batch(rows, {1: '运行, "A"=1\n再来', 2: "NaN"})))

    found = store.raw(builders.address("state", asset), T0, T0 + 5 * S, 10)
    assert np.isnan(found.value).all()
    assert found.quality.tolist() == [BAD_NO_COMMUNICATION, 0, 0]
    assert found.text == {1: '运行, "A"=1\n再来', 2: "NaN"}


def test_a_delivery_written_twice_leaves_one_copy(store: TelemetryStore, asset: str) -> None:
    delivery = sent(asset, steady(1, 50))
    store.write(delivery)

    again = store.write(delivery)

    assert again.stored == 0
    assert again.known or again.duplicates == 50
    assert len(store.raw(power(asset), T0, T0 + 100 * S, 100)) == 50


def test_one_group_may_hold_many_deliveries_of_two_catalogues(store: TelemetryStore, asset: str) -> None:
    other = builders.catalogue(("power", "speed"), asset)
    group = [sent(asset, steady(1, 10)), sent(asset, steady(1, 10, start_ns=T0 + 100 * S), 2)]
    group.append(
        builders.delivery(
            batch([(0, T0 + 200 * S, 5.0, 0), (1, T0, 7.0, 0)]), 3, signals=other, enterprise=asset.split("/")[0]
        )
    )

    outcomes = store.write_many(group)

    assert [outcome.stored for outcome in outcomes] == [10, 10, 2]
    assert len(store.raw(power(asset), T0, T0 + 300 * S, 100)) == 21
    assert store.raw(builders.address("speed", asset), T0, T0 + S, 10).value.tolist() == [7.0]


def test_equal_rows_are_dropped_and_different_ones_move_one_nanosecond(store: TelemetryStore, asset: str) -> None:
    rows = [(1, T0, 1.0, 0), (1, T0, 1.0, 0), (1, T0, 2.0, 0), (1, T0, 3.0, 0)]

    outcome = store.write(sent(asset, batch(rows)))

    assert (outcome.stored, outcome.duplicates, outcome.shifted) == (3, 1, 2)
    found = store.raw(power(asset), T0, T0 + S, 10)
    assert found.time_ns.tolist() == [T0, T0 + 1, T0 + 2]
    assert found.value.tolist() == [1.0, 2.0, 3.0]
    assert found.quality.tolist() == [0, SHIFTED, SHIFTED]


def test_backfill_over_stored_rows_adds_only_what_is_new(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, steady(1, 10)))
    mixed = batch([(1, T0 + n * S, float(n), 0) for n in range(5, 15)] + [(2, T0, None, BAD)])

    outcome = store.write(sent(asset, mixed, 2, flags=FLAG_BACKFILL))

    assert (outcome.stored, outcome.duplicates) == (6, 5)
    assert store.raw(power(asset), T0, T0 + 100 * S, 100).value.tolist() == [float(n) for n in range(15)]


def test_another_value_at_a_stored_time_is_kept_beside_it(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, steady(1, 3)))

    outcome = store.write(sent(asset, batch([(1, T0 + S, 99.0, 0)]), 2))
    repeated = store.write(sent(asset, batch([(1, T0 + S, 99.0, 0)]), 3))

    assert (outcome.stored, outcome.shifted) == (1, 1)
    assert (repeated.stored, repeated.duplicates) == (0, 1)
    assert store.raw(power(asset), T0, T0 + 9 * S, 10).value.tolist() == [0.0, 1.0, 99.0, 2.0]


def test_a_value_shifted_earlier_is_recognised_when_it_comes_again(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, batch([(1, T0, 1.0, 0), (1, T0, 2.0, 0), (1, T0 + 1, 3.0, 0), (1, T0 + 9 * S, 0.0, 0)])))

    again = store.write(sent(asset, batch([(1, T0, 2.0, 0), (1, T0, 4.0, 0), (1, T0 + 1, 3.0, 0)]), 2))

    assert (again.stored, again.duplicates, again.shifted) == (1, 2, 1)
    found = store.raw(power(asset), T0, T0 + S, 10)
    assert sorted(found.value.tolist()) == [1.0, 2.0, 3.0, 4.0]
    assert found.time_ns.tolist() == [T0, T0 + 1, T0 + 2, T0 + 3]


def test_two_far_apart_deliveries_of_one_group_read_little(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, steady(1, 2000)))
    group = [
        sent(asset, steady(1, 2), 2),
        sent(asset, batch([(1, T0 + 1999 * S, 1999.0, 0), (1, T0 + S // 2, 7.0, 0)]), 3),
    ]

    outcomes = store.write_many(group)

    assert [(item.stored, item.duplicates) for item in outcomes] == [(0, 2), (1, 1)]
    assert len(store.raw(power(asset), T0, T0 + 3000 * S, 5000)) == 2001


def test_latest_is_the_greatest_time_not_the_last_arrival(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, batch([(1, T0 + 9 * S, 9.0, 0)])))
    store.write(sent(asset, batch([(1, T0, 1.0, 0), (2, T0 + 3 * S, None, 0)], {1: "开"}), 2))

    found = store.latest([builders.address("state", asset), power(asset), builders.address("flow", asset)])

    assert [(item.address.signal, item.time_ns, item.text) for item in found] == [
        ("state", T0 + 3 * S, "开"),
        ("power", T0 + 9 * S, None),
    ]
    assert found[1].value == 9.0


def test_paging_walks_through_every_row_once(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, steady(1, 25)))
    seen: list[float] = []
    after = None

    while len(page := store.raw(power(asset), T0, T0 + 100 * S, 10, after)):
        seen += page.value.tolist()
        after = int(page.time_ns[-1])

    assert seen == [float(n) for n in range(25)]


def test_windows_by_step_count_all_rows_and_aggregate_the_good_ones(store: TelemetryStore, asset: str) -> None:
    start = T0 + 7 * S
    store.write(
        sent(asset, batch([*[(1, start + n * S, float(n), 0) for n in range(9)], (1, start + 9 * S, 100.0, BAD)]))
    )

    found = store.windows(power(asset), start, start + 25 * S, step_ns=5 * S)

    assert found.start_ns.tolist() == [start + n * 5 * S for n in range(5)]
    assert found.count.tolist() == [5, 5, 0, 0, 0]
    assert found.good.tolist() == [5, 4, 0, 0, 0]
    assert found.mean[:2].tolist() == [2.0, 6.5]
    assert found.min[:2].tolist() == [0.0, 5.0]
    assert found.max[:2].tolist() == [4.0, 8.0]
    assert found.last[:2].tolist() == [4.0, 8.0]
    assert np.isnan(found.mean[2:]).all()


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param([at(2025, 10, 9, 0), at(2025, 10, 9, 8), at(2025, 10, 9, 16), at(2025, 10, 10, 0)], id="shifts"),
        pytest.param([at(2025, 10, 8), at(2025, 10, 9), at(2025, 10, 10)], id="days"),
        pytest.param([at(2025, 9, 1), at(2025, 10, 1), at(2025, 11, 1)], id="months"),
    ],
)
def test_calendar_windows_follow_local_edges(store: TelemetryStore, asset: str, edges: list[int]) -> None:
    hours = [at(2025, 9, 20) + n * 3600 * S for n in range(24 * 30)]
    store.write(sent(asset, batch([(1, time_ns, float(n), 0) for n, time_ns in enumerate(hours)])))

    found = store.windows(power(asset), edges[0], edges[-1], edges=edges)

    expected = [[n for n, time_ns in enumerate(hours) if a <= time_ns < b] for a, b in itertools.pairwise(edges)]
    assert found.count.tolist() == [len(part) for part in expected]
    assert found.mean.tolist() == pytest.approx([sum(part) / len(part) for part in expected], rel=1e-12)
    assert found.last.tolist() == [float(part[-1]) for part in expected]


def test_counts_per_signal_and_step(store: TelemetryStore, asset: str) -> None:
    flow = [(0, T0 + n * S, 1.0, 0) for n in range(5)]
    store.write(sent(asset, batch([*flow, *[(1, T0 + n * S, 1.0, BAD if n < 2 else 0) for n in range(20)]])))

    found = store.counts([power(asset), builders.address("flow", asset)], T0, T0 + 20 * S, 10 * S)

    assert found.count.tolist() == [[10, 10], [5, 0]]
    assert found.good.tolist() == [[8, 10], [5, 0]]


def test_shuffled_arrival_gives_the_same_stream(store: TelemetryStore, asset: str) -> None:
    rows = [(n % 2, T0 + (n // 2) * S, math.sin(n), BAD if n % 17 == 0 else 0) for n in range(400)]
    mixed = random.Random(5).sample(rows, len(rows))
    for seq in range(8):
        part = mixed[seq * 50 : seq * 50 + 50]
        store.write(sent(asset, batch(part), seq + 1, flags=FLAG_BACKFILL))
    names = [power(asset), builders.address("flow", asset)]

    found = list(store.stream(names, T0, T0 + 1000 * S))

    assert [address.signal for address, _ in found] == ["flow", "power"]
    for number, (_, columns) in enumerate(found):
        mine = sorted((time_ns, value, quality) for signal, time_ns, value, quality in rows if signal == number)
        assert (
            list(zip(columns.time_ns.tolist(), columns.value.tolist(), columns.quality.tolist(), strict=True)) == mine
        )
        exact = batch([(0, time_ns, value, quality) for time_ns, value, quality in mine])
        address = names[1 - number]
        assert hash_samples([(address, columns.to_batch())]) == hash_samples([(address, exact)])


def test_stream_is_bounded_and_silent_signals_do_not_come(store: TelemetryStore, asset: str) -> None:
    store.write(sent(asset, steady(1, 10)))

    found = read_all(store, [power(asset), builders.address("flow", asset)], T0 + 2 * S, T0 + 4 * S)

    assert found[power(asset)].value.tolist() == [2.0, 3.0]
    assert len(found[builders.address("flow", asset)]) == 0


def test_an_unbounded_query_is_refused(store: TelemetryStore, asset: str) -> None:
    with pytest.raises(UnboundedQuery, match="time range"):
        store.raw(power(asset), T0, 2**63 - 1, 10)
    with pytest.raises(UnboundedQuery, match="swap"):
        store.stream([power(asset)], T0, T0 - S)
    with pytest.raises(UnboundedQuery, match="edges or a step"):
        store.windows(power(asset), T0, T0 + S)


def test_too_much_is_refused_with_a_hint(store: TelemetryStore, asset: str) -> None:
    with pytest.raises(BudgetExceeded, match="page with after_ns"):
        store.raw(power(asset), T0, T0 + S, 10_001)
    with pytest.raises(BudgetExceeded, match="longer step"):
        store.windows(power(asset), T0, T0 + 100_000 * S, step_ns=S)


def test_an_unknown_signal_or_enterprise_has_no_samples(store: TelemetryStore) -> None:
    stranger = Address.parse("nobody/nowhere/a/b/c/d")

    assert len(store.raw(stranger, T0, T0 + S, 10)) == 0
    assert store.latest([stranger]) == []
    assert list(store.stream([stranger], T0, T0 + S)) == []
    assert store.windows(stranger, T0, T0 + S, step_ns=S).count.tolist() == [0]
    assert store.counts([stranger], T0, T0 + S, S).count.tolist() == [[0]]


def test_derived_figures_come_back_from_their_own_measurement(store: TelemetryStore, enterprise: str) -> None:
    asset = f"{enterprise}/heishan/ventilation/main/fan1"
    listed = Catalogue(
        [
            SignalEntry(Address.parse(f"{asset}/mewma-score"), "1", measurement="score", field="score", model="mewma"),
            SignalEntry(Address.parse(f"{asset}/mewma-limit"), "1", measurement="score", field="limit", model="mewma"),
            SignalEntry(Address.parse(f"{asset}/energy-power_kw"), "kW", measurement="energy", field="power_kw"),
        ]
    )
    rows = batch([(0, T0, 1.5, 0), (0, T0 + S, 2.5, 0), (1, T0, 3.0, 0), (2, T0, 70.0, 0)])

    store.write(builders.delivery(rows, signals=listed, enterprise=enterprise))

    first, second, third = (entry.address for entry in listed.entries)
    assert store.raw(first, T0, T0 + 9 * S, 10).value.tolist() == [1.5, 2.5]
    assert store.raw(second, T0, T0 + 9 * S, 10).value.tolist() == [3.0]
    assert [item.value for item in store.latest([first, third])] == [2.5, 70.0]
    assert store.windows(first, T0, T0 + 4 * S, step_ns=4 * S).mean.tolist() == [2.0]


def test_health_names_kind_and_version(store: TelemetryStore) -> None:
    health = store.health()

    assert health.state == "ok"
    assert health.version


def test_an_empty_delivery_is_stored_as_such(store: TelemetryStore, asset: str) -> None:
    assert store.write(sent(asset, SampleBatch.empty())).stored == 0
