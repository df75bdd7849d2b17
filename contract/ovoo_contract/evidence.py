"""Evidence: which samples a figure stands on, and a hash that proves it a year later."""

from __future__ import annotations

import hashlib
import re
import struct
import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ovoo_contract._fields import Fields
from ovoo_contract._select import kernels
from ovoo_contract.address import Address
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import EvidenceError
from ovoo_contract.figures import figure, mean, total

__all__ = ["Evidence", "EvidenceDescriptor", "SampleColumns", "figure", "hash_samples", "mean", "total"]

_I64: Final = 2**63 - 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")


class SampleColumns(Protocol):
    """Samples of one signal in time order; `SampleBatch` and the stores' columns are such."""

    @property
    def time_ns(self) -> array[int]:
        """Nanoseconds since 1970 UTC."""

    @property
    def value(self) -> array[float]:
        """Doubles, NaN where absent."""

    @property
    def quality(self) -> array[int]:
        """Status codes."""

    @property
    def text(self) -> Mapping[int, str]:
        """Row -> text."""


@dataclass(frozen=True, slots=True)
class EvidenceDescriptor:
    """What was asked: addresses in the half-open window ``[start_ns, end_ns)``, by which query, formulae and factors.

    The order of addresses and ids does not matter: they are sorted, and repeats dropped, on creation.
    """

    addresses: tuple[Address, ...]
    start_ns: int
    end_ns: int
    query: str = "raw"
    catalogue_ids: tuple[str, ...] = ()
    formula_ids: tuple[str, ...] = ()
    factor_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not -_I64 <= self.start_ns <= self.end_ns <= _I64:
            raise EvidenceError(
                "a window starts before it ends", offender="evidence.end_ns", value=(self.start_ns, self.end_ns)
            )
        for name in ("addresses", "catalogue_ids", "formula_ids", "factor_ids"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    @property
    def id(self) -> str:
        """`ev_` and the first 16 hex digits of the SHA-256 over the canonical descriptor."""
        return "ev_" + sha256_hex(canonical_json(self.to_dict()))[:16]

    def to_dict(self) -> dict[str, object]:
        """JSON-ready data; nanoseconds are decimal strings."""
        return {
            "addresses": [str(address) for address in self.addresses],
            "start_ns": str(self.start_ns),
            "end_ns": str(self.end_ns),
            "query": self.query,
            "catalogue_ids": list(self.catalogue_ids),
            "formula_ids": list(self.formula_ids),
            "factor_ids": list(self.factor_ids),
        }

    @classmethod
    def from_dict(cls, data: object) -> EvidenceDescriptor:
        """Reads `to_dict`; EvidenceError names the wrong field."""
        fields = Fields(data, "evidence.descriptor", EvidenceError)
        return cls(
            addresses=tuple(Address.parse(text) for text in fields.texts("addresses")),
            start_ns=fields.integer("start_ns", -_I64, _I64),
            end_ns=fields.integer("end_ns", -_I64, _I64),
            query=fields.text("query"),
            catalogue_ids=fields.texts("catalogue_ids"),
            formula_ids=fields.texts("formula_ids"),
            factor_ids=fields.texts("factor_ids"),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found: number of samples, share of good ones, their hash, and gaps as half-open windows.

    `good_share` is 0 to 1, or None where there are no samples. `gaps` holds ``(start_ns, end_ns)``.
    """

    descriptor: EvidenceDescriptor
    samples: int
    good_share: float | None
    sha256: str
    gaps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.samples < 0 or (self.samples == 0) != (self.good_share is None):
            raise EvidenceError("a share of no samples is None", offender="evidence.good_share", value=self.good_share)
        if self.good_share is not None and not 0 <= self.good_share <= 1:
            raise EvidenceError("a share is 0 to 1", offender="evidence.good_share", value=self.good_share)
        if _SHA256.match(self.sha256) is None:
            raise EvidenceError("not a SHA-256", offender="evidence.sha256", value=self.sha256, remedy="64 hex digits")
        for start, end in self.gaps:
            if not start < end:
                raise EvidenceError("a gap starts before it ends", offender="evidence.gaps", value=(start, end))

    @property
    def id(self) -> str:
        """The descriptor's id."""
        return self.descriptor.id

    def to_dict(self) -> dict[str, object]:
        """JSON-ready data; nanoseconds are decimal strings."""
        return {
            "id": self.id,
            "descriptor": self.descriptor.to_dict(),
            "samples": self.samples,
            "good_share": self.good_share,
            "sha256": self.sha256,
            "gaps": [[str(start), str(end)] for start, end in self.gaps],
        }

    @classmethod
    def from_dict(cls, data: object) -> Evidence:
        """Reads `to_dict`; EvidenceError names the wrong field."""
        fields = Fields(data, "evidence", EvidenceError)
        gaps = []
        for item in fields.items("gaps"):
            if not isinstance(item, list) or len(item) != 2:
                raise EvidenceError("not a pair", offender="evidence.gaps", value=item, remedy="write [start, end]")
            pair = Fields({"start": item[0], "end": item[1]}, "evidence.gaps", EvidenceError)
            gaps.append((pair.integer("start", -_I64, _I64), pair.integer("end", -_I64, _I64)))
        return cls(
            descriptor=EvidenceDescriptor.from_dict(fields.data.get("descriptor")),
            samples=fields.integer("samples", 0, _I64),
            good_share=fields.number("good_share"),
            sha256=fields.text("sha256"),
            gaps=tuple(gaps),
        )


def hash_samples(columns: Iterable[tuple[Address, SampleColumns]]) -> str:
    """SHA-256 (64 hex digits) over samples that come ordered by (address, time).

    The same samples give the same hash however they are cut into pieces, on every store and machine: per address
    the times, value bits (one NaN), qualities and texts are hashed apart, little-endian, and then together.

    Raises:
        EvidenceError: if addresses or times do not come in order.
    """
    outer = hashlib.sha256()
    current: _SignalHash | None = None
    for address, part in columns:
        if current is None or current.address != str(address):
            if current is not None and str(address) < current.address:
                raise EvidenceError(
                    "addresses out of order", offender="samples", value=str(address), remedy="sort them"
                )
            if current is not None:
                outer.update(current.finish())
            current = _SignalHash(str(address))
        current.update(part)
    if current is not None:
        outer.update(current.finish())
    return outer.hexdigest()


class _SignalHash:
    """The running hashes of one signal."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._rows = 0
        self._last = -(2**63)
        self._parts = [hashlib.sha256() for _ in range(4)]

    def update(self, part: SampleColumns) -> None:
        times = part.time_ns
        if not len(times):
            return
        if times[0] < self._last or not kernels.is_sorted(array("I", bytes(4 * len(times))), times):
            raise EvidenceError("times out of order", offender=self.address, remedy="sort by time")
        self._last = times[-1]
        values = array("d", part.value)
        kernels.replace_nan(values)
        self._parts[0].update(_little_endian(times))
        self._parts[1].update(_little_endian(values))
        self._parts[2].update(_little_endian(part.quality))
        for row in sorted(part.text):
            text = part.text[row].encode()
            self._parts[3].update(struct.pack("<QQ", self._rows + row, len(text)) + text)
        self._rows += len(times)

    def finish(self) -> bytes:
        name = self.address.encode()
        head = struct.pack("<IQ", len(name), self._rows) + name
        return head + b"".join(digest.digest() for digest in self._parts)


def _little_endian(column: array[int] | array[float]) -> bytes:
    if sys.byteorder == "little":
        return column.tobytes()
    swapped = column[:]
    swapped.byteswap()
    return swapped.tobytes()
