"""The newest sample of every series, in memory."""

from __future__ import annotations

from typing import Final

import numpy as np

from ovoo_cloud.stores.base import FloatArray, IntArray, UIntArray
from ovoo_cloud.stores.collisions import Rows

__all__ = ["NEVER", "Newest"]

NEVER: Final = int(np.iinfo(np.int64).min)
"""The time of a series without samples."""


class Newest:
    """The newest sample per series: columns indexed by series number."""

    def __init__(self) -> None:
        self.time_ns: IntArray = np.full(64, NEVER, np.int64)
        self.value: FloatArray = np.full(64, np.nan, np.float64)
        self.quality: UIntArray = np.zeros(64, np.uint32)
        self.text: dict[int, str] = {}

    def grow(self, series: int) -> None:
        """Makes room for series numbers below `series`."""
        while len(self.time_ns) < series:
            self.time_ns = np.concatenate([self.time_ns, np.full(len(self.time_ns), NEVER, np.int64)])
            self.value = np.concatenate([self.value, np.full(len(self.value), np.nan)])
            self.quality = np.concatenate([self.quality, np.zeros(len(self.quality), np.uint32)])

    def take(self, rows: Rows) -> None:
        """Updates from rows sorted by (series, time)."""
        if not len(rows):
            return
        last = np.append(np.flatnonzero(rows.series[1:] != rows.series[:-1]), len(rows) - 1)
        last = last[rows.time_ns[last] >= self.time_ns[rows.series[last]]]
        series = rows.series[last]
        self.time_ns[series] = rows.time_ns[last]
        self.value[series] = rows.value[last]
        self.quality[series] = rows.quality[last]
        if rows.text or self.text:
            for number, row in zip(series.tolist(), last.tolist(), strict=True):
                self.text.pop(number, None)
                if row in rows.text:
                    self.text[number] = rows.text[row]
