"""The same-time rule against a slow, plain model of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_cloud.stores.collisions import MAX_SHIFT_NS, Rows, resolve
from ovoo_contract.quality import SHIFTED

Row = tuple[int, int, float | None, int, str | None]

_ROW = st.tuples(
    st.integers(0, 2),
    st.integers(0, 4),
    st.sampled_from([None, 0.0, 1.0, 2.0]),
    st.sampled_from([0, 0x80000000]),
    st.sampled_from([None, None, "甲", "乙"]),
)


def rows_of(rows: list[Row]) -> Rows:
    return Rows(
        np.array([row[0] for row in rows], np.uint32),
        np.array([row[1] for row in rows], np.int64),
        np.array([np.nan if row[2] is None else row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint32),
        {n: row[4] for n, row in enumerate(rows) if row[4] is not None},
    )


def as_set(rows: Rows) -> dict[tuple[int, int], tuple[float | None, int, str | None]]:
    return {
        (int(rows.series[n]), int(rows.time_ns[n])): (
            None if np.isnan(rows.value[n]) else float(rows.value[n]),
            int(rows.quality[n]),
            rows.text.get(n),
        )
        for n in range(len(rows))
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(_ROW, max_size=14), st.lists(_ROW, max_size=10))
def test_every_distinct_sample_is_kept_once_and_none_stands_on_another(new: list[Row], before: list[Row]) -> None:
    stored = resolve(rows_of(before), Rows.empty()).rows

    done = resolve(rows_of(new), stored)

    kept, old = as_set(done.rows), as_set(stored)
    assert len(kept) == len(done.rows)
    assert not kept.keys() & old.keys()
    assert len(done.rows) + int((done.fate == 1).sum()) + int((done.fate == 3).sum()) == len(new)
    everything = old | kept
    for series, time_ns, value, quality, text in new:
        near = [everything.get((series, time_ns + shift)) for shift in range(30)]
        assert any(
            item is not None and item[0] == value and item[1] & ~SHIFTED == quality and item[2] == text for item in near
        )
    for number, source in enumerate(done.source.tolist()):
        moved = int(done.rows.time_ns[number]) - new[source][1]
        assert 0 <= moved <= MAX_SHIFT_NS
        assert bool(int(done.rows.quality[number]) & SHIFTED) == (moved > 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(_ROW, max_size=14))
def test_resolving_again_finds_only_duplicates(new: list[Row]) -> None:
    first = resolve(rows_of(new), Rows.empty())

    again = resolve(rows_of(new), first.rows)

    assert len(again.rows) == 0
    assert (again.fate == 1).all()


def test_sorted_rows_without_collisions_pass_through_untouched() -> None:
    rows = rows_of([(0, n, float(n), 0, None) for n in range(100)])

    assert resolve(rows, Rows.empty()).rows is rows


def test_a_thousand_different_values_at_one_time_leave_the_rest_without_room() -> None:
    rows = rows_of([(0, 5, float(n), 0, None) for n in range(1003)])

    done = resolve(rows, Rows.empty())

    assert np.bincount(done.fate, minlength=4).tolist() == [1, 0, 999, 3]
    assert done.rows.time_ns.tolist() == list(range(5, 1005))
