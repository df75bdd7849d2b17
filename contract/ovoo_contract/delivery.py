"""What travels beside batches: acknowledgements, requests, gateway state and events."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ovoo_contract._fields import Fields
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import DeliveryError
from ovoo_contract.findings import Finding
from ovoo_contract.ranges import SeqRanges

__all__ = ["Ack", "EventEnvelope", "GatewayState", "Rejection", "Request", "SeqRanges"]

_U64: Final = 2**64 - 1
_I64: Final = 2**63 - 1
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A delivery that the cloud will never take; `code` is a snake_case word such as `foreign_address`."""

    seq: int
    code: str
    detail: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.seq <= _U64:
            raise DeliveryError("outside its range", offender="rejected.seq", value=self.seq, remedy="a u64")
        if _CODE.match(self.code) is None:
            raise DeliveryError("not a code", offender="rejected.code", value=self.code, remedy="a snake_case word")


@dataclass(frozen=True, slots=True)
class Ack:
    """Deliveries of one epoch that are stored (`ranges`) or refused for good (`rejected`)."""

    epoch: int
    ranges: SeqRanges = field(default_factory=SeqRanges)
    rejected: tuple[Rejection, ...] = ()

    def to_json(self) -> bytes:
        """Canonical JSON; numbers that may pass 2**53 are decimal strings."""
        rejected = [{"seq": _number(item.seq), "code": item.code, "detail": item.detail} for item in self.rejected]
        ranges = [[_number(first), _number(last)] for first, last in self.ranges.to_list()]
        return canonical_json({"epoch": str(self.epoch), "ranges": ranges, "rejected": rejected})

    @classmethod
    def from_json(cls, data: bytes) -> Ack:
        """Reads `to_json`; DeliveryError for anything else."""
        fields = Fields.parse(data, "ack")
        ranges = SeqRanges.from_list([_pair(item) for item in fields.items("ranges")])
        rejected = tuple(_rejection(item) for item in fields.items("rejected"))
        return cls(fields.integer("epoch", 0, _U64), ranges, rejected)


@dataclass(frozen=True, slots=True)
class Request:
    """What the cloud asks of a gateway, such as kind `catalog` with `{"catalogue_id": ...}`."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        if _CODE.match(self.kind) is None:
            raise DeliveryError("not a kind", offender="request.kind", value=self.kind, remedy="a snake_case word")

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return canonical_json({"kind": self.kind, "detail": dict(self.detail)})

    @classmethod
    def from_json(cls, data: bytes) -> Request:
        """Reads `to_json`; DeliveryError for anything else."""
        fields = Fields.parse(data, "request")
        return cls(fields.text("kind"), fields.mapping("detail"))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayState:
    """A gateway's retained state; its last will is the same with `online` false.

    `backlog_rows` and `backlog_bytes` wait in the spool and are safe there; `at_risk_s` is the age of the oldest sample
    that is not on disk yet, 0 when all are: what a power cut would take. `buffer_h` is how long the spool still lasts;
    `cpu` in cores, `rss_mb` in MB, `offset_ms` the estimated clock error. None is unknown.
    """

    online: bool
    time_ns: int
    epoch: int = 0
    next_seq: int = 0
    version: str = ""
    catalogue_id: str = ""
    backlog_rows: int = 0
    backlog_bytes: int = 0
    quarantined: int = 0
    at_risk_s: float | None = None
    buffer_h: float | None = None
    cpu: float | None = None
    rss_mb: float | None = None
    offset_ms: float | None = None
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        for name in _GAUGES:
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise DeliveryError(
                    "not a finite number", offender=f"state.{name}", value=number, remedy="None where unknown"
                )

    def to_json(self) -> bytes:
        """Canonical JSON; numbers that may pass 2**53 are decimal strings."""
        gauges = {name: getattr(self, name) for name in _GAUGES}
        counts = {name: _number(getattr(self, name)) for name in _COUNTS}
        return canonical_json(
            {
                "online": self.online,
                "time_ns": str(self.time_ns),
                "epoch": str(self.epoch),
                "version": self.version,
                "catalogue_id": self.catalogue_id,
                "detail": dict(self.detail),
                **counts,
                **gauges,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> GatewayState:
        """Reads `to_json`; unknown attributes are ignored; DeliveryError for anything else."""
        fields = Fields.parse(data, "state")
        counts = {name: fields.integer(name, 0, _U64, 0) for name in _COUNTS}
        gauges = {name: fields.number(name) for name in _GAUGES}
        return cls(
            online=fields.flag("online"),
            time_ns=fields.integer("time_ns", -_I64, _I64),
            epoch=fields.integer("epoch", 0, _U64, 0),
            version=fields.text("version", ""),
            catalogue_id=fields.text("catalogue_id", ""),
            detail=fields.mapping("detail"),
            next_seq=counts["next_seq"],
            backlog_rows=counts["backlog_rows"],
            backlog_bytes=counts["backlog_bytes"],
            quarantined=counts["quarantined"],
            **gauges,
        )


_GAUGES: Final = ("at_risk_s", "buffer_h", "cpu", "rss_mb", "offset_ms")
_COUNTS: Final = ("next_seq", "backlog_rows", "backlog_bytes", "quarantined")


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """A finding as a delivery: (epoch, seq) in the number space of the batches."""

    epoch: int
    seq: int
    finding: Finding

    def to_json(self) -> bytes:
        """Canonical JSON; epoch and seq are decimal strings."""
        return canonical_json({"epoch": str(self.epoch), "seq": str(self.seq), "finding": self.finding.to_dict()})

    @classmethod
    def from_json(cls, data: bytes) -> EventEnvelope:
        """Reads `to_json`; DeliveryError for anything else."""
        fields = Fields.parse(data, "event")
        finding = Finding.from_dict(fields.data.get("finding"))
        return cls(fields.integer("epoch", 0, _U64), fields.integer("seq", 0, _U64), finding)


def _number(value: int) -> int | str:
    return value if value <= 2**53 else str(value)


def _pair(item: object) -> tuple[int, int]:
    if not isinstance(item, list) or len(item) != 2:
        raise DeliveryError("not a pair", offender="ack.ranges", value=item, remedy="write [first, last]")
    fields = Fields({"first": item[0], "last": item[1]}, "ack.ranges")
    return fields.integer("first", 0, _U64), fields.integer("last", 0, _U64)


def _rejection(item: object) -> Rejection:
    fields = Fields(item, "ack.rejected")
    return Rejection(fields.integer("seq", 0, _U64), fields.text("code"), fields.text("detail", ""))
