"""The pages of a spool's file and of its write-ahead log, read without SQLite: newest trustworthy version first.

Formats: SQLite "Database File Format", sections 1.6 (b-tree pages), 1.7 (overflow), 1.8 (pointer map), 4 (the log).
"""

from __future__ import annotations

import errno
import itertools
import os
import pathlib
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from ovoo_edge.spool_schema import PAGE_BYTES

__all__ = ["PageFile"]

_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_MAGIC = 0x377F0682
_MAP_ENTRIES = PAGE_BYTES // 5
_FREE = 2
_KINDS = range(1, 6)
_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Frame:
    """A page in the log: its number, where its bytes start, database size if it ends a transaction, and the checks."""

    page: int
    offset: int
    commit: int
    salts: tuple[int, int]
    sums: tuple[int, int]
    proven: bool = False


class PageFile:
    """Random access to pages by number, each with every version that may hold live rows.

    A version in the log counts when its transaction was committed. A frame proves itself by the checksum that chains
    it to its predecessor; where the predecessor is destroyed it cannot, and the version before it is offered as well.

    Args:
        path: the database; `<path>-wal` is read if it is there. Neither file is changed.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._maps: dict[int, bytes | None] = {}
        self._file = self._wal = -1
        try:
            self._file = _open(path)
            self._wal = _open(path.with_name(path.name + "-wal"))
            self._pages = -(-_size(self._file) // PAGE_BYTES)
            self._frames = self._live_frames()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Closes both files."""
        for descriptor in (self._file, self._wal):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._wal = -1

    @property
    def last(self) -> int:
        """The greatest page number that file or log has."""
        return max(self._pages, max(self._frames, default=0))

    def versions(self, page: int) -> Iterator[bytes]:
        """Contents of a page, `PAGE_BYTES` each, newest first; ends at the first that is known to be good."""
        for frame in reversed(self._frames.get(page, ())):
            content = _read(self._wal, PAGE_BYTES, frame.offset)
            if len(content) == PAGE_BYTES:
                yield content
                if frame.proven:
                    return
        content = _read(self._file, PAGE_BYTES, (page - 1) * PAGE_BYTES)
        if len(content) == PAGE_BYTES:
            yield content

    def version(self, page: int, number: int) -> bytes:
        """The version with this number, 0 the newest."""
        return next(itertools.islice(self.versions(page), number, None))

    def is_free(self, page: int) -> bool:
        """Whether the pointer map says that the page's rows were deleted; False where the map is destroyed."""
        group = (page - 2) // (_MAP_ENTRIES + 1) * (_MAP_ENTRIES + 1) + 2
        if page < 3 or page == group:
            return False
        if group not in self._maps:
            self._maps[group] = next((found for found in self.versions(group) if self._is_map(group, found)), None)
        entries = self._maps[group]
        return entries is not None and entries[5 * (page - group - 1)] == _FREE

    def _is_map(self, group: int, content: bytes) -> bool:
        used = min(_MAP_ENTRIES, self.last - group)
        return all(kind in _KINDS for kind in content[: 5 * used : 5])

    def _live_frames(self) -> dict[int, list[_Frame]]:
        """Committed frames of the log's present generation, by page, in the order of writing."""
        frames = list(self._all_frames())
        # the present generation stands at the front: its first frame that can be proven names it
        salts = next((frame.salts for frame in frames if frame.proven), frames[0].salts if frames else None)
        ours = [frame for frame in frames if frame.salts == salts]
        ends = [position for position, frame in enumerate(ours) if frame.commit]
        found: dict[int, list[_Frame]] = {}
        # a transaction states how many pages the database has after it
        highest = max([self._pages + len(frames), *(frame.commit for frame in ours if frame.proven)])
        for frame in ours[: ends[-1] + 1] if ends else ():
            if 0 < frame.page <= highest:
                found.setdefault(frame.page, []).append(frame)
        return found

    def _all_frames(self) -> Iterator[_Frame]:
        """Every whole frame; a following frame is proven by its predecessor's sums, the first by the log's header."""
        header = _read(self._wal, _WAL_HEADER.size, 0)
        magic, *_, one, two = _WAL_HEADER.unpack(header) if len(header) == _WAL_HEADER.size else (0,) * 8
        order = ("little", "big")[magic & 1] if magic & ~1 == _MAGIC else sys.byteorder
        sums = (one, two)
        offset = _WAL_HEADER.size
        size = _size(self._wal)
        while offset + _FRAME_HEADER.size + PAGE_BYTES <= size:
            raw = _read(self._wal, _FRAME_HEADER.size + PAGE_BYTES, offset) or bytes(_FRAME_HEADER.size + PAGE_BYTES)
            page, commit, *rest = _FRAME_HEADER.unpack_from(raw)
            stated = (rest[2], rest[3])
            proven = _chained(raw[:8] + raw[_FRAME_HEADER.size :], sums, order) == stated
            yield _Frame(page, offset + _FRAME_HEADER.size, commit, (rest[0], rest[1]), stated, proven)
            sums = stated
            offset += len(raw)


def _open(path: pathlib.Path) -> int:
    return os.open(path, os.O_RDONLY) if path.exists() else -1


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size if descriptor >= 0 else 0


def _read(descriptor: int, size: int, offset: int) -> bytes:
    """The bytes there, fewer at the end of the file, none where the disk cannot read them."""
    if descriptor < 0:
        return b""
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def _chained(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """The log's checksum of `data` (a multiple of 8 bytes), continued from `sums`."""
    words = array("I", data)
    if order != sys.byteorder:
        words.byteswap()
    one, two = sums
    for here, there in zip(words[::2], words[1::2], strict=True):
        one = (one + here + two) & _WORD
        two = (two + there + one) & _WORD
    return one, two
