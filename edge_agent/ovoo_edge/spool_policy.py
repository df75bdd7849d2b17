"""What gives way when the spool's budget is used up: an order of the data classes and a measure for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["LEAST_THIN_STEP_NS", "MEASURES", "Measure", "SpoolPolicy"]

Measure = Literal["drop_oldest", "drop_newest", "thin", "block"]
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
LEAST_THIN_STEP_NS: Final = 1_000_000_000
_CAUSES: Final[Mapping[Measure, str]] = {
    "drop_oldest": "spool_full",
    "drop_newest": "spool_full_newest",
    "thin": "spool_full_thinned",
}


@dataclass(frozen=True, slots=True)
class SpoolPolicy:
    """Each class gives way wholly before the next in `order` is touched; findings and accounts are last of all.

    * `drop_oldest`: its oldest rows leave.
    * `drop_newest`: what comes in is not taken; for a class that stands later in the order its newest rows leave.
    * `thin`: of each signal and step there stay the first, last, least and greatest sample and every change of
      quality; once all is thinned, the oldest rows leave.
    * `block`: it never gives way: sources wait. While any class blocks, findings never leave either.

    A row that comes in never makes room at the cost of a class later than its own: it is rather not taken itself.

    Attributes:
        measures: by class rank (general, important, core).
        order: the class ranks, first to give way first.
        thin_step_ns: >= 1 s, aligned to 1970 UTC.
    """

    measures: tuple[Measure, Measure, Measure] = ("drop_oldest", "drop_oldest", "drop_oldest")
    order: tuple[int, int, int] = (0, 1, 2)
    thin_step_ns: int = 60_000_000_000

    @classmethod
    def same(cls, measure: Measure) -> SpoolPolicy:
        """One measure for every class, in the usual order."""
        return cls((measure, measure, measure))

    @property
    def events_may_leave(self) -> bool:
        """Whether findings are dropped once everything else is gone."""
        return "block" not in self.measures

    def cause(self, rank: int, *, thinned: bool = False) -> str:
        """Cause in the list of losses for samples of a class that were dropped, or thinned out."""
        measure = self.measures[rank] if rank < len(self.measures) else "drop_oldest"
        if measure == "thin":
            return _CAUSES["thin" if thinned else "drop_oldest"]
        return _CAUSES[measure]
