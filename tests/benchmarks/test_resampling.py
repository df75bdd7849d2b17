"""Bootstrap over files and constants chosen without the file they score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from benchmarks.boards import BoardResult, Counts, Records
from benchmarks.boards.resampling import intervals, leave_one_out


def share(records: Sequence[Counts]) -> Mapping[str, float]:
    rows = sum(each["rows"] for each in records)
    return {"share": sum(each["hits"] for each in records) / rows} if rows else {}


def board(hits: Sequence[float], grid: Mapping[str, Sequence[float]] | None = None) -> BoardResult:
    def records(each: Sequence[float]) -> Records:
        return {f"f{k}": {"rows": 10.0, "hits": value} for k, value in enumerate(each)}

    return BoardResult(
        name="toy", records=records(hits), totals=share, units={"share": "share"}, controls={}, false_alarms=0,
        signal_days=0.0, objective="share",
        alternatives=None if grid is None else lambda: {label: records(each) for label, each in grid.items()},
    )  # fmt: skip


def test_equal_files_have_an_interval_of_no_width() -> None:
    assert intervals(board([4, 4, 4]))["share"] == pytest.approx((0.4, 0.4))


def test_the_interval_holds_the_total_and_repeats_itself() -> None:
    toy = board([0, 2, 5, 9, 10, 3])
    low, high = intervals(toy)["share"]

    assert 0.0 <= low < toy.total()["share"] < high <= 1.0
    assert intervals(toy) == intervals(toy)


def test_the_spread_is_that_of_the_mean_of_files() -> None:
    """Of two files 0 and 10 a quarter of the draws is (0, 0), a quarter (10, 10)."""
    assert intervals(board([0, 10]))["share"] == (0.0, 1.0)


def test_a_file_is_scored_by_what_is_best_on_the_others() -> None:
    """`b` is best over all files, but only by f0, so f0 itself is scored by `a`."""
    held = leave_one_out(board([5, 5, 5], {"a": [1, 6, 6], "b": [10, 4, 4]}))

    assert held is not None
    figures, choices = held
    assert figures["share"] == pytest.approx((1 + 4 + 4) / 30)
    assert choices == {"a": 1, "b": 2}


def test_nothing_is_left_out_where_nothing_was_chosen() -> None:
    assert leave_one_out(board([5, 5])) is None
    assert leave_one_out(board([5], {"a": [5], "b": [6]})) is None
