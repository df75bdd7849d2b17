"""Decisions and prices of a site's energy case that no sample tells: each in a person's name, with its document."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.measure_kinds import KINDS
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, enterprises, signals
from ovoo_cloud.catalogue.energy_tables import EnergyInput
from ovoo_cloud.catalogue.quiet_hours import QuietHours
from ovoo_cloud.catalogue.spot_reading import SpotReading, spot_unit

__all__ = ["PLAN_FIELDS", "Known", "known_inputs", "newest", "number", "save"]

Given = Mapping[tuple[str, str], EnergyInput]
"""The newest input by (asset path, or empty for the site; name)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What an input may be: a number in `unit` within [low, high] (or one of `choices`), an ISO date, a text, a reading
    (number with its half width at 95 %) or hours of the local day."""

    kind: Literal["number", "date", "text", "reading", "hours"]
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[float, ...] = ()


PLAN_FIELDS: Final[Mapping[str, Known]] = {
    "baseline_start": Known("date"),
    "baseline_end": Known("date"),
    "reporting_start": Known("date"),
    "reporting_end": Known("date"),
    "agreed": Known("text"),
    "coverage": Known("number", "1", 0.68, 0.95, (0.68, 0.8, 0.9, 0.95)),
    "greatest_share": Known("number", "1", 0.0, 1.0),
    "responsible": Known("text"),
}
"""What the parties fill into the plan of a measure."""
_SIGNALS_ONLY: Final = ("idle_switch_off", "demand_shaving", "load_shifting", "ventilation")
"""Measures whose measured inputs are computed from signals, contract or network alone."""


def known_inputs() -> dict[str, Known]:
    """All inputs by name: `restart_kwh`, and `measure.input` for what each measure is given."""
    known = {"restart_kwh": Known("number", "kWh", 0.0)}
    for kind in KINDS.values():
        for name, each in kind.inputs.items():
            if each.chosen:
                known[f"{kind.id}.{name}"] = Known("number", each.unit, each.low, each.high)
            elif kind.id not in _SIGNALS_ONLY:
                high = 1.0 if each.unit == "h" else each.high
                known[f"{kind.id}.{name}"] = Known("reading", spot_unit(each.unit), each.low, high)
        if kind.unit == "GJ":
            known[f"{kind.id}.price"] = Known("number", "yuan/GJ", 0.0)
        for name in ("cost_low", "cost_high"):
            known[f"{kind.id}.{name}"] = Known("number", "yuan", 0.0)
        known.update((f"{kind.id}.{name}", each) for name, each in PLAN_FIELDS.items())
    known["leak_repair.quiet_hours"] = Known("hours")
    return known


def newest(session: Session, scope: Scope, enterprise: str, site: str) -> dict[tuple[str, str], EnergyInput]:
    """What is given now; taken back inputs are absent."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(EnergyInput).where(EnergyInput.enterprise == enterprise, EnergyInput.site == site)
    found = {(row.asset, row.name): row for row in session.scalars(query.order_by(EnergyInput.id))}
    return {key: row for key, row in found.items() if row.value}


def number(given: Given, asset: str, name: str) -> float | None:
    """A number that was given, None where it was not."""
    row = given.get((asset, name))
    return None if row is None else float(row.value)


def save(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    *,
    asset: str,
    name: str,
    value: str,
    source: str,
    now_ns: int,
) -> EnergyInput:
    """Keeps an input in the caller's name; an empty value takes it back, earlier ones stay in the record.

    Args:
        asset: the machine's full path, empty for the site.

    Raises:
        ConfigError: no such input, a value that cannot be, or no document.
        NotFound: no such machine.
    """
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if asset and signals.asset(session, scope, asset).path.split("/")[:2] != [enterprise, site]:
        raise ConfigError(
            "a machine of another site", code="inputs.machine_of_another_site",
            slots={"enterprise": enterprise, "site": site}, offender="asset", value=asset,
            remedy=f"{enterprise}/{site}/...",
        )  # fmt: skip
    text = value.strip()
    _check(name, text)
    if text and not source.strip():
        raise ConfigError(
            "an input needs its document", code="inputs.input_needs_its_document", offender=name, value=text,
            remedy="name who decided it",
        )  # fmt: skip
    row = EnergyInput(
        enterprise=enterprise, site=site, asset=asset, name=name, value=text, source=source.strip(),
        given_by=scope.user, given_ns=now_ns,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="energy.input",
        subject=asset or f"{enterprise}/{site}",
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"name": name, "value": text, "source": row.source},
    )
    return row


def _check(name: str, text: str) -> None:
    known = known_inputs().get(name)
    if known is None:
        raise ConfigError(
            "no such input", code="inputs.no_such_input", offender="name", value=name, remedy="see the list of inputs"
        )
    if not text:
        return
    if len(text) > 200:
        raise ConfigError(
            "too long", code="inputs.too_long", offender=name, value=text[:40], remedy="200 characters at most"
        )
    if known.kind == "hours":
        QuietHours.parse(text, name)
    elif known.kind in ("number", "reading"):
        try:
            value = float(text) if known.kind == "number" else SpotReading.parse(text, name).value
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and known.low <= value <= known.high):
            remedy = f"a number from {known.low:g} to {known.high:g} {known.unit}"
            raise ConfigError(
                "cannot be", code="inputs.out_of_range",
                slots={"low": f"{known.low:g}", "high": f"{known.high:g}", "unit": known.unit}, offender=name,
                value=text, remedy=remedy,
            )  # fmt: skip
        if known.choices and value not in known.choices:
            remedy = f"one of {', '.join(map(str, known.choices))}"
            raise ConfigError(
                "cannot be", code="inputs.not_a_choice", slots={"known": ", ".join(map(str, known.choices))},
                offender=name, value=text, remedy=remedy,
            )  # fmt: skip
    elif known.kind == "date":
        try:
            datetime.date.fromisoformat(text)
        except ValueError as error:
            raise ConfigError(
                "not a date", code="inputs.not_date", offender=name, value=text, remedy="2026-01-31"
            ) from error
