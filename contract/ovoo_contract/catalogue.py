"""The signal list of a gateway: what the index in a batch means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from ovoo_contract._fields import Fields
from ovoo_contract.address import Address
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import AddressError, CatalogueError, OvooError, UnitError
from ovoo_contract.schema import ROLE_FIELDS
from ovoo_contract.units import unit

__all__ = ["Catalogue", "DataClass", "SignalEntry", "SignalMeasurement", "SignalType", "Uplink", "class_rank"]

SignalType = Literal["float", "int", "bool", "text"]
DataClass = Literal["general", "important", "core"]
Uplink = Literal["raw", "on_change", "events", "aggregate_1m"]
SignalMeasurement = Literal["telemetry", "telemetry_1m", "score", "energy", "gateway"]

_VERSION: Final = 1
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "type": get_args(SignalType),
    "data_class": get_args(DataClass),
    "uplink": get_args(Uplink),
    "measurement": get_args(SignalMeasurement),
}


def class_rank(data_class: DataClass) -> int:
    """0 general, 1 important, 2 core: a sink may carry a class up to its own rank."""
    return get_args(DataClass).index(data_class)


@dataclass(frozen=True, slots=True)
class SignalEntry:
    """One signal of a catalogue.

    `low` and `high` are the physical range in `unit`, both inclusive; `period_s` (> 0) is how often a sample is
    expected. `measurement`, `field` and `model` say where a derived signal is written in the store;
    for a figure of `telemetry_1m` the `model` is the name of the signal it was made of.
    """

    address: Address
    unit: str
    type: SignalType = "float"
    low: float | None = None
    high: float | None = None
    data_class: DataClass = "general"
    uplink: Uplink = "raw"
    period_s: float = 1.0
    name_zh: str = ""
    name_en: str = ""
    keep_times: bool = False
    measurement: SignalMeasurement = "telemetry"
    field: str = "value"
    model: str = ""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise self._refuse(name, "not one of the choices", f"use {', '.join(choices)}")
        unit(self.unit)
        self._check_range()
        if not (math.isfinite(self.period_s) and self.period_s > 0):
            raise self._refuse("period_s", "a period is a positive number of seconds", "write seconds between samples")
        allowed = ROLE_FIELDS[self.measurement]
        if self.field not in allowed:
            raise self._refuse("field", f"not a field of {self.measurement}", f"use {', '.join(allowed)}")

    def _check_range(self) -> None:
        for name in ("low", "high"):
            bound = getattr(self, name)
            if bound is not None and not math.isfinite(bound):
                raise self._refuse(name, "a bound is a finite number", "leave it out where there is none")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise self._refuse("low", "the range is empty", f"low must be under high = {self.high!r}")

    def _refuse(self, name: str, message: str, remedy: str) -> CatalogueError:
        return CatalogueError(message, offender=f"{self.address}.{name}", value=getattr(self, name), remedy=remedy)


class Catalogue:
    """An immutable, ordered list of signals; the position is the index used in batches."""

    __slots__ = ("_id", "_index", "_json", "entries")

    def __init__(self, entries: Iterable[SignalEntry]) -> None:
        self.entries: tuple[SignalEntry, ...] = tuple(entries)
        self._index: dict[Address, int] = {}
        for position, entry in enumerate(self.entries):
            if entry.address in self._index:
                raise CatalogueError(
                    "the same address twice",
                    offender=f"signals[{position}]",
                    value=str(entry.address),
                    remedy="drop one",
                )
            self._index[entry.address] = position
        try:
            # entry by entry: thousands of them as one document would take many times the room of the text
            signals = b",".join(canonical_json(_to_dict(entry)) for entry in self.entries)
            self._json = b'{"signals":[%b],"version":%d}' % (signals, _VERSION)
        except OvooError as error:
            raise CatalogueError(str(error), offender="catalogue") from error
        self._id = sha256_hex(self._json)[:16]

    @property
    def id(self) -> str:
        """The first 16 hex digits of the SHA-256 of `to_json()`."""
        return self._id

    def index(self, address: Address) -> int:
        """The position of an address; CatalogueError if it is not listed."""
        try:
            return self._index[address]
        except KeyError:
            raise CatalogueError(
                "not in the catalogue", offender=f"catalogue {self.id}", value=str(address), remedy="add the signal"
            ) from None

    def __contains__(self, address: object) -> bool:
        return address in self._index

    def __len__(self) -> int:
        return len(self.entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Catalogue({self.id}, {len(self)} signals)"

    def to_json(self) -> bytes:
        """RFC 8785 bytes; attributes that have their default are left out."""
        return self._json

    @classmethod
    def from_json(cls, data: bytes) -> Catalogue:
        """Reads what `to_json` wrote, whatever its layout; CatalogueError for anything else."""
        document = Fields.parse(data, "catalogue", CatalogueError).data
        if document.get("version") != _VERSION:
            raise CatalogueError(
                "not a version 1 catalogue", offender="catalogue", remedy="ask the gateway to send it again"
            )
        signals = document.get("signals")
        if not isinstance(signals, list):
            raise CatalogueError(
                "no signal list", offender="catalogue.signals", remedy="ask the gateway to send it again"
            )
        return cls(_from_dict(item, position) for position, item in enumerate(signals))


_FIELDS: Final = {item.name: item for item in fields(SignalEntry)}
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "low": (int, float, type(None)),
    "high": (int, float, type(None)),
    "period_s": (int, float),
    "keep_times": (bool,),
}


def _to_dict(entry: SignalEntry) -> dict[str, object]:
    result: dict[str, object] = {"address": str(entry.address), "unit": entry.unit}
    for name, item in _FIELDS.items():
        value = getattr(entry, name)
        if name not in result and value != item.default:
            result[name] = value
    return result


def _from_dict(item: object, position: int) -> SignalEntry:
    offender = f"signals[{position}]"
    if not isinstance(item, Mapping):
        raise CatalogueError("not an object", offender=offender, value=item, remedy="a signal has address and unit")
    values: dict[str, Any] = {}
    for name, value in item.items():
        values[name] = _checked(name, value, offender)
    missing = {"address", "unit"} - values.keys()
    if missing:
        raise CatalogueError(f"no {' and '.join(sorted(missing))}", offender=offender, remedy="add it")
    try:
        values["address"] = Address.parse(values["address"])
        return SignalEntry(**values)
    except (AddressError, UnitError) as error:
        raise CatalogueError(str(error), offender=offender) from error


def _checked(name: str, value: object, offender: str) -> object:
    if name not in _FIELDS:
        raise CatalogueError("unknown attribute", offender=f"{offender}.{name}", value=value, remedy="drop it")
    kinds = _KINDS.get(name, (str,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise CatalogueError(
            "wrong type", offender=f"{offender}.{name}", value=value, remedy=f"write {kinds[0].__name__}"
        )
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise CatalogueError("too large", offender=f"{offender}.{name}", remedy="write a double") from error
    return value
