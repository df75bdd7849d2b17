"""A finding: something a model or rule saw at an asset within a time window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from ovoo_contract._fields import Fields
from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import AddressError, DeliveryError

__all__ = ["Finding", "FindingSeverity"]

FindingSeverity = Literal["info", "warning", "critical"]
_SEVERITIES: Final = get_args(FindingSeverity)
_LAST: Final = 2**63 - 1
_EMPTY: Final[Mapping[str, str | float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen, where, in ``[start_ns, end_ns)``, with its value and evidence.

    `value` and `uncertainty` are in `unit` and absent (None) where nothing is known; `advice` is the key of a text in
    the catalogues; `open` means the condition still lasts. The same code, asset, start and model give the same `id`,
    so detecting it again updates it.
    """

    code: str
    severity: FindingSeverity
    asset: AssetAddress
    start_ns: int
    end_ns: int
    value: float | None = None
    unit: str = "1"
    uncertainty: float | None = None
    evidence: tuple[str, ...] = ()
    advice: str = ""
    model: str = ""
    open: bool = False
    detail: Mapping[str, str | float] = field(default_factory=lambda: _EMPTY, hash=False)

    def __post_init__(self) -> None:
        if not self.code:
            raise self._wrong("code", "a name such as bearing_wear")
        if self.severity not in _SEVERITIES:
            raise self._wrong("severity", f"one of {', '.join(_SEVERITIES)}")
        if not -_LAST <= self.start_ns <= self.end_ns <= _LAST:
            raise self._wrong("end_ns", "a window starts before it ends")
        for name in ("value", "uncertainty"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise self._wrong(name, "a finite number, or None where nothing is known")
        for key, item in self.detail.items():
            if isinstance(item, float) and not math.isfinite(item):
                raise self._wrong("detail", f"a finite number or text for {key}")
        object.__setattr__(self, "detail", MappingProxyType(dict(self.detail)))

    @property
    def id(self) -> str:
        """`fi_` and 16 hex digits of the SHA-256 over (code, asset, start, model)."""
        return "fi_" + sha256_hex(canonical_json([self.code, str(self.asset), str(self.start_ns), self.model]))[:16]

    def to_dict(self) -> dict[str, object]:
        """JSON-ready data; nanoseconds are decimal strings, because JSON numbers end at 2**53."""
        return {
            "id": self.id,
            "code": self.code,
            "severity": self.severity,
            "asset": str(self.asset),
            "start_ns": str(self.start_ns),
            "end_ns": str(self.end_ns),
            "value": self.value,
            "unit": self.unit,
            "uncertainty": self.uncertainty,
            "evidence": list(self.evidence),
            "advice": self.advice,
            "model": self.model,
            "open": self.open,
            "detail": dict(self.detail),
        }

    def to_json(self) -> bytes:
        """Canonical JSON of `to_dict`."""
        return canonical_json(self.to_dict())

    @classmethod
    def from_dict(cls, data: object) -> Finding:
        """Reads `to_dict`; DeliveryError names the wrong field."""
        fields = Fields(data, "finding")
        try:
            asset = AssetAddress.parse(fields.text("asset"))
        except AddressError as error:
            raise DeliveryError(str(error), offender="finding.asset") from error
        return cls(
            code=fields.text("code"),
            severity=cast("FindingSeverity", fields.choice("severity", _SEVERITIES)),
            asset=asset,
            start_ns=fields.integer("start_ns", -_LAST, _LAST),
            end_ns=fields.integer("end_ns", -_LAST, _LAST),
            value=fields.number("value"),
            unit=fields.text("unit", "1"),
            uncertainty=fields.number("uncertainty"),
            evidence=fields.texts("evidence"),
            advice=fields.text("advice", ""),
            model=fields.text("model", ""),
            open=fields.flag("open", False),
            detail=_detail(fields.mapping("detail")),
        )

    @classmethod
    def from_json(cls, data: bytes) -> Finding:
        """Reads `to_json`; DeliveryError for anything else."""
        return cls.from_dict(Fields.parse(data, "finding").data)

    def _wrong(self, name: str, remedy: str) -> DeliveryError:
        return DeliveryError("outside its range", offender=f"finding.{name}", value=getattr(self, name), remedy=remedy)


def _detail(data: Mapping[str, object]) -> dict[str, str | float]:
    result: dict[str, str | float] = {}
    for key, item in data.items():
        if isinstance(item, bool) or not isinstance(item, (str, int, float)):
            raise DeliveryError("wrong type", offender=f"finding.detail.{key}", value=item, remedy="text or number")
        try:
            result[key] = item if isinstance(item, str) else float(item)
        except OverflowError as error:
            raise DeliveryError("too large", offender=f"finding.detail.{key}", remedy="write a double") from error
    return result
