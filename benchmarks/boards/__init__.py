"""Public boards: what each module here hands to the accuracy benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BoardResult", "Counts", "Records"]

Counts = Mapping[str, float]
"""Additive figures of one file: rows, hits, false alarms, raw points; never a ratio."""
Records = Mapping[str, Counts]
"""File -> its counts; a file is named by its path below the data folder, as `skab/valve1/0.csv`."""


@dataclass(frozen=True, slots=True)
class BoardResult:
    """One board scored by one rule for every file.

    name: short, as in its keys (`skab`, `nab`, `tep`).
    records: counts of every file scored.
    totals: the board's figures, under their keys of the benchmark catalogue, from the counts of any files, some of
        them repeated (the bootstrap draws with replacement). Pure; a figure that these counts cannot give is left out.
    units: unit of each key that is a figure; `totals` may give others, such as an objective made of two figures.
    controls: figures of the detectors that look at nothing (always on, clock), under their keys.
    false_alarms: alarms that begin in normal rows, as episodes, not rows.
    signal_days: signals x days of those normal rows.
    objective: the key of `totals` by which the constants were chosen, greatest is best; empty where none was chosen.
    alternatives: scores the declared small grid: constants in words -> records over the same files. Called for
        leave-one-file-out only, never in a quick run; None where no constant was chosen on the files.
    notes: what was read, what was left out, the rule in words.
    """

    name: str
    records: Records
    totals: Callable[[Sequence[Counts]], Mapping[str, float]]
    units: Mapping[str, str]
    controls: Mapping[str, float]
    false_alarms: int
    signal_days: float
    objective: str = ""
    alternatives: Callable[[], Mapping[str, Records]] | None = None
    notes: tuple[str, ...] = field(default=())

    def total(self) -> Mapping[str, float]:
        """The figures over all files."""
        return self.totals(list(self.records.values()))
