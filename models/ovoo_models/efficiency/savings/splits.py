"""Parts of the calendar that may have a baseline of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_models.efficiency.savings.observations import Observations, month_of, weekday_of

__all__ = ["LABELS", "SPLITS", "calendar_flags"]

SPLITS: Final = ("none", "day_level", "day", "season", "season_day")
LABELS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "none": ("all", "all", "all", "all"),
    "day_level": ("all", "all", "all", "all"),
    "day": ("weekday", "weekend", "weekday", "weekend"),
    "season": ("warm", "warm", "cold", "cold"),
    "season_day": ("warm_weekday", "warm_weekend", "cold_weekday", "cold_weekend"),
}
"""Label of an interval by split and flag."""


def calendar_flags(
    data: Observations, weekend: Sequence[int], cold_months: Sequence[int], rows: Sequence[int] | None = None
) -> list[int]:
    """1 for an interval of a weekend plus 2 for one of the cold months, row by row."""
    free, cold, offset = set(weekend), set(cold_months), data.utc_offset_s
    times = data.time_ns if rows is None else [data.time_ns[i] for i in rows]
    return [(weekday_of(at, offset) in free) + 2 * (month_of(at, offset) in cold) for at in times]
