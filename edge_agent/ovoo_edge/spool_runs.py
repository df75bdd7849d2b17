"""Which rows of a class can be thinned together: neighbours of one step of time, lacked by the same sinks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from ovoo_edge.spool_acks import Acknowledgements, Ranges, gaps, merge

__all__ = ["Head", "Run", "Runs"]

_HEADS: Final = 4096
_RUN_SAMPLES: Final = 250_000
_COLUMNS: Final = "seq, catalogue, rows, first_ns, flags, size, stored_ns"


class Head(NamedTuple):
    """A row without its payload."""

    seq: int
    catalogue_id: str
    rows: int
    first_ns: int
    flags: int
    size: int
    stored_ns: int


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that become one.

    Attributes:
        heads: ascending.
        needy: sinks that lack all of them; the others have all of them.
    """

    heads: Sequence[Head]
    needy: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of the payloads."""
        return sum(head.size for head in self.heads)


class Runs:
    """Walks over one class, oldest first, and remembers in the file how far it came.

    Args:
        connection: the spool's.
        rank: the class.
        step_ns: rows whose first samples lie in different steps stay apart.
        max_bytes: of a run.
        acks: what each sink has.
    """

    def __init__(
        self, connection: sqlite3.Connection, rank: int, step_ns: int, max_bytes: int, acks: Acknowledgements
    ) -> None:
        self._connection = connection
        self._rank = rank
        self._step_ns = step_ns
        self._max_bytes = max_bytes
        self._acks = acks
        self._key = f"thinned_{rank}_{step_ns}"
        found = connection.execute("SELECT value FROM meta WHERE key = ?", (self._key,)).fetchone()
        self._done: Ranges = [(low, high) for low, high in json.loads(found[0])] if found else []

    def waiting(self) -> Iterator[Run]:
        """Runs that were not looked at yet; what may still grow is left for later."""
        while True:
            start = self._done[0][1] + 1 if self._done and self._done[0][0] <= 1 else 1
            heads = self._heads(start)
            fresh = [head for head in heads if gaps(self._done, head.seq, head.seq)]
            runs = list(self._split(fresh))
            more = len(heads) == _HEADS
            # the last one may still grow, unless it fills everything in reach
            for run in runs if more and len(runs) == 1 else runs[:-1]:
                yield run
                self._settle(run.heads[-1].seq)
            if not runs and heads:
                self._settle(heads[-1].seq)
            if not more:
                return

    def note(self, seqs: Sequence[int]) -> None:
        """These rows are thinned; inside the caller's transaction."""
        self._done = merge([*self._done, *((seq, seq) for seq in seqs)])
        self._write()

    def _settle(self, last: int) -> None:
        """Everything of this class up to `last` was looked at."""
        self._done = merge([*self._done, (1, last)])

    def _write(self) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (self._key, json.dumps(self._done)))

    def _heads(self, first: int) -> list[Head]:
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM item INDEXED BY item_by_class WHERE class = ? AND seq >= ? "  # noqa: S608
            "ORDER BY seq LIMIT ?",
            (self._rank, first, _HEADS),
        )
        return [Head(*row) for row in found]

    def _split(self, heads: Sequence[Head]) -> Iterator[Run]:
        for (needy, *_), members in groupby(heads, self._kinship):
            part: list[Head] = []
            samples = size = 0
            for head in members:
                if part and (samples + head.rows > _RUN_SAMPLES or size + head.size > self._max_bytes):
                    yield Run(part, needy)
                    part, samples, size = [], 0, 0
                part.append(head)
                samples += head.rows
                size += head.size
            yield Run(part, needy)

    def _kinship(self, head: Head) -> tuple[tuple[str, ...], str, int, int]:
        needy = tuple(sink for sink in self._acks.sinks if self._acks.missing(sink, head.seq, head.seq))
        return needy, head.catalogue_id, head.flags, head.first_ns // self._step_ns
