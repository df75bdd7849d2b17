"""What a month is held against: the baseline that a person signed, or a period with its document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.address import Address
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import AddressError, OvooError

from ovoo_cloud.diagnosis.intake import IntakeReader
from ovoo_cloud.energy.baseline_spec import BaselineSpec, spec_from_data
from ovoo_cloud.energy.proving import AcceptedEvent

__all__ = ["ApprovedTerms", "BaselineTerms", "approved_hash", "read_baseline"]

_DAY_NS: Final = 86_400_000_000_000
_MODEL: Final = ("spec", "settings", "coefficients", "columns")
_FACTS: Final = ("id", "name", "asset", "fit", "signed_by", "signed", "document")


@dataclass(frozen=True, slots=True)
class BaselineTerms:
    """The period [start_ns, end_ns) that the month is held against, whole local days, and what drove the energy.

    `driver` is a signal whose daily mean explains it; None is a baseline of the plain daily mean.
    """

    start_ns: int
    end_ns: int
    driver: Address | None
    document: str

    @property
    def signals(self) -> tuple[Address, ...]:
        """Signals that it reads beside the site's meters."""
        return () if self.driver is None else (self.driver,)


@dataclass(frozen=True, slots=True)
class ApprovedTerms:
    """A signed fit as it stood when the report was ordered.

    `edition` counts the signatures of the baseline. `settings` and `coefficients` are the fit's own, `columns` the
    hashes of what it was made from; `sha256` is that of all of them with spec and period. `others`: names of further
    signed baselines of the site. `events`: accepted non-routine events.
    """

    id: str
    name: str
    asset: str
    fit: str
    edition: int
    signed_by: str
    signed: str
    document: str
    start_ns: int
    end_ns: int
    spec: BaselineSpec
    settings: Mapping[str, Any]
    coefficients: Mapping[str, str]
    columns: tuple[Mapping[str, Any], ...]
    sha256: str
    others: tuple[str, ...]
    events: tuple[AcceptedEvent, ...]

    @property
    def signals(self) -> tuple[Address, ...]:
        """Energy and drivers."""
        return tuple(Address.parse(each) for each in (*self.spec.energy, *(d.address for d in self.spec.drivers)))


def approved_hash(told: Mapping[str, Any]) -> str:
    """SHA-256 of model and period of a plan's `baseline.approved`."""
    return sha256_hex(canonical_json({name: str(told.get(name, "")) for name in (*_MODEL, "start_ns", "end_ns")}))


def read_baseline(top: IntakeReader, month_start_ns: int, zone: ZoneInfo) -> BaselineTerms | ApprovedTerms | None:
    """Section `baseline`; None where there is none. Mistakes go to the log of the reader."""
    reader = top.child("baseline")
    if reader is None:
        return None
    if reader.has("approved"):
        inner = reader.child("approved", required=True)
        reader.finish()
        return None if inner is None else _approved(inner)
    start, end = (_midnight(reader, key, zone) for key in ("start", "end"))
    driver = reader.text("driver", "")
    address = None
    if driver:
        try:
            address = Address.parse(driver)
        except AddressError:
            reader.fail("driver", "not the address of a signal", "enterprise/site/area/line/asset/signal")
    terms = BaselineTerms(start, end, address, reader.text("document"))
    reader.finish()
    if not start < end <= month_start_ns:
        reader.fail("end", "the baseline does not end before the month", "take a period before the month")
    elif end - start > 800 * _DAY_NS:
        reader.fail("start", "a baseline of more than 800 days", "take a year")
    return terms


def _approved(reader: IntakeReader) -> ApprovedTerms | None:
    if approved_hash(reader.data) != reader.text("sha256"):
        reader.fail("sha256", "not the hash of this baseline", "leave `approved` to the cloud: order with `id`")
        return None
    facts = {name: reader.text(name, "") for name in _FACTS}
    # as JSON text, because 5.0 and 5 are one number in canonical JSON and two in a record's parameters
    model = {name: _json(reader, name) for name in _MODEL}
    try:
        spec = spec_from_data(model["spec"])
    except OvooError as error:
        reader.fail("spec", str(error), "order the report again")
        return None
    terms = ApprovedTerms(
        **facts,
        edition=reader.integer("edition"),
        start_ns=reader.integer("start_ns"),
        end_ns=reader.integer("end_ns"),
        spec=spec,
        settings=model["settings"],
        coefficients=model["coefficients"],
        columns=tuple(model["columns"]),
        sha256=reader.text("sha256"),
        others=reader.names("others"),
        events=tuple(_event(each) for each in reader.children("events")),
    )
    reader.finish()
    return terms


def _json(reader: IntakeReader, name: str) -> Any:
    try:
        return json.loads(reader.text(name))
    except ValueError:
        reader.fail(name, "not JSON", "order the report again")
        return {}


def _event(reader: IntakeReader) -> AcceptedEvent:
    def number(name: str) -> float:
        return float(reader.decimal(name, least=None, required=True) or 0)

    event = AcceptedEvent(
        id=reader.text("id"),
        start_ns=reader.integer("start_ns"),
        end_ns=reader.integer("end_ns"),
        size=number("size"),
        energy=number("energy"),
        statistic=number("statistic"),
        decided_by=reader.text("decided_by"),
        decided_ns=reader.integer("decided_ns"),
        reason=reader.text("reason"),
    )
    reader.finish()
    return event


def _midnight(reader: IntakeReader, key: str, zone: ZoneInfo) -> int:
    text = reader.text(key)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        reader.fail(key, "not a date", "write 2026-05-01; the end is not included")
        return 0
    moment = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(moment.timestamp()) * 1_000_000_000
