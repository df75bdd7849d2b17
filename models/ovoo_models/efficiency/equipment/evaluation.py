"""The efficiency of one machine from its readings: value, uncertainty, what each sensor adds; impossible: refused."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import equipment_kernels as kernels
from ovoo_models.efficiency.equipment.kind import Input, Kind
from ovoo_models.efficiency.equipment.reading import Reading
from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Loss", "Measured", "SensorPart", "evaluate", "loss_against"]

_ABOVE_ONE: Final = 100
_MISSING: Final = 200
_SLIPS: Final[Mapping[str, tuple[tuple[float, str], ...]]] = {
    "power": ((1e3, "MW where kW is needed"), (1e-3, "W where kW is needed")),
    "pressure": (
        (1e3, "a unit 1000 times as great, as MPa for kPa"), (1e-3, "a unit 1000 times as small, as Pa for kPa"),
        (1e2, "bar where kPa is needed"), (0.1, "a unit 10 times as small"),
    ),
    "flow": (
        (3600.0, "a flow per second"), (1 / 3600.0, "a flow per hour"), (60.0, "a flow per minute"),
        (1 / 60.0, "a flow per minute"), (3.6, "l/s where m3/h is needed"), (1e-3, "litres"), (1e3, "thousands"),
    ),
    "mass_flow": ((1e-3, "kg where t is needed"), (1e3, "t where kg is needed"), (3.6, "kg/s where t/h is needed")),
    "ratio": ((100.0, "a share where percent is needed"), (0.01, "percent where a share is needed")),
}  # fmt: skip
_SUSPECTED: Final = ("power", "pressure", "mass_flow", "flow", "ratio", "temperature", "other")
"""What is sent in a wrong unit most often comes first."""
_ZERO_C: Final = 273.15


@dataclass(frozen=True, slots=True)
class SensorPart:
    """What one sensor adds: the change of the result for one standard uncertainty, with sign; its share of variance."""

    name: str
    change: float
    share: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A result with its uncertainty. `parts`: sensors by share, greatest first; `ratio`: what physics keeps under 1."""

    kind: str
    estimate: Estimate
    ratio: Estimate
    parts: tuple[SensorPart, ...]

    @property
    def greatest(self) -> str:
        """The sensor that adds most to the uncertainty; empty where none has any."""
        return self.parts[0].name if self.parts else ""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss that stands out of the instruments' uncertainty: its size (positive), and as a share of the reference."""

    size: Estimate
    share: float


def evaluate(kind: Kind, readings: Mapping[str, Reading]) -> Measured:
    """The result of `kind` from its readings by input name; an input with a default may be absent.

    Raises:
        EvidenceError: a reading is missing, impossible or outside its instrument's span, or the readings together give
            what cannot be; `offender` is the most suspect sensor, `remedy` names the slip of unit that explains it.
    """
    given = _given(kind, readings)
    values, sigmas = array("d", [each.value for each in given]), array("d", [each.sigma for each in given])
    value, sigma, ratio, ratio_sigma, code, parts = _run(kind, values, sigmas)
    for each, reading in zip(kind.inputs, given, strict=True):
        if reading.span is not None and _outside(reading.value, reading.span):
            raise _refusal(
                kind, each, reading.value, "outside the span of its instrument", _slips_in(each, reading),
                code="equipment.outside_span",
            )  # fmt: skip
    if code and code < _ABOVE_ONE:
        wrong = kind.inputs[code - 1]
        raise _refusal(
            kind, wrong, given[code - 1].value, f"cannot be outside {wrong.low:g} to {wrong.high:g}", "",
            code="equipment.outside_limits", low=f"{wrong.low:g}", high=f"{wrong.high:g}",
        )  # fmt: skip
    if code == _ABOVE_ONE:
        raise _suspected(
            kind, given, parts, f"{kind.bounded} {ratio:.4g} is above 1 beyond its uncertainty",
            code="equipment.above_one", bounded=kind.bounded, ratio=f"{ratio:.4g}",
        )  # fmt: skip
    if code or not math.isfinite(value):
        raise _undefined(kind, values)
    if not kind.credible[0] - 2.0 * sigma <= value <= kind.credible[1] + 2.0 * sigma:
        raise _suspected(
            kind, given, parts, f"{kind.name} gives {value:.4g} {kind.unit}, which cannot be",
            code="equipment.result_cannot_be", kind_name=kind.name, result=f"{value:.4g}", result_unit=kind.unit,
        )  # fmt: skip
    return Measured(
        kind.name, Estimate(value, sigma, kind.unit), Estimate(ratio, ratio_sigma, "1"), _parts(kind, parts)
    )


def loss_against(measured: Measured, kind: Kind, reference: Estimate, coverage: float = 0.95) -> Loss | None:
    """The loss against `reference` where it is greater than the instruments can feign at `coverage`, else None.

    Both uncertainties count in full: how much of the error is common and would cancel is not known.
    """
    lost = (reference.value - measured.estimate.value) * kind.better
    size = Estimate(lost, math.hypot(reference.sigma, measured.estimate.sigma), reference.unit)
    if lost <= 0.0 or not size.stands_out_from(0.0, coverage):
        return None
    return Loss(size, lost / abs(reference.value) if reference.value else math.inf)


def _given(kind: Kind, readings: Mapping[str, Reading]) -> list[Reading]:
    known = {each.name for each in kind.inputs}
    for name in readings:
        if name not in known:
            raise EvidenceError(
                "no such input", code="equipment.no_such_input", slots={"known": ", ".join(sorted(known))},
                offender=f"{kind.name}.{name}", remedy=f"one of {', '.join(sorted(known))}",
            )  # fmt: skip
    found = []
    for each in kind.inputs:
        reading = readings.get(each.name)
        if reading is None and each.default is not None:
            reading = Reading(each.default)
        if reading is None or math.isnan(reading.value):
            raise EvidenceError(
                "no reading", code="equipment.no_reading", slots={"unit": each.unit},
                offender=f"{kind.name}.{each.name}", remedy=f"give it in {each.unit}",
            )  # fmt: skip
        found.append(reading)
    return found


def _run(
    kind: Kind, values: array[float], sigmas: array[float]
) -> tuple[float, float, float, float, int, array[float]]:
    low, high = array("d", [each.low for each in kind.inputs]), array("d", [each.high for each in kind.inputs])
    parts = array("d", bytes(8 * len(kind.inputs)))
    value, sigma, ratio, ratio_sigma, code = kernels.equipment_one(kind.code, values, sigmas, low, high, parts)
    return value, sigma, ratio, ratio_sigma, code, parts


def _parts(kind: Kind, parts: array[float]) -> tuple[SensorPart, ...]:
    total = math.fsum(part * part for part in parts)
    if not total:
        return ()
    named = [
        SensorPart(each.name, part, part * part / total) for each, part in zip(kind.inputs, parts, strict=True) if part
    ]
    return tuple(sorted(named, key=lambda each: -each.share))


def _outside(value: float, span: tuple[float, float]) -> bool:
    """Outside the span by more than a tenth of it: that much an instrument may show beyond its ends."""
    room = 0.1 * (span[1] - span[0])
    return not span[0] - room <= value <= span[1] + room


def _corrections(each: Input, value: float) -> Iterator[tuple[float, str]]:
    """What the reading would be without each slip of unit, and the slip's name."""
    for factor, slip in _SLIPS.get(each.quantity, ()):
        yield value * factor, slip
    if each.quantity == "temperature":
        yield value - _ZERO_C, "kelvin where degrees Celsius are needed"
        yield (value - 32.0) / 1.8, "degrees Fahrenheit where Celsius are needed"


def _slips_in(each: Input, reading: Reading) -> str:
    assert reading.span is not None
    for value, slip in _corrections(each, reading.value):
        if not _outside(value, reading.span):
            return f"looks like {slip}"
    return ""


def _suspected(
    kind: Kind, given: Sequence[Reading], parts: array[float], message: str, *, code: str, **slots: object
) -> EvidenceError:
    """Names the sensor one of whose slips of unit puts all right, the likeliest first; else the greatest contributor.

    A reading inside the span of its instrument is not suspected of a slip that the span excludes.
    """
    found = sorted(_explanations(kind, given), key=lambda each: _SUSPECTED.index(each[0].quantity))
    if found:
        first = found[0][0]
        others = dict.fromkeys(f"{each.name}: {slip}" for each, slip in found[1:] if each is not first)
        hint = f"looks like {found[0][1]}" + "".join(f", or {other}" for other in others)
        hint += "; the instruments' spans would tell which" if others else ""
        return _refusal(kind, first, given[kind.index(first.name)].value, message, hint, code=code, **slots)
    number = max(range(len(parts)), key=lambda k: (abs(parts[k]), kind.inputs[k].quantity == "power"))
    return _refusal(kind, kind.inputs[number], given[number].value, message, "", code=code, **slots)


def _explanations(kind: Kind, given: Sequence[Reading]) -> Iterator[tuple[Input, str]]:
    """Inputs and slips without which the readings would give what can be."""
    values, sigmas = array("d", [each.value for each in given]), array("d", [each.sigma for each in given])
    for number, each in enumerate(kind.inputs):
        span = given[number].span
        for value, slip in _corrections(each, values[number]):
            if span is not None and _outside(value, span):
                continue
            right = values[:]
            right[number] = value
            found, _, ratio, _, code, _ = _run(kind, right, sigmas)
            if not code and kind.credible[0] * 5.0 <= found <= kind.credible[1] and 0.0 <= ratio <= 1.0:
                yield each, slip


def _undefined(kind: Kind, values: array[float]) -> EvidenceError:
    for each, value in zip(kind.inputs, values, strict=True):
        if value == 0.0 and each.quantity in ("power", "flow", "mass_flow", "ratio") and each.default is None:
            return _refusal(
                kind, each, value, "is zero: nothing to compute", "is the machine running?", code="equipment.zero"
            )
    names = [each.name for each in kind.inputs if each.quantity == "temperature"]
    offender = ", ".join(names) or kind.inputs[0].name
    return EvidenceError(
        "these readings together have no result", code="equipment.these_readings_together_have_no_result",
        offender=f"{kind.name}.{offender}", value=list(values),
        remedy="check order and sign; temperatures may cross",
    )  # fmt: skip


def _refusal(
    kind: Kind, each: Input, value: float, message: str, hint: str, *, code: str, **slots: object
) -> EvidenceError:
    remedy = f"check {each.name} in {each.unit}" + (f"; {hint}" if hint else "")
    return EvidenceError(
        message, code=code, slots={**slots, "name": each.name, "unit": each.unit},
        offender=f"{kind.name}.{each.name}", value=value, remedy=remedy,
    )  # fmt: skip
