"""InfluxDB line protocol: a batch becomes bytes, exactly."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_contract._select import kernels
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import CatalogueError, StoreRejected
from ovoo_contract.samples import SampleBatch
from ovoo_contract.schema import MEASUREMENTS

__all__ = ["LineEncoder", "encode_point", "escape_key", "escape_measurement", "quote_text"]

_BREAKS: Final = frozenset("\n\r\0")


def escape_measurement(name: str) -> str:
    """A measurement name with comma and blank escaped; StoreRejected where the protocol cannot carry it."""
    return _checked(name, "measurement").replace(",", "\\,").replace(" ", "\\ ")


def escape_key(text: str) -> str:
    """A tag key, tag value or field key with comma, equals sign and blank escaped; StoreRejected like above."""
    return _checked(text, "tag or field key").replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def quote_text(text: str) -> str:
    """A string field value in quotes; line breaks stay as they are, which the protocol allows there."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_point(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, float | int | bool | str | None], time_ns: int
) -> bytes:
    """One line with its line feed; empty if no field has a value.

    Tags are written in key order; empty tag values and absent fields (None, NaN, infinite) are left out. Integers
    must fit 64 bits.

    Raises:
        StoreRejected: for a name, tag or integer that the protocol cannot carry.
    """
    written = [f"{escape_key(key)}={text}" for key, value in fields.items() if (text := _field(key, value))]
    if not written:
        return b""
    head = [escape_measurement(measurement)]
    head.extend(f"{escape_key(key)}={escape_key(tags[key])}" for key in sorted(tags) if tags[key])
    return f"{','.join(head)} {','.join(written)} {time_ns}\n".encode()


class LineEncoder:
    """Writes batches of one catalogue; heads and keys are prepared once per signal."""

    __slots__ = ("_catalogue_id", "_full", "_heads", "_keys")

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue_id = catalogue.id
        self._heads = [_head(entry) for entry in catalogue.entries]
        self._keys = [f"{escape_key(entry.field)}=".encode() for entry in catalogue.entries]
        self._full = bytes(_form(entry) for entry in catalogue.entries)

    def encode(self, batch: SampleBatch, rows: Sequence[int] | None = None) -> bytes:
        """The given rows (all if None) as lines.

        Telemetry carries value, quality and text, an absent value only the latter two; any other figure that is absent
        gives no line. Counts of `telemetry_1m` are integers.

        Raises:
            CatalogueError: if a row's signal is not in the catalogue.
        """
        texts = {row: quote_text(text).encode() for row, text in batch.text.items()} if batch.text else {}
        chosen = (
            None if rows is None else rows if isinstance(rows, array) and rows.typecode == "I" else array("I", rows)
        )
        try:
            return kernels.encode_lines(
                self._heads,
                self._keys,
                self._full,
                batch.signal,
                batch.time_ns,
                batch.value,
                batch.quality,
                texts,
                chosen,
            )
        except IndexError as error:
            raise CatalogueError(
                "a row names a signal that is not listed",
                offender=f"catalogue {self._catalogue_id}",
                value=str(error),
                remedy="encode with the catalogue that the batch names",
            ) from error


def _form(entry: SignalEntry) -> int:
    """How the kernel writes a row: 1 with quality and text, 2 as an integer, 0 as a number."""
    if entry.measurement == "telemetry":
        return 1
    return 2 if MEASUREMENTS[entry.measurement].fields[entry.field] == "int" else 0


def _head(entry: SignalEntry) -> bytes:
    address = entry.address
    tags = {"site": address.site, "asset": address.asset_path}
    if entry.measurement == "telemetry":
        tags["signal"] = address.signal
    elif entry.measurement == "telemetry_1m":
        tags["signal"] = entry.model
    elif entry.measurement == "score":
        tags["model"] = entry.model
    elif entry.measurement == "gateway":
        tags = {"gateway": address.asset}
    parts = [escape_measurement(entry.measurement)]
    parts.extend(f"{key}={escape_key(tags[key])}" for key in sorted(tags) if tags[key])
    return f"{','.join(parts)} ".encode()


def _field(key: str, value: float | int | bool | str | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise StoreRejected(
                "integer beyond 64 bits", offender=f"field {key}", value=value, remedy="write it as text"
            )
        return f"{value}i"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return "" if value is None else quote_text(value)


def _checked(text: str, what: str) -> str:
    if text.endswith("\\") or not text or not _BREAKS.isdisjoint(text):
        raise StoreRejected(
            "line protocol cannot carry it",
            offender=what,
            value=text,
            remedy="no line break, NUL, trailing backslash or empty text",
        )
    return text
