"""The seam to the telemetry stores: what is written, what may be asked, and how answers look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import BudgetExceeded, UnboundedQuery
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader

__all__ = [
    "STREAM_CHUNK",
    "Columns",
    "Counts",
    "Delivery",
    "FloatArray",
    "IntArray",
    "Latest",
    "SignalLookup",
    "StoreHealth",
    "TelemetryStore",
    "UIntArray",
    "Windows",
    "WriteOutcome",
    "check_bounds",
    "check_budget",
    "concat_columns",
    "empty_windows",
    "read_all",
    "window_edges",
]

IntArray = npt.NDArray[np.int64]
UIntArray = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]

STREAM_CHUNK: Final = 100_000
"""Rows in one piece of `stream()`."""
_EARLIEST: Final = 0
_LATEST: Final = 4_102_444_800_000_000_000  # 2100-01-01: a bound beyond it is no bound


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a gateway: spool rows `header.seq .. header.seq + header.merged - 1`."""

    gateway: str
    enterprise: str
    header: BatchHeader
    catalogue: Catalogue
    batch: SampleBatch

    @property
    def first(self) -> int:
        """The first spool row."""
        return self.header.seq

    @property
    def last(self) -> int:
        """The last spool row."""
        return self.header.seq + self.header.merged - 1


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of a delivery's rows: `stored + duplicates + refused` = rows sent, unless `known`.

    shifted: stored rows that moved to a free nanosecond. known: the delivery had been stored before, nothing was
    written. refused: rows the store will never take, with the reason in `detail`.
    """

    stored: int = 0
    duplicates: int = 0
    shifted: int = 0
    known: bool = False
    refused: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Latest:
    """The sample with the greatest time of one signal; `value` is NaN where absent."""

    address: Address
    time_ns: int
    value: float
    quality: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples of one signal in time order; `text` maps a row to its text."""

    time_ns: IntArray
    value: FloatArray
    quality: UIntArray
    text: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_ns)

    def to_batch(self) -> SampleBatch:
        """The same samples as a batch of signal 0, the form that hashing and kernels take."""
        batch = SampleBatch.empty()
        batch.signal.frombytes(bytes(4 * len(self)))
        batch.time_ns.frombytes(self.time_ns.tobytes())
        batch.value.frombytes(self.value.tobytes())
        batch.quality.frombytes(self.quality.tobytes())
        batch.text.update(self.text)
        return batch

    @classmethod
    def empty(cls) -> Columns:
        """No samples."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.uint32))


@dataclass(frozen=True, slots=True)
class Windows:
    """One row per half-open window, empty ones included.

    count: all rows. good: rows of good quality. min, max, mean, last: over good rows with a value, NaN where none.
    """

    start_ns: IntArray
    end_ns: IntArray
    count: IntArray
    good: IntArray
    min: FloatArray
    max: FloatArray
    mean: FloatArray
    last: FloatArray

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows stored per signal (axis 0) and window (axis 1), and how many of them are good."""

    addresses: tuple[Address, ...]
    start_ns: IntArray
    count: IntArray
    good: IntArray


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How the store is: `state` ok or down, its version, and figures for the status page."""

    state: Literal["ok", "down"]
    kind: str
    version: str
    detail: str = ""
    figures: dict[str, float] = field(default_factory=dict)


SignalLookup = Callable[[Address], SignalEntry | None]
"""The catalogue entry of an address, None where unknown; asked for addresses that a store has not written itself."""


class TelemetryStore(Protocol):
    """A store of samples. Thread-safe. Times are nanoseconds UTC, windows half-open [start, end).

    Every method raises StoreUnavailable when the store does not answer; a read raises UnboundedQuery without sane
    bounds and BudgetExceeded, with a hint, when it would return too much. An unknown signal has no samples.
    """

    def ensure_enterprise(self, enterprise: str) -> None:
        """Creates the enterprise's database, bucket or schema; harmless when it is there."""

    def write(self, delivery: Delivery) -> WriteOutcome:
        """Stores one delivery; returns when it is durable."""

    def write_many(self, deliveries: Sequence[Delivery]) -> list[WriteOutcome]:
        """Stores several deliveries in one go, outcomes in the same order."""

    def note_gateway(self, enterprise: str, gateway: str, time_ns: int, figures: Mapping[str, float]) -> None:
        """Keeps one line of a gateway's own figures; names are fields of the contract's measurement `gateway`."""

    def latest(self, addresses: Sequence[Address]) -> list[Latest]:
        """The newest sample of each signal that has one, in the order asked."""

    def raw(self, address: Address, start_ns: int, end_ns: int, limit: int, after_ns: int | None = None) -> Columns:
        """At most `limit` samples in time order; `after_ns` continues behind the last one of a page."""

    def windows(
        self,
        address: Address,
        start_ns: int,
        end_ns: int,
        *,
        edges: Sequence[int] | None = None,
        step_ns: int | None = None,
    ) -> Windows:
        """Aggregates per window: either calendar `edges` (n + 1 for n windows) or a fixed `step_ns` from `start_ns`."""

    def counts(self, addresses: Sequence[Address], start_ns: int, end_ns: int, step_ns: int) -> Counts:
        """Stored and good rows per signal and step."""

    def stream(self, addresses: Sequence[Address], start_ns: int, end_ns: int) -> Iterator[tuple[Address, Columns]]:
        """All samples ordered by (address, time), in pieces of at most STREAM_CHUNK rows.

        A signal may come in several consecutive pieces; one without samples does not come at all.
        """

    def health(self) -> StoreHealth:
        """The store's state; never raises."""

    def close(self) -> None:
        """Releases files and connections."""


def check_bounds(start_ns: int | None, end_ns: int | None) -> None:
    """Raises UnboundedQuery unless both bounds are there, sane and in order."""
    if start_ns is None or end_ns is None or start_ns < _EARLIEST or end_ns > _LATEST:
        raise UnboundedQuery(
            "a query needs a start and an end", offender="time range", value=(start_ns, end_ns), remedy="name both"
        )
    if end_ns < start_ns:
        raise UnboundedQuery(
            "the end lies before the start", offender="time range", value=(start_ns, end_ns), remedy="swap them"
        )


def check_budget(points: int, budget: int, hint: str) -> None:
    """Raises BudgetExceeded with `hint` as remedy when `points` is above `budget`."""
    if points > budget:
        raise BudgetExceeded(f"more than {budget} points", offender="query", value=points, remedy=hint)


def window_edges(start_ns: int, end_ns: int, edges: Sequence[int] | None, step_ns: int | None, budget: int) -> IntArray:
    """The n + 1 borders of n windows, checked against bounds and budget; the last step may be short."""
    check_bounds(start_ns, end_ns)
    if (edges is None) == (step_ns is None):
        raise UnboundedQuery("windows need edges or a step", offender="windows", remedy="give exactly one of them")
    if edges is not None:
        borders = np.asarray(edges, np.int64)
        if len(borders) < 2 or np.any(np.diff(borders) <= 0) or borders[0] < start_ns or borders[-1] > end_ns:
            raise UnboundedQuery("edges must rise within the bounds", offender="windows.edges", remedy="sort them")
    else:
        step = step_ns or 0
        if step <= 0:
            raise UnboundedQuery("a step is a positive time", offender="windows.step_ns", value=step_ns)
        check_budget(-(-(end_ns - start_ns) // step), budget, "take a longer step or a shorter range")
        borders = np.append(np.arange(start_ns, end_ns, step, dtype=np.int64), np.int64(end_ns))
    check_budget(len(borders) - 1, budget, "take a longer step or a shorter range")
    return borders


def empty_windows(borders: IntArray) -> Windows:
    """Windows without a row."""
    size = len(borders) - 1
    blank = [np.full(size, np.nan) for _ in range(4)]
    return Windows(borders[:-1], borders[1:], np.zeros(size, np.int64), np.zeros(size, np.int64), *blank)


def concat_columns(pieces: Sequence[Columns]) -> Columns:
    """Pieces of one signal joined."""
    if not pieces:
        return Columns.empty()
    if len(pieces) == 1:
        return pieces[0]
    text: dict[int, str] = {}
    offset = 0
    for piece in pieces:
        text.update({offset + row: words for row, words in piece.text.items()})
        offset += len(piece)
    return Columns(
        np.concatenate([piece.time_ns for piece in pieces]),
        np.concatenate([piece.value for piece in pieces]),
        np.concatenate([piece.quality for piece in pieces]),
        text,
    )


def read_all(store: TelemetryStore, addresses: Sequence[Address], start_ns: int, end_ns: int) -> dict[Address, Columns]:
    """All samples of the window by signal, in memory; signals without samples have empty columns."""
    pieces: dict[Address, list[Columns]] = {address: [] for address in addresses}
    for address, columns in store.stream(addresses, start_ns, end_ns):
        pieces[address].append(columns)
    return {address: concat_columns(parts) for address, parts in pieces.items()}
