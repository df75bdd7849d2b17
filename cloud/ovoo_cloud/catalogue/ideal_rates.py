"""The ideal rate of a machine in the asset catalogue: what it makes in an hour when nothing slows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from ovoo_contract.errors import ConfigError, ConfigErrors, UnitError
from ovoo_contract.units import unit, unit_symbols
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.tables import AssetRecord

__all__ = ["HIGHEST", "LOWEST", "GivenRate", "enter"]

LOWEST: Final = Decimal("0.001")
HIGHEST: Final = Decimal(10) ** 9
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class GivenRate:
    """A rate as entered for an asset (its path): decimal text an hour, and the unit of the product.

    Both empty take the rate away. `place` says where it stands, for a refusal; empty: the path.
    """

    asset: str
    ideal_rate_per_hour: str
    product_unit: str
    place: str = ""


def enter(
    session: Session, scope: Scope, enterprise: str, given: Sequence[GivenRate], now_ns: int
) -> Sequence[AssetRecord]:
    """Keeps the rates, all or none; an unchanged one leaves no trace. The assets come back in the order given.

    Raises:
        NotFound: an asset that the catalogue does not know or the caller does not see.
        ConfigErrors: every number out of bounds, unknown unit, half an entry, asset named twice.
    """
    scope = scope.under(Permission.EDIT_CASE)
    scope.require_enterprise(enterprise)
    found = _assets(session, scope, enterprise, given)
    checked = _checked(given)
    for row, (rate, product_unit) in zip(found, checked, strict=True):
        if (row.ideal_rate_per_hour, row.product_unit) != (rate, product_unit):
            row.ideal_rate_per_hour, row.product_unit = rate, product_unit
            detail = {"ideal_rate_per_hour": rate or "", "product_unit": product_unit or ""}
            audit.append(
                session, actor=scope.user, action="asset.ideal_rate", subject=row.path, at_ns=now_ns,
                enterprise=enterprise, detail=detail,
            )  # fmt: skip
    session.flush()
    return found


def _assets(session: Session, scope: Scope, enterprise: str, given: Sequence[GivenRate]) -> list[AssetRecord]:
    wanted = sorted({each.asset for each in given})
    known: dict[str, AssetRecord] = {}
    for start in range(0, len(wanted), _CHUNK):  # SQLite bounds the variables of a statement
        query = select(AssetRecord).where(AssetRecord.path.in_(wanted[start : start + _CHUNK]))
        known.update((row.path, row) for row in session.scalars(query))
    for each in given:
        row = known.get(each.asset)
        if row is None or row.enterprise != enterprise or not scope.sees_site(row.enterprise, row.site):
            raise absent(each.asset)
    return [known[each.asset] for each in given]


def _checked(given: Sequence[GivenRate]) -> list[tuple[str | None, str | None]]:
    made: list[tuple[str | None, str | None]] = []
    faults: list[ConfigError] = []
    seen: set[str] = set()
    for each in given:
        place = each.place or each.asset
        if each.asset in seen:
            remedy = "name each asset once"
            fault = ConfigError("named twice", offender=place, value=each.asset, remedy=remedy, code="ideal_rate.twice")
            faults.append(fault)
        seen.add(each.asset)
        try:
            made.append(_pair(each, place))
        except ConfigError as error:
            faults.append(error)
    if faults:
        raise ConfigErrors(faults)
    return made


def _pair(given: GivenRate, place: str) -> tuple[str | None, str | None]:
    rate, product_unit = given.ideal_rate_per_hour.strip(), given.product_unit.strip()
    if not rate and not product_unit:
        return None, None
    if not rate or not product_unit:
        lacking = "product_unit" if rate else "ideal_rate_per_hour"
        remedy = "give both, or leave both empty to take the rate away"
        raise ConfigError(
            "half of an ideal rate", offender=f"{place} {lacking}", value="", remedy=remedy, code="ideal_rate.half"
        )
    return _rate(rate, f"{place} ideal_rate_per_hour"), _unit(product_unit, f"{place} product_unit")


def _rate(text: str, offender: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not LOWEST <= number <= HIGHEST or number != round(number, 3):
        remedy = f"a decimal number from {LOWEST} to {HIGHEST} with at most three decimals"
        raise ConfigError(
            "not an ideal rate", offender=offender, value=text, remedy=remedy, code="ideal_rate.not_rate",
            slots={"low": LOWEST, "high": HIGHEST},
        )  # fmt: skip
    return format(number.normalize(), "f")


def _unit(symbol: str, offender: str) -> str:
    try:
        found = unit(symbol).symbol
    except UnitError as error:
        raise ConfigError(
            "no such unit", offender=offender, value=symbol, remedy=error.remedy, code="ideal_rate.no_unit",
            slots={"units": " ".join(each for each in unit_symbols() if "/" not in each)},
        ) from error  # fmt: skip
    if "/" in found:
        remedy = "the unit of what is made, without the time: t, m3, count"
        raise ConfigError(
            "a rate and no product", offender=offender, value=symbol, remedy=remedy, code="ideal_rate.not_product"
        )
    return found
