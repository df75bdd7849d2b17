from __future__ import annotations

import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD_NO_COMMUNICATION, CLOCK_SUSPECT, SHIFTED, TIME_FROM_SERVER
from ovoo_simulator.ledger import Ledger, Tally, checksum, tally
from ovoo_simulator.times import HOUR_NS

SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 50 * HOUR_NS),
        st.one_of(st.just(float("nan")), st.floats(allow_infinity=False, allow_nan=False)),
        st.sampled_from([0, BAD_NO_COMMUNICATION, 0x40900000]),
    ),
    max_size=40,
)
Rows = list[tuple[int, int, float, int]]


def ledger_of(rows: Rows) -> Ledger:
    ledger = Ledger(["e/s/a/l/x/one", "e/s/a/l/x/two", "e/s/a/l/x/three"])
    for row in rows:
        ledger.add(*([each] for each in row))
    return ledger


@given(SAMPLES, st.randoms(use_true_random=False))
def test_order_and_grouping_do_not_matter(rows: Rows, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    whole = Ledger(["e/s/a/l/x/one", "e/s/a/l/x/two", "e/s/a/l/x/three"])
    if rows:
        whole.add(*(list(column) for column in zip(*rows, strict=True)))

    assert ledger_of(shuffled).to_dict() == whole.to_dict()


@given(SAMPLES, st.integers(0, 40))
def test_merging_parts_gives_the_whole(rows: Rows, cut: int) -> None:
    merged = ledger_of(rows[:cut]).merge(ledger_of(rows[cut:]))

    assert merged.to_dict() == ledger_of(rows).to_dict()


@given(SAMPLES)
def test_json_comes_back(rows: Rows) -> None:
    ledger = ledger_of(rows)

    assert Ledger.from_dict(ledger.to_dict()).to_dict() == ledger.to_dict()


def stored(rows: Rows) -> dict[str, Tally]:
    found = {}
    for signal, address in enumerate(("e/s/a/l/x/one", "e/s/a/l/x/two", "e/s/a/l/x/three")):
        mine = [row for row in rows if row[0] == signal]
        found[address] = tally([row[1] for row in mine], [row[2] for row in mine], [row[3] for row in mine])
    return found


ROWS: Rows = [(signal, HOUR_NS * hour + 7, 0.1 * hour, 0) for signal in range(3) for hour in range(10)]


def test_a_faithful_store_is_exact() -> None:
    result = ledger_of(ROWS).compare(stored(ROWS[::-1]))

    assert result.exact
    assert (result.emitted, result.stored) == (30, 30)


def test_lost_doubled_and_changed_samples_are_told_apart() -> None:
    rows = [*ROWS[1:], ROWS[5]]
    rows[20] = (2, rows[20][1], 99.0, 0)

    result = ledger_of(ROWS).compare(stored(rows))

    assert (result.lost, result.duplicated, result.mismatched) == (1, 1, 1)
    assert [each.address for each in result.differences] == ["e/s/a/l/x/one", "e/s/a/l/x/three"]


def test_plain_count_and_checksum_are_enough_to_compare() -> None:
    ledger = ledger_of(ROWS)
    plain = {address: (found.count, found.checksum) for address, found in stored(ROWS).items()}

    assert ledger.compare(plain).exact
    assert ledger.compare({}).lost == 30
    assert ledger.compare({**plain, "e/s/a/l/x/new": (2, 5)}).duplicated == 2
    assert ledger.compare({**plain, "e/s/a/l/x/one": (10, 1)}).mismatched == 10


def test_flags_of_the_gateway_negative_zero_and_any_nan_count_alike() -> None:
    strange = np.array([0x7FF8DEADBEEF0001], dtype=np.uint64).view(np.float64)

    assert checksum([5], [-0.0], [SHIFTED | CLOCK_SUSPECT | TIME_FROM_SERVER]) == checksum([5], [0.0], [0])
    assert checksum([5], strange, [0x80310000]) == checksum([5], [float("nan")], [0x80310000])
    assert checksum([5], [1.0], [0]) != checksum([5], [1.0], [0x40900000])
    assert checksum([5], [1.0], [0]) != checksum([6], [1.0], [0])


def test_file_is_replaced_in_one_step(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "ledger.json"
    ledger = ledger_of(ROWS)

    ledger.save(path)

    assert Ledger.load(path).to_dict() == ledger.to_dict()
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"signals": {"a": {"count": 1}}}'])
def test_a_file_that_is_no_ledger_is_named(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match="not a ledger"):
        Ledger.load(path)
