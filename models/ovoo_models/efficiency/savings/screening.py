"""Which variables a baseline may use: coverage, range, sign and overlap are checked; refusals carry their numbers."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.change_point import ChangePointModel, Settings, fit
from ovoo_models.efficiency.savings.numerics import zeros
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.segment import charge

__all__ = ["Candidate", "Refusal", "Screening", "screen"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variable that may drive the energy.

    `role`: temperature, production, load or calendar; `sign` expected of its slope, 0 for any (a temperature has one
    on each side of its knees); [low, high] is what it can physically be. Only roles other than calendar may have knees.
    """

    name: str
    role: str
    sign: int = 0
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if self.role not in ("temperature", "production", "load", "calendar") or self.sign not in (-1, 0, 1):
            raise ConfigError(
                "unknown role or sign", code="savings.unknown_role_or_sign", offender=self.name,
                value=(self.role, self.sign),
                remedy="temperature, production, load or calendar; -1, 0 or 1",
            )  # fmt: skip
        if not self.low < self.high:
            raise ConfigError(
                "empty range", code="savings.empty_range", offender=self.name, value=(self.low, self.high)
            )

    @property
    def signs(self) -> tuple[int, int]:
        """Signs of the slopes below the left and above the right knee."""
        return (1, 1) if self.role == "temperature" else (-self.sign, self.sign)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A variable left out: its name, which check it failed, the reason in words, and the numbers that prove it."""

    name: str
    check: str
    reason: str
    numbers: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Screening:
    """Settings with the chosen driver and variables, and every refusal in the order it was made."""

    settings: Settings
    criterion: float
    refused: tuple[Refusal, ...]

    def refusal(self, name: str) -> Refusal | None:
        """Why a variable was left out."""
        return next((each for each in self.refused if each.name == name), None)


def screen(
    data: Observations,
    candidates: Sequence[Candidate],
    settings: Settings | None = None,
    coverage_min: float = 0.9,
    outside_max: float = 0.01,
    overlap_max: float = 0.9,
    gain_min: float = 0.01,
) -> Screening:
    """The driver with the least criterion, then variables that lower it, one by one, best first.

    `coverage_min`: share of intervals with a value; `outside_max`: share of values outside the physical range;
    `overlap_max`: R2 of a variable on those already chosen (0.9 is a variance inflation of 10); `gain_min`: by which
    share a variable must lower RSS (1 + cost terms / n)^2.

    Raises:
        EvidenceError: no candidate is left that a baseline could have as its driver, and no variable either.
    """
    plain = replace(settings or Settings(), splits=("none",))
    refused: list[Refusal] = []
    sound = [each for each in candidates if _sound(data, each, coverage_min, outside_max, refused)]
    if not sound:
        raise EvidenceError(
            "no usable variable", code="savings.no_usable_variable", offender="candidates",
            value=[(r.name, r.check) for r in refused],
        )  # fmt: skip
    rows = data.complete([each.name for each in sound])
    tried = [(_tried(data, replace(plain, driver=c.name, variables=(), signs=c.signs), rows), c) for c in sound
             if c.role != "calendar"]  # fmt: skip
    kept = [(found, c) for found, c in tried if _sign_holds(found[1], c, refused)]
    start = _tried(data, replace(plain, driver="", variables=()), rows)
    chosen, best = min(kept, key=lambda each: each[0][0])[1] if kept else None, start[0]
    current = replace(plain, driver="", variables=())
    if chosen is not None and min(kept, key=lambda each: each[0][0])[0][0] < (1.0 - gain_min) * best:
        current = replace(plain, driver=chosen.name, variables=(), signs=chosen.signs)
        best = min(kept, key=lambda each: each[0][0])[0][0]
    gone = {each.name for each in refused} | {current.driver}
    known = {each.name: each for each in sound}
    left = [each for each in sound if each.name not in gone]
    current, best = _grow(data, rows, current, best, known, left, (overlap_max, gain_min), refused)
    if not current.names:
        raise EvidenceError(
            "no variable explains the energy", code="savings.no_variable_explains_energy", offender="candidates",
            value=[r.name for r in refused],
        )  # fmt: skip
    final = replace(current, splits=(settings or Settings()).splits)
    return Screening(final, best, tuple(refused))


def _grow(
    data: Observations,
    rows: Sequence[int],
    current: Settings,
    best: float,
    known: Mapping[str, Candidate],
    left: list[Candidate],
    bounds: tuple[float, float],
    refused: list[Refusal],
) -> tuple[Settings, float]:
    """Adds variables while one lowers the criterion; what overlaps, has the wrong sign or gains nothing is refused.

    A newcomer may enter linearly, or take the knees over and leave the driver so far a linear one. `bounds`: greatest
    overlap, least gain.
    """
    overlap_max, gain_min = bounds
    while True:
        left = [c for c in left if _apart(data, rows, current.names, c, overlap_max, refused)]
        trials = []
        for c in left:
            found = _ways_in(data, rows, current, known, c, refused)
            if found is not None:
                trials.append((*found, c))
        left = [trial[2] for trial in trials]
        if not trials:
            return current, best
        criterion, wider, chosen = min(trials, key=lambda trial: trial[0])
        if not criterion < (1.0 - gain_min) * best:
            for value, _wider, each in trials:
                numbers: dict[str, float | int | str] = {"criterion": value, "without": best, "gain_min": gain_min}
                refused.append(Refusal(each.name, "gain", "explains nothing that the others leave", numbers))
            return current, best
        current, best = wider, criterion
        left = [each for each in left if each.name != chosen.name]


def _ways_in(
    data: Observations,
    rows: Sequence[int],
    current: Settings,
    known: Mapping[str, Candidate],
    c: Candidate,
    refused: list[Refusal],
) -> tuple[float, Settings] | None:
    """The better way for a candidate to enter, as variable or with the knees; None and a refusal where signs forbid."""
    ways = [replace(current, variables=(*current.variables, c.name))]
    if c.role != "calendar":
        others = (*current.variables, current.driver) if current.driver else current.variables
        ways.append(replace(current, driver=c.name, variables=others, signs=c.signs))
    wrong: list[Refusal] = []
    found = []
    for way in ways:
        criterion, model = _tried(data, way, rows)
        held = [_variable_sign_holds(model, known[name], wrong) for name in way.variables]
        if way.driver:
            held.append(_sign_holds(model, known[way.driver], wrong))
        if all(held):
            found.append((criterion, way))
    if found:
        return min(found, key=lambda each: each[0])
    refused.append(next((each for each in wrong if each.name == c.name), wrong[0]))
    return None


def _sound(
    data: Observations, candidate: Candidate, coverage_min: float, outside_max: float, refused: list[Refusal]
) -> bool:
    name = candidate.name
    values = [v for v in data.driver(name) if math.isfinite(v)]
    share = len(values) / len(data) if len(data) else 0.0
    if share < coverage_min:
        numbers = {"share": share, "share_min": coverage_min, "rows": len(values)}
        refused.append(Refusal(name, "coverage", "too many values are missing", numbers))
        return False
    outside = sum(1 for v in values if not candidate.low <= v <= candidate.high)
    if outside > outside_max * len(values):
        far = {"rows": outside, "least": min(values), "greatest": max(values), "low": candidate.low,
               "high": candidate.high}  # fmt: skip
        refused.append(Refusal(name, "range", "values that cannot be", far))
        return False
    if min(values) == max(values):
        refused.append(Refusal(name, "constant", "never changes", {"value": values[0], "rows": len(values)}))
        return False
    return True


def _tried(data: Observations, settings: Settings, rows: Sequence[int]) -> tuple[float, ChangePointModel]:
    model = fit(data, settings, rows)
    rss = math.fsum(segment.rss for segment in model.segments.values())
    return charge(rss, len(rows), model.terms, settings.cost), model


def _sign_holds(model: ChangePointModel, candidate: Candidate, refused: list[Refusal]) -> bool:
    """A straight line has no sign of its own in the search: it is looked at here."""
    segment = model.segments["all"]
    if segment.shape.kind != "2P" or candidate.sign * segment.coefficients[-1] >= 0.0:
        return True
    refused.append(_wrong(candidate, segment.coefficients[-1]))
    return False


def _variable_sign_holds(model: ChangePointModel, candidate: Candidate, refused: list[Refusal]) -> bool:
    slope = model.named()["all"][candidate.name]
    if candidate.sign * slope >= 0.0:
        return True
    refused.append(_wrong(candidate, slope))
    return False


def _wrong(candidate: Candidate, slope: float) -> Refusal:
    numbers = {"slope": slope, "sign_expected": candidate.sign}
    return Refusal(candidate.name, "sign", "energy moves against what it should do", numbers)


def _apart(
    data: Observations, rows: Sequence[int], chosen: Sequence[str], candidate: Candidate, overlap_max: float,
    refused: list[Refusal],
) -> bool:  # fmt: skip
    """Whether a candidate says something of its own: R2 on a constant and the chosen ones is small enough."""
    n, p = len(rows), 1 + len(chosen)
    design, columns = array("d"), [data.driver(name) for name in chosen]
    for i in rows:
        design.append(1.0)
        design.extend(column[i] for column in columns)
    own = data.driver(candidate.name)
    mean = math.fsum(own[i] for i in rows) / n
    y, w = array("d", [own[i] - mean for i in rows]), array("d", [1.0]) * n
    coef, inverse, fitted = zeros(p), zeros(p * p), zeros(n)
    savings_kernels.least_squares(design, p, y, w, n, coef, inverse, fitted)
    whole = math.fsum(v * v for v in y)
    r2 = 1.0 - math.fsum((a - b) * (a - b) for a, b in zip(y, fitted, strict=True)) / whole if whole else 1.0
    if r2 <= overlap_max:
        return True
    numbers: dict[str, float | int | str] = {
        "r2": r2,
        "r2_max": overlap_max,
        "inflation": 1.0 / max(1.0 - r2, 1e-12),
        "others": ", ".join(chosen),
    }
    refused.append(Refusal(candidate.name, "collinear", "says what the chosen ones say already", numbers))
    return False
