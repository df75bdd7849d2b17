"""What the ticked trade secrets of a case mean in its snapshot: figures, rows and words that no cut but its own has.

A figure that can be worked out from a secret one is secret as well, and so are the parts of a secret sum, where all of
them would otherwise be shown, and another figure of the very same amount: the total of all bands is that of all meters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ovoo_cloud.diagnosis.case_secrets import SECRET_GROUPS, TradeSecrets, read_secrets
from ovoo_cloud.diagnosis.intake import read_mapping

__all__ = ["GROUP_FIGURES", "Withheld", "of_group", "secrets_of_case", "withheld"]

GROUP_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("product.", "norm.intensity", "per_output.", "score.consumption.", "score.excess."),
    "costs": ("cost.",),
    "finance": ("finance.",),
}
"""The figures that would give a group away, by their first letters."""
_AMOUNTS: Final = (".output", ".good", ".ideal_output", ".ideal_per_h")
_OF_MACHINES: Final = "oee."
"""Amounts of single machines are output too; they end so."""
_TELLING: Final = 3
"""A number of fewer digits stands for itself in too many places to be looked for in charts."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What the ticked secrets of one snapshot withhold.

    Attributes:
        figures: ids, with everything that can be worked out from them.
        rows: (group, name) of ticked rows.
        words: texts that may stand nowhere, also as part of another one; `phrases` the same as a whole text only.
        numbers: values of the figures, which charts draw and sentences measure.
        evidence: ids of the samples behind the figures.
    """

    figures: frozenset[str] = frozenset()
    rows: frozenset[tuple[str, str]] = frozenset()
    words: tuple[str, ...] = ()
    phrases: frozenset[str] = frozenset()
    numbers: frozenset[Fraction] = frozenset()
    evidence: frozenset[str] = frozenset()


def secrets_of_case(case: Mapping[str, Any]) -> TradeSecrets:
    """The trade secrets of a case as its snapshot keeps it; all groups where it says nothing."""
    return read_secrets(read_mapping(case, "case"))


def withheld(snapshot: Mapping[str, Any]) -> Withheld:
    """What the ticked secrets withhold from every cut but the enterprise's own; nothing where none is ticked."""
    case = snapshot.get("case", {})
    if not isinstance(case.get("trade_secrets"), Mapping):
        return Withheld()  # groups alone, or nothing: the common case costs the reading of no part
    told = secrets_of_case(case)
    if not told.ticked:
        return Withheld()
    figures: Mapping[str, Mapping[str, Any]] = snapshot["figures"]
    hidden = frozenset(of_group(figures, told.groups))
    rows = {("products", each) for each in told.names("products")} | {("finance", y) for y in told.names("finance")}
    asked = frozenset(each for each in figures if _below(each, told.names("figures")))
    closed = _closed(figures, asked, hidden)
    closed |= frozenset(of_group(figures, {group for group, _ in rows}))
    return Withheld(
        closed,
        frozenset(rows),
        tuple(_words(told)),
        frozenset(_names(case, told)),
        frozenset(_numbers(figures, closed)),
        frozenset(each for name in closed for each in figures[name]["evidence"]),
    )


def _below(figure: str, beginnings: Iterable[str]) -> bool:
    return any(figure == each or figure.startswith(f"{each}.") for each in beginnings)


def of_group(figures: Iterable[str], groups: Iterable[str]) -> Iterable[str]:
    """Those of the figures that the groups withhold; a name that is no group withholds nothing."""
    wanted = tuple(groups)
    prefixes = tuple(prefix for each in wanted if each in SECRET_GROUPS for prefix in GROUP_FIGURES[each])
    for name in figures:
        amount = "products" in wanted and name.startswith(_OF_MACHINES) and name.endswith(_AMOUNTS)
        if amount or (prefixes and name.startswith(prefixes)):
            yield name


def _closed(figures: Mapping[str, Mapping[str, Any]], asked: frozenset[str], hidden: frozenset[str]) -> frozenset[str]:
    """The secret figures with all that follow from them, and with their parts where nothing else hides those."""
    made_of = {name: _parts(row, figures) for name, row in figures.items()}
    found = set(asked)
    while True:
        amounts = {each for name in found for each in _amounts(figures[name])}
        more = {name for name, parts in made_of.items() if parts & found or _amounts(figures[name]) & amounts}
        for name in found:
            if not made_of[name] & (found | hidden):
                more |= made_of[name]
        if more <= found:
            return frozenset(found)
        found |= more


def _parts(row: Mapping[str, Any], figures: Mapping[str, Any]) -> set[str]:
    return {each["figure"] for each in row["inputs"] if each.get("figure") in figures}


def _words(told: TradeSecrets) -> Iterable[str]:
    yield from told.names("documents")
    for each in told.names("products"):
        yield f"per_output.product.{each}"


def _names(case: Mapping[str, Any], told: TradeSecrets) -> Iterable[str]:
    """Names of ticked products in either language, and the share of spending that ticked years would give away."""
    ticked = told.names("products")
    for row in case.get("products") or ():
        if str(row.get("id")) in ticked:
            name = row.get("name", "")
            yield from (str(each) for each in (name.values() if isinstance(name, Mapping) else (name,)) if each)
    if told.names("finance"):
        yield from _spent(case.get("finance") or {})


def _spent(years: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Digital spending over revenue of the last years, as a report prints an answer that was taken from them."""
    listed = [years[each] for each in sorted(years)[-3:]]
    told = [(each.get("digital_spend_yuan"), each.get("revenue_yuan")) for each in listed]
    if not told or not all(spend and revenue for spend, revenue in told):
        return
    spend, revenue = (sum(Fraction(str(each[side]).replace("_", "")) for each in told) for side in (0, 1))
    if revenue:
        percent = Fraction(100 * spend, revenue)
        yield f"{Decimal(percent.numerator) / Decimal(percent.denominator):.1f} %"


def _numbers(figures: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> Iterable[Fraction]:
    return (number for name in names for _, number in _amounts(figures[name]))


def _amounts(row: Mapping[str, Any]) -> set[tuple[str, Fraction]]:
    """Unit and value, or ends, of a figure, as far as they have enough digits to be known by."""
    told = [row[end] for end in ("value", "low", "high") if row[end] is not None]
    return {(row["unit"], Fraction(each)) for each in told if len(each.replace(".", "").strip("-0")) >= _TELLING}
