"""Newest sample time per signal: as received, and as committed, the latter in a mapped file that survives a kill.

The mapped pages belong to the kernel, so what was noted before a SIGKILL is there afterwards; after a power cut the
file may be some seconds old, which only makes a backfill read more than it needs.
"""

from __future__ import annotations

import hashlib
import mmap
import pathlib
import struct
from array import array
from collections.abc import Sequence

from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import extent_kernels
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.times import LATEST_AHEAD_NS

__all__ = ["SampleMarks", "signal_key"]

_MAGIC = b"OVOOMRK1"
_HEADER = struct.Struct("<8sQ")


def signal_key(signal: SignalMap) -> int:
    """A number below 2**63 that stands for address and reference across restarts and changed lists."""
    text = f"{signal.address}\n{signal.reference}\n{signal.element}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


class SampleMarks:
    """Marks of the signals of one source, by catalogue index; 0 stands for "never".

    Marks only rise. Of several rows of a signal in a batch the last counts: servers send them in order.

    The file holds a head, the signals' keys and one mark per catalogue index up to the greatest in use.

    Args:
        path: the file; of one that is missing, damaged or of another list, what fits is taken.
        signals: all signals of the source.
        now_ns: UTC at the start; marks more than a day ahead are not believed.

    Attributes:
        received: marks of what was received.
        keys: what stands for a signal across restarts, by catalogue index.
    """

    def __init__(self, path: pathlib.Path, signals: Sequence[SignalMap], now_ns: int) -> None:
        self.received = array("q", bytes(8 * (max((signal.index for signal in signals), default=-1) + 1)))
        old = _read(path)
        self.keys = {signal.index: signal_key(signal) for signal in signals}
        keys = array("q", bytes(8 * len(self.received)))
        for index, key in self.keys.items():
            keys[index] = key
            mark = old.get(key, 0)
            self.received[index] = mark if 0 < mark <= now_ns + LATEST_AHEAD_NS else 0
        self._map = _create(path, keys, self.received)
        self._committed = memoryview(self._map)[_HEADER.size + 8 * len(keys) :].cast("q")

    @property
    def newest_ns(self) -> int:
        """Greatest time received of any signal, 0 for none."""
        return max(self.received, default=0)

    def receive(self, batch: SampleBatch) -> None:
        """Notes a batch that was received."""
        extent_kernels.lift_marks(batch.signal, batch.time_ns, self.received)

    def commit(self, batch: SampleBatch) -> None:
        """Notes a batch that is on disk."""
        extent_kernels.lift_marks(batch.signal, batch.time_ns, self._committed)


def _read(path: pathlib.Path) -> dict[int, int]:
    """Marks by key of a file; empty where it is none."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    if len(data) < _HEADER.size:
        return {}
    magic, count = _HEADER.unpack_from(data)
    if magic != _MAGIC or len(data) != _HEADER.size + 16 * count:
        return {}
    numbers = array("q", data[_HEADER.size :])
    return dict(zip(numbers[:count], numbers[count:], strict=True))


def _create(path: pathlib.Path, keys: array[int], marks: array[int]) -> mmap.mmap:
    """Replaces the file by one with these marks and maps it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(_HEADER.pack(_MAGIC, len(keys)) + keys.tobytes() + marks.tobytes())
    temporary.replace(path)
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)
