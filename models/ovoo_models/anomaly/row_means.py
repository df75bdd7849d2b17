"""Rows of a fixed length made of frames: a model may be learned and run at another step than that of the frames."""

from __future__ import annotations

import math
from array import array

from ovoo_models.base import NORMAL, FrameBlock

__all__ = ["RowMeans"]

_NEVER = -(2**62)


class RowMeans:
    """Means of each input over stretches of `row_ns`, from midnight UTC on.

    A row ends when the first frame beyond it comes, so that the same frames give the same rows however the stream is
    cut. It is normal work where all its frames were; an input without a value in it is missing. The stretch under way
    is dropped where time goes back.

    Args:
        columns: of the inputs in the frames.
        row_ns: length of a row.
    """

    def __init__(self, columns: array[int], row_ns: int) -> None:
        d = len(columns)
        self._columns, self._row_ns = columns, row_ns
        self._sum, self._count = array("d", bytes(8 * d)), array("q", bytes(8 * d))
        self._at = array("q", [_NEVER, NORMAL, -1])
        self.ends = array("q")
        """Of each row of the last `take` the frame that ended it."""

    def arrays(self) -> dict[str, array[float] | array[int]]:
        """State by name."""
        return {"row_sum": self._sum, "row_count": self._count, "row_at": self._at}

    @property
    def last_ns(self) -> int:
        """Time of the last frame, -1 before the first."""
        return self._at[2]

    def restart(self) -> None:
        """Forget the stretch under way."""
        self._begin(_NEVER)

    def take(self, rows: FrameBlock, mask: array[int]) -> tuple[FrameBlock, array[int]]:
        """The rows that ended within these frames, a column an input, and their gate codes."""
        found, codes = FrameBlock.empty(len(self._columns)), array("B")
        self.ends = array("q")
        for i in range(len(rows)):
            place = rows.time_ns[i] // self._row_ns
            if place != self._at[0]:
                if self._at[0] != _NEVER and place > self._at[0]:
                    self._end(found)
                    codes.append(self._at[1])
                    self.ends.append(i)
                self._begin(place)
            self._add(rows, i, mask[i])
            self._at[2] = rows.time_ns[i]
        return found, codes

    def _begin(self, place: int) -> None:
        d = len(self._columns)
        self._sum[:], self._count[:] = array("d", bytes(8 * d)), array("q", bytes(8 * d))
        self._at[0], self._at[1] = place, NORMAL

    def _add(self, rows: FrameBlock, i: int, code: int) -> None:
        if code != NORMAL:
            self._at[1] = code
        for k, column in enumerate(self._columns):
            value = rows.values[i * rows.width + column]
            if math.isfinite(value):
                self._sum[k] += value
                self._count[k] += 1

    def _end(self, found: FrameBlock) -> None:
        found.time_ns.append(self._at[0] * self._row_ns)
        found.values.extend(
            total / count if count else math.nan for total, count in zip(self._sum, self._count, strict=True)
        )
