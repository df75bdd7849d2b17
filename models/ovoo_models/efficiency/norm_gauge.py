"""Unit consumption against the limit, access and advanced lines of a norm, with its corrections, edition and date.

Level 1 is the advanced value (先进值), level 2 that for access of new plants (准入值), level 3 the limit (限定值).
A raw comparison is always given; a corrected one only where every correction the norm names is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ovoo_contract.errors import ConfigError, UnitError
from ovoo_packs.norms import Norm, NormTable

from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Correction", "Gauge", "Lines", "Product", "correction_factor", "gauge", "gauge_editions", "gauge_mix"]


@dataclass(frozen=True, slots=True)
class Lines:
    """The three lines in the norm's unit; None where the standard gives none."""

    advanced: float | None
    access: float | None
    limit: float | None

    def level(self, value: float) -> int | None:
        """The best level reached (1 advanced to 3 limit), or None above every line."""
        for level, line in enumerate((self.advanced, self.access, self.limit), start=1):
            if line is not None and value <= line:
                return level
        return None

    def times(self, factor: float) -> Lines:
        """Every line times a factor."""
        return Lines(*(None if line is None else line * factor for line in (self.advanced, self.access, self.limit)))

    @property
    def rising(self) -> bool:
        """Whether a better level is never laxer; a table that is not was transcribed so, and needs a check."""
        known = [line for line in (self.advanced, self.access, self.limit) if line is not None]
        return known == sorted(known)


@dataclass(frozen=True, slots=True)
class Correction:
    """Corrections of a case by the names of the norm, with their document. `total` stands for all of them where a
    person worked out the whole factor by the standard."""

    document: str
    values: Mapping[str, float] = field(default_factory=dict)
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where a consumption stands. `factor` is None and `corrected` too while `open_corrections` are not known.

    `level` is that of the corrected lines where there are such, else of the raw ones; `levels` are those at the lower
    and upper end of the consumption's 90 % interval (None above every line).
    """

    norm_ids: tuple[str, ...]
    editions: tuple[str, ...]
    valid_from: tuple[str | None, ...]
    unit: str
    consumption: Estimate
    raw: Lines
    factor: float | None
    corrected: Lines | None
    open_corrections: tuple[str, ...]
    documents: tuple[str, ...]
    reference_only: bool

    @property
    def lines(self) -> Lines:
        """The lines that count."""
        return self.corrected or self.raw

    @property
    def level(self) -> int | None:
        """The level reached by the consumption itself."""
        return self.lines.level(self.consumption.value)

    @property
    def levels(self) -> tuple[int | None, int | None]:
        """The levels at both ends of the 90 % interval."""
        low, high = self.consumption.interval(0.9)
        return self.lines.level(low), self.lines.level(high)

    @property
    def sure(self) -> bool:
        """Whether the level is the same over the interval."""
        low, high = self.levels
        return low == high

    @property
    def over_limit(self) -> float | None:
        """Consumption less the limit, in the norm's unit; None without a limit."""
        return None if self.lines.limit is None else self.consumption.value - self.lines.limit


@dataclass(frozen=True, slots=True)
class Product:
    """`output` of a product in the norm's denominator (t, m3, ...), with the norm's row and its corrections."""

    norm: Norm
    output: float
    correction: Correction | None = None


def gauge(consumption: Estimate, norm: Norm, correction: Correction | None = None) -> Gauge:
    """A consumption in the norm's unit against its lines.

    Raises:
        UnitError: the consumption is in another unit.
        ConfigError: it is not a number above 0, or a correction is not one of the norm's.
    """
    if consumption.unit != norm.unit:
        remedy = f"compute the consumption in {norm.unit}"
        raise UnitError(
            "another unit than the norm's", code="norm_gauge.another_unit_than_norm", slots={"unit": norm.unit},
            offender=norm.id, value=consumption.unit, remedy=remedy,
        )  # fmt: skip
    _check(consumption, norm.id)
    raw = Lines(norm.level1, norm.level2, norm.level3)
    factor, missing = correction_factor(norm, correction)
    return Gauge(
        (norm.id,),
        (norm.source.edition,),
        (norm.source.valid_from,),
        norm.unit,
        consumption,
        raw,
        factor,
        None if factor is None else raw.times(factor),
        missing,
        (correction.document,) if correction is not None else (),
        norm.reference_only,
    )


def gauge_mix(energy: Estimate, products: Sequence[Product]) -> Gauge:
    """Several products that share their energy: total energy / total output against lines weighted by output.

    Args:
        energy: all energy of the products in the numerator of the norms' unit.

    Raises:
        UnitError: the norms count in different units, or the energy in another than theirs.
        ConfigError: no product, an output that is not above 0, or a product without the lines of the others.
    """
    units = sorted({product.norm.unit for product in products})
    if len(units) != 1 or units[0].partition("/")[0] != energy.unit:
        remedy = "products of one mix are counted in one unit"
        raise UnitError(
            "units of the mix differ", code="norm_gauge.units_of_mix_differ", offender="products",
            value=[energy.unit, *units], remedy=remedy,
        )  # fmt: skip
    for product in products:
        if not (math.isfinite(product.output) and product.output > 0.0):
            remedy = "give what was made, above 0; leave out what was not made"
            raise ConfigError(
                "not an output", code="norm_gauge.not_output", offender=product.norm.id, value=product.output,
                remedy=remedy,
            )  # fmt: skip
    output = math.fsum(product.output for product in products)
    single = [
        gauge(Estimate(energy.value / output, energy.sigma / output, units[0]), each.norm, each.correction)
        for each in products
    ]
    shares = [product.output / output for product in products]
    missing = tuple(f"{each.norm_ids[0]}.{name}" for each in single for name in each.open_corrections)
    raw = _weighted([each.raw for each in single], shares)
    corrected = None if missing else _weighted([each.lines for each in single], shares)
    return Gauge(
        tuple(each.norm_ids[0] for each in single),
        tuple(each.editions[0] for each in single),
        tuple(each.valid_from[0] for each in single),
        units[0],
        single[0].consumption,
        raw,
        None,
        corrected,
        missing,
        tuple(document for each in single for document in each.documents),
        any(each.reference_only for each in single),
    )


def gauge_editions(
    consumption: Estimate, table: NormTable, norm_id: str, corrections: Mapping[str, Correction] | None = None
) -> tuple[Gauge, ...]:
    """The same consumption against every edition of a norm, the earliest first; `corrections` by the row's id."""
    given = corrections or {}
    return tuple(gauge(consumption, norm, given.get(norm.id)) for norm in table.editions(norm_id))


def _check(consumption: Estimate, norm_id: str) -> None:
    if not (math.isfinite(consumption.value) and consumption.value > 0.0 and consumption.sigma >= 0.0):
        remedy = "a consumption above 0 with its uncertainty; what is not known has no level"
        raise ConfigError(
            "not a consumption", code="norm_gauge.not_consumption", offender=norm_id, value=consumption.value,
            remedy=remedy,
        )  # fmt: skip


def correction_factor(norm: Norm, correction: Correction | None) -> tuple[float | None, tuple[str, ...]]:
    """What the lines are multiplied by (None while a correction is not known), and the corrections that are open.

    Raises:
        ConfigError: a correction is not one of the norm's, has no document, or leaves no factor above 0.
    """
    if not norm.corrections and correction is None:
        return 1.0, ()
    if correction is None:
        return None, norm.corrections
    if not correction.document.strip():
        remedy = "name the document that gives the corrections"
        raise ConfigError(
            "corrections without a document", code="norm_gauge.corrections_without_document", offender=norm.id,
            value=correction.document, remedy=remedy,
        )  # fmt: skip
    strange = sorted(correction.values.keys() - set(norm.corrections))
    if strange or (not norm.corrections and correction.total is not None):
        remedy = f"it names {', '.join(norm.corrections) or 'none'}"
        raise ConfigError(
            "not a correction of this norm", code="norm_gauge.not_correction_of_this_norm",
            slots={"known": ", ".join(norm.corrections) or "none"}, offender=norm.id, value=strange or "total",
            remedy=remedy,
        )  # fmt: skip
    if correction.total is not None:
        return _positive(correction.total, norm), ()
    missing = tuple(name for name in norm.corrections if name not in correction.values)
    if missing or norm.correction_rule == "unknown":
        # the source does not say how they combine: only a total worked out by a person can be applied
        return None, missing or ("total",)
    values = [correction.values[name] for name in norm.corrections]
    total = math.prod(values) if norm.correction_rule == "product" else 1.0 + math.fsum(values)
    return _positive(total, norm), ()


def _positive(factor: float, norm: Norm) -> float:
    if not (math.isfinite(factor) and factor > 0.0):
        remedy = f"the rule of this norm is {norm.correction_rule}"
        raise ConfigError(
            "not a factor of correction", code="norm_gauge.not_factor_of_correction",
            slots={"rule": norm.correction_rule}, offender=norm.id, value=factor, remedy=remedy,
        )  # fmt: skip
    return factor


def _weighted(lines: Sequence[Lines], shares: Sequence[float]) -> Lines:
    """Each line weighted by output; None where a product has no such line."""
    columns = zip(*((each.advanced, each.access, each.limit) for each in lines), strict=True)
    return Lines(*(_mean(column, shares) for column in columns))


def _mean(column: Sequence[float | None], shares: Sequence[float]) -> float | None:
    known = [value for value in column if value is not None]
    if len(known) < len(column):
        return None
    return math.fsum(value * share for value, share in zip(known, shares, strict=True))
