"""What a figure was made from: enough to compute it again, offline, to the same digits."""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ovoo_contract.canonical import canonical_json, sha256_hex

__all__ = ["Column", "Record", "data_hash"]


@dataclass(frozen=True, slots=True)
class Column:
    """One input of a calculation: its name or address, unit, SHA-256 of its rows, and how many rows count."""

    name: str
    unit: str
    sha256: str
    rows: int
    good_rows: int


@dataclass(frozen=True, slots=True)
class Record:
    """Provenance of one result. `method` and `version` name the calculation; numbers are decimal strings.

    `excluded` says which rows were left out and why; `factors`, `norms` and `tariffs` are ids with their edition;
    `parameters` is all that the calculation was called with.
    """

    method: str
    version: int
    start_ns: int
    end_ns: int
    columns: tuple[Column, ...]
    parameters: Mapping[str, object]
    coefficients: Mapping[str, str]
    results: Mapping[str, str]
    excluded: tuple[Mapping[str, object], ...] = ()
    factors: Mapping[str, str] = field(default_factory=dict)
    norms: Mapping[str, str] = field(default_factory=dict)
    tariffs: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`rec_` and 16 hex digits of the content."""
        return f"rec_{sha256_hex(self.to_json())[:16]}"

    def to_json(self) -> bytes:
        """Canonical JSON (RFC 8785): equal records are equal bytes. 64-bit times stand as strings."""
        known = asdict(self)
        return canonical_json({**known, "start_ns": str(self.start_ns), "end_ns": str(self.end_ns)})


def data_hash(time_ns: Sequence[int], values: Sequence[float]) -> str:
    """SHA-256 of (time, value) rows, little endian, in time order; NaN of every kind counts as one."""
    digest = hashlib.sha256()
    for block in range(0, len(time_ns), 4096):
        times = array("q", time_ns[block : block + 4096])
        numbers = [value if value == value else float("nan") for value in values[block : block + 4096]]
        digest.update(struct.pack(f"<{len(times)}q", *times))
        digest.update(struct.pack(f"<{len(numbers)}d", *numbers))
    return digest.hexdigest()
