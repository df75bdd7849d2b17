"""One hour of a machine as sums by regime: a delivery from which a fit can be made without the samples."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, get_args

from ovoo_contract._fields import Fields
from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.catalogue import DataClass
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import AddressError, DeliveryError, UnitError
from ovoo_contract.units import unit

__all__ = ["MAX_SUMS_BYTES", "HourSums", "SumsEnvelope", "SumsLayout", "hour_start"]

MAX_SUMS_BYTES: Final = 1 << 20
"""A message's JSON is never longer; what unpacks to more is refused before it is read."""
_VERSION: Final = 1
_U64: Final = 2**64 - 1
_I64: Final = 2**63 - 1
_MINUTES: Final = 60
_MODEL: Final = re.compile(r"[0-9a-f]{16}\Z")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_MASK: Final = re.compile(r"[0-9a-f]{15}\Z")


@dataclass(frozen=True, slots=True)
class SumsLayout:
    """What the sums are of; hours of equal layouts can be merged.

    Attributes:
        kind: what tells the regimes apart, such as `power_state`.
        regimes: their names, by code; 1 to 255.
        variables: (signal, unit) of each candidate variable; 1 to 31.
        target: (figure, unit) of what they explain.
    """

    kind: str
    regimes: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    target: tuple[str, str]

    def __post_init__(self) -> None:
        for name, word in (("kind", self.kind), *(("regimes", word) for word in self.regimes)):
            if _WORD.match(word) is None:
                raise DeliveryError("not a word", offender=f"sums.{name}", value=word, remedy="a snake_case word")
        names = [name for name, _unit in (*self.variables, self.target)]
        for what, count, most in (("regimes", len(self.regimes), 255), ("variables", len(self.variables), 31)):
            if not 1 <= count <= most:
                raise DeliveryError("outside its range", offender=f"sums.{what}", value=count, remedy=f"1 to {most}")
        for what, words in (("regimes", [*self.regimes]), ("variables", names)):
            if len({*words}) != len(words):
                raise DeliveryError("named twice", offender=f"sums.{what}", value=words, remedy="name each once")
        for _name, symbol in (*self.variables, self.target):
            try:
                unit(symbol)
            except UnitError as error:
                raise DeliveryError(str(error), offender="sums.variables", value=symbol) from error

    @property
    def key(self) -> str:
        """The kind and 16 hex of the SHA-256 of everything: equal where hours can be merged."""
        return f"{self.kind}:{sha256_hex(canonical_json(self.to_document()))[:16]}"

    def to_document(self) -> dict[str, Any]:
        """The layout as JSON values."""
        return {
            "kind": self.kind,
            "regimes": [*self.regimes],
            "variables": [[*pair] for pair in self.variables],
            "target": [*self.target],
        }

    @classmethod
    def from_document(cls, document: object) -> SumsLayout:
        """Reads `to_document`; DeliveryError for anything else."""
        fields = Fields(document, "sums.layout")
        return cls(
            fields.text("kind"),
            fields.texts("regimes"),
            tuple(_pair(item) for item in fields.items("variables")),
            _pair(fields.items("target")),
        )


@dataclass(frozen=True, slots=True)
class HourSums:
    """One hour of one machine and model.

    Attributes:
        asset: the machine.
        model: fingerprint of the model set that told the regimes, 16 hex digits.
        layout: what the sums are of.
        start_ns: start of the hour, UTC; hours are those of the site's clock.
        made_ns: when it was drawn up; the greater one is the later.
        minutes: bit k is set where minute k of the hour was measured whole or nearly; the rest is not covered.
        rows: by regime, the minutes that are in the sums; at most as many as were measured.
        data_class: the highest among the signals behind it.
        sums: what `ovoo_models.efficiency.regime_sums` writes, as JSON values.
    """

    asset: AssetAddress
    model: str
    layout: SumsLayout
    start_ns: int
    made_ns: int
    minutes: int
    rows: tuple[int, ...]
    data_class: DataClass
    sums: Mapping[str, Any] = field(hash=False)

    def __post_init__(self) -> None:
        if _MODEL.match(self.model) is None:
            raise DeliveryError("not a fingerprint", offender="sums.model", value=self.model, remedy="16 hex digits")
        if not 0 <= self.start_ns <= _I64 - HOUR_NS or self.start_ns % (HOUR_NS // _MINUTES):
            raise DeliveryError("not the start of an hour", offender="sums.start_ns", value=self.start_ns)
        if not 0 <= self.minutes < 1 << _MINUTES:
            raise DeliveryError("not sixty minutes", offender="sums.minutes", value=self.minutes)
        if len(self.rows) != len(self.layout.regimes) or min(self.rows) < 0 or sum(self.rows) > self.measured:
            raise DeliveryError(
                "does not add up", offender="sums.rows", value=self.rows, remedy=f"{self.measured} minutes at most"
            )
        if self.data_class not in get_args(DataClass):
            raise DeliveryError("not a data class", offender="sums.data_class", value=self.data_class)

    @property
    def measured(self) -> int:
        """Minutes of the hour that were measured, 0 to 60."""
        return self.minutes.bit_count()

    def to_document(self) -> dict[str, Any]:
        """The hour as JSON values."""
        return {
            "version": _VERSION,
            "asset": str(self.asset),
            "model": self.model,
            "layout": self.layout.to_document(),
            "start_ns": str(self.start_ns),
            "made_ns": str(self.made_ns),
            "minutes": f"{self.minutes:015x}",
            "rows": [*self.rows],
            "data_class": self.data_class,
            "sums": dict(self.sums),
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON, deflated (zlib)."""
        return zlib.compress(canonical_json(self.to_document()), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> HourSums:
        """Reads `to_bytes`; DeliveryError for anything else."""
        return cls.from_document(_inflate(data).data)

    @classmethod
    def from_document(cls, document: object) -> HourSums:
        """Reads `to_document`; DeliveryError for anything else. The sums themselves are opened where they are used."""
        fields = Fields(document, "sums")
        if fields.integer("version", 0, _U64) != _VERSION:
            raise DeliveryError(
                "another version", offender="sums.version", value=fields.data["version"], remedy=f"{_VERSION}"
            )
        mask = fields.text("minutes")
        if _MASK.match(mask) is None:
            raise DeliveryError("not sixty minutes", offender="sums.minutes", value=mask, remedy="15 hex digits")
        try:
            asset = AssetAddress.parse(fields.text("asset"))
        except AddressError as error:
            raise DeliveryError(str(error), offender="sums.asset", value=fields.data.get("asset")) from error
        classes = get_args(DataClass)
        return cls(
            asset,
            fields.text("model"),
            SumsLayout.from_document(fields.data.get("layout")),
            fields.integer("start_ns", 0, _I64),
            fields.integer("made_ns", -_I64, _I64),
            int(mask, 16),
            tuple(_count(item) for item in fields.items("rows")),
            classes[classes.index(fields.choice("data_class", classes))],
            fields.mapping("sums"),
        )


@dataclass(frozen=True, slots=True)
class SumsEnvelope:
    """An hour of sums as a delivery: (epoch, seq) in the number space of the batches."""

    epoch: int
    seq: int
    hour: HourSums = field(hash=False)

    def to_bytes(self) -> bytes:
        """Canonical JSON with epoch and seq as decimal strings, deflated (zlib)."""
        document = {"epoch": str(self.epoch), "seq": str(self.seq), "hour": self.hour.to_document()}
        return zlib.compress(canonical_json(document), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> SumsEnvelope:
        """Reads `to_bytes`; DeliveryError for anything else."""
        fields = _inflate(data)
        return cls(*_place(fields), HourSums.from_document(fields.data.get("hour")))

    @classmethod
    def peek(cls, data: bytes) -> tuple[int, int]:
        """Epoch and seq, even where the hour itself is malformed; DeliveryError where they cannot be read."""
        return _place(_inflate(data))


def hour_start(time_ns: int, zone: tzinfo) -> int:
    """The start of the hour of the zone's clock in which a time lies; both in ns UTC."""
    offset = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(zone).utcoffset()
    offset_ns = 0 if offset is None else round(offset.total_seconds()) * 1_000_000_000
    return (time_ns + offset_ns) // HOUR_NS * HOUR_NS - offset_ns


def _place(fields: Fields) -> tuple[int, int]:
    return fields.integer("epoch", 0, _U64), fields.integer("seq", 1, _U64)


def _pair(item: object) -> tuple[str, str]:
    if not isinstance(item, list) or len(item) != 2 or not all(isinstance(word, str) for word in item):
        raise DeliveryError("not a name with a unit", offender="sums.layout", value=item, remedy='["flow", "m3/min"]')
    return item[0], item[1]


def _count(item: object) -> int:
    if not isinstance(item, int) or isinstance(item, bool):
        raise DeliveryError("not a count", offender="sums.rows", value=item)
    return item


def _inflate(data: bytes) -> Fields:
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(data, MAX_SUMS_BYTES)
    except zlib.error as error:
        raise DeliveryError("not deflated", offender="sums", remedy=str(error)) from error
    if not opened.eof or opened.unused_data:
        raise DeliveryError("cut off or too long", offender="sums", remedy=f"at most {MAX_SUMS_BYTES} bytes")
    return Fields.parse(text, "sums")
