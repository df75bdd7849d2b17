"""Power factor of a month from active and reactive energy, its adjustment by a table of the case, and sign traps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.efficiency.tariff.prices import rounded

__all__ = ["PhaseFault", "PowerFactorTable", "Quadrants", "phase_faults", "power_factor"]

ReactiveRule = Literal["import_only", "absolute_sum", "net"]
_CONTEXT: Final = Context(prec=40, rounding=ROUND_HALF_UP)
_NEAR_DEGREES: Final = 30.0
"""Within so many degrees an angle is taken for the one of a wiring fault; the phases of a sound load differ less."""


@dataclass(frozen=True, slots=True)
class Quadrants:
    """Energies of a window, all >= 0: active drawn and fed back in kWh, reactive drawn (lagging) and fed back
    (leading, over-compensated) in kvarh."""

    active_import: Decimal
    active_export: Decimal
    reactive_import: Decimal
    reactive_export: Decimal


@dataclass(frozen=True, slots=True)
class PowerFactorTable:
    """Adjustment by power factor, an input of the case: `steps` are (power factor from, percent of the adjustable
    amount), rising; negative percent is a reward. `target` is where nothing is added, for the report only.

    Raises:
        ConfigError: no document, no rows, or rows that do not rise.
    """

    document: str
    target: Decimal
    steps: tuple[tuple[Decimal, Decimal], ...]
    digits: int = 2

    def __post_init__(self) -> None:
        bounds = [step[0] for step in self.steps]
        if not self.document.strip() or not bounds or bounds != sorted(set(bounds)) or bounds[0] < 0 or bounds[-1] > 1:
            remedy = "name the document; rows (power factor from, percent) rise from 0 to 1"
            raise ConfigError(
                "not a power-factor table", code="tariff.not_power_factor_table", offender="power_factor",
                value=self.steps[:3], remedy=remedy,
            )  # fmt: skip

    def percent(self, factor: Decimal) -> Decimal:
        """The percent of the last row that starts at or below the factor, rounded half up to `digits` before.

        Raises:
            ConfigError: the table does not reach so low.
        """
        seen = rounded(factor, self.digits)
        found = [percent for start, percent in self.steps if start <= seen]
        if not found:
            remedy = "give the rows of the document down to this power factor"
            raise ConfigError(
                "below the table", code="tariff.below_table", offender=self.document, value=str(seen), remedy=remedy
            )
        return found[-1]


@dataclass(frozen=True, slots=True)
class PhaseFault:
    """Phase `phase` (1 to 3) is metered wrongly; `degrees` is its angle against the other two."""

    phase: int
    kind: Literal["reversed", "swapped"]
    degrees: float


def power_factor(energy: Quadrants, rule: ReactiveRule = "absolute_sum", *, may_export: bool = False) -> Decimal:
    """Active / apparent energy of a window, 0 to 1, 40 digits. `rule` says which reactive energy counts.

    Raises:
        ConfigError: an energy is negative or not a number.
        EvidenceError: nothing was drawn, or energy was fed back where the site does not export.
    """
    for name in ("active_import", "active_export", "reactive_import", "reactive_export"):
        value = getattr(energy, name)
        if not value.is_finite() or value < 0:
            remedy = "registers count up: give import and export apart, each >= 0"
            raise ConfigError(
                "not a register difference", code="tariff.not_register_difference", offender=name, value=str(value),
                remedy=remedy,
            )  # fmt: skip
    if energy.active_export > 0 and not may_export:
        remedy = "a reversed current transformer reads as export; say may_export where the site generates"
        raise EvidenceError(
            "energy fed back", code="tariff.energy_fed_back", offender="active_export",
            value=str(energy.active_export), remedy=remedy,
        )  # fmt: skip
    active = energy.active_import
    if active == 0:
        remedy = "without active energy there is no power factor"
        raise EvidenceError(
            "nothing was drawn", code="tariff.nothing_was_drawn", offender="active_import", value=str(active),
            remedy=remedy,
        )  # fmt: skip
    reactive = _reactive(energy, rule)
    squares = _CONTEXT.add(_CONTEXT.multiply(active, active), _CONTEXT.multiply(reactive, reactive))
    return _CONTEXT.divide(active, squares.sqrt(_CONTEXT))


def _reactive(energy: Quadrants, rule: ReactiveRule) -> Decimal:
    if rule == "import_only":
        return energy.reactive_import
    if rule == "net":
        return abs(energy.reactive_import - energy.reactive_export)
    return energy.reactive_import + energy.reactive_export


def phase_faults(active_kw: Sequence[float], reactive_kvar: Sequence[float]) -> tuple[PhaseFault, ...]:
    """Phases whose power angle differs from that of the two others as only wrong wiring makes it.

    About 180 degrees is a reversed current transformer (where two phases agree that they feed back and one draws,
    the two are wrong), about 120 a current that belongs to another phase. For sites that only draw.

    Args:
        active_kw: active power of the three phases, signed.
        reactive_kvar: reactive power of the three phases, signed.

    Raises:
        ConfigError: not three phases, or a value is not finite.
    """
    if len(active_kw) != 3 or len(reactive_kvar) != 3 or not all(map(math.isfinite, [*active_kw, *reactive_kvar])):
        raise ConfigError(
            "three phases are needed", code="tariff.three_phases_needed", offender="phases", value=list(active_kw),
            remedy="three kW, kvar",
        )  # fmt: skip
    angles = [math.degrees(math.atan2(q, p)) for p, q in zip(active_kw, reactive_kvar, strict=True)]
    if any(p == 0.0 and q == 0.0 for p, q in zip(active_kw, reactive_kvar, strict=True)):
        return ()
    for phase in range(3):
        pair = [other for other in range(3) if other != phase]
        between = _wrapped(angles[pair[0]] - angles[pair[1]])
        if abs(between) > _NEAR_DEGREES:
            continue
        middle = _wrapped(angles[pair[1]] + between / 2)
        away = _wrapped(angles[phase] - middle)
        if abs(abs(away) - 180.0) <= _NEAR_DEGREES:
            wrong = [phase] if abs(middle) <= 90.0 else pair
            return tuple(PhaseFault(each + 1, "reversed", away) for each in wrong)
        if abs(abs(away) - 120.0) <= _NEAR_DEGREES:
            return (PhaseFault(phase + 1, "swapped", away),)
    return _rotated(angles)


def _rotated(angles: Sequence[float]) -> tuple[PhaseFault, ...]:
    """Two currents changed places: the phase nearest to drawing active power is taken for the one in its place."""
    phase = min(range(3), key=lambda each: abs(_wrapped(angles[each])))
    wrong = [other for other in range(3) if other != phase]
    away = [_wrapped(angles[other] - angles[phase]) for other in wrong]
    if all(abs(abs(each) - 120.0) <= _NEAR_DEGREES for each in away) and away[0] * away[1] < 0:
        return tuple(PhaseFault(w + 1, "swapped", a) for w, a in zip(wrong, away, strict=True))
    return ()


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
