"""An index of regions out of weighted indicators: a range where values are missing, places as ranges, and the trend.

All in exact decimals. An indicator gives 0 to 100 points to each region by the method that its row names:

* `target`: value / target (or target / value where lower is better), at most 100;
* `min_max`: where the value lies between the worst and the best region of the year; 100 where all are equal;
* `rank`: share of regions that are not better, in percent, equals sharing the mean place.

A missing value gives 0 to 100 points, so the index is a range; a region's best place counts only who is surely above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.centre.facts import Row

__all__ = ["index_of", "indices_of", "points"]

_FULL: Final = Decimal(100)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Region:
    """Index points of a region, low to high, and the points of each indicator (None where missing)."""

    name: str
    low: Decimal
    high: Decimal
    parts: Mapping[str, Decimal | None]


def indices_of(indicators: Sequence[Row], values: Sequence[Row]) -> dict[str, list[int]]:
    """The years of each index, newest first."""
    names = {row.id: row.content["index"] for row in indicators}
    found: dict[str, set[int]] = {index: set() for index in names.values()}
    for row in values:
        if row.content["indicator"] in names:
            found[names[row.content["indicator"]]].add(row.content["year"])
    return {index: sorted(years, reverse=True) for index, years in sorted(found.items())}


def index_of(indicators: Sequence[Row], values: Sequence[Row], index: str, year: int) -> dict[str, Any]:
    """The index of a year with places and parts, and the course of each region over the years; plain data.

    A value given twice for one region and year counts as missing: which one is right is not for us to say.
    """
    own = sorted((row for row in indicators if row.content["index"] == index), key=lambda row: row.id)
    used = [row for row in values if any(row.content["indicator"] == each.id for each in own)]
    years = sorted({row.content["year"] for row in used})
    names = sorted({row.content["region"] for row in used})
    by_year = {each: _year(own, used, names, each) for each in years}
    weights = sum((Decimal(row.content["weight"]) for row in own), Decimal(0))
    unverified = sum((Decimal(row.content["weight"]) for row in own if row.content["mark"] != "S"), Decimal(0))
    return {
        "index": index,
        "year": year,
        "edition": sha256_hex(canonical_json([row.source for row in own]))[:16],
        "indicators": [_shown(row) for row in own],
        "reference_only": bool(unverified),
        "unverified_weight_percent": _text(100 * unverified / weights) if weights else None,
        "regions": _ranked(by_year.get(year, [])),
        "trend": {
            name: [
                {"year": each, "low": _text(region.low), "high": _text(region.high)}
                for each in years
                for region in by_year[each]
                if region.name == name and any(part is not None for part in region.parts.values())
            ]
            for name in names
        },
        "twice": sorted(_twice(used)),
        "rows": sorted(row.source for row in [*own, *used]),
    }


def points(indicator: Mapping[str, Any], found: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Points from 0 to 100 of every region that has a value."""
    up = indicator["direction"] == "up"
    if indicator["normalisation"] == "target":
        return {name: _of_target(value, Decimal(indicator["target"]), up) for name, value in found.items()}
    if not found:
        return {}
    low, high = min(found.values()), max(found.values())
    if indicator["normalisation"] == "min_max":
        if low == high:
            return dict.fromkeys(found, _FULL)
        return {name: _FULL * ((v - low) if up else (high - v)) / (high - low) for name, v in found.items()}
    return {name: _of_rank(value, list(found.values()), up) for name, value in found.items()}


def _of_target(value: Decimal, target: Decimal, up: bool) -> Decimal:
    if up:
        share = value / target
    elif value <= 0:
        share = Decimal(1)
    else:
        share = target / value
    return _FULL * min(Decimal(1), max(Decimal(0), share))


def _of_rank(value: Decimal, every: Sequence[Decimal], up: bool) -> Decimal:
    better = sum(1 for each in every if (each > value if up else each < value))
    equal = sum(1 for each in every if each == value)
    place = better + Decimal(equal + 1) / 2
    return _FULL * (len(every) - place + 1) / len(every)


def _year(own: Sequence[Row], used: Sequence[Row], names: Sequence[str], year: int) -> list[_Region]:
    parts: dict[str, dict[str, Decimal | None]] = {name: {} for name in names}
    twice = _twice(used)
    for indicator in own:
        found = {
            row.content["region"]: Decimal(row.content["value"])
            for row in used
            if row.content["indicator"] == indicator.id
            and row.content["year"] == year
            and (indicator.id, row.content["region"], year) not in twice
        }
        made = points(indicator.content, found)
        for name in names:
            parts[name][indicator.id] = made.get(name)
    weights = {row.id: Decimal(row.content["weight"]) for row in own}
    return [_region(name, parts[name], weights) for name in names]


def _region(name: str, parts: Mapping[str, Decimal | None], weights: Mapping[str, Decimal]) -> _Region:
    whole = sum(weights.values(), Decimal(0))
    if not whole:
        return _Region(name, Decimal(0), _FULL, parts)
    low = sum((weights[key] * part for key, part in parts.items() if part is not None), Decimal(0)) / whole
    open_weight = sum((weights[key] for key, part in parts.items() if part is None), Decimal(0)) / whole
    return _Region(name, low, low + open_weight * _FULL, parts)


def _ranked(regions: Sequence[_Region]) -> list[dict[str, Any]]:
    """Best place first; who may be anywhere stands by its worst place."""
    items = []
    for each in regions:
        above = sum(1 for other in regions if other.low > each.high)
        below = sum(1 for other in regions if other.high < each.low)
        definite = each.low == each.high
        items.append(
            {
                "region": each.name,
                "value": _text(each.low) if definite else None,
                "low": _text(each.low),
                "high": _text(each.high),
                "best_place": above + 1,
                "worst_place": len(regions) - below,
                "parts": {key: None if part is None else _text(part) for key, part in sorted(each.parts.items())},
                "missing": sorted(key for key, part in each.parts.items() if part is None),
            }
        )
    return sorted(items, key=lambda item: (item["best_place"], item["worst_place"], item["region"]))


def _twice(used: Sequence[Row]) -> set[tuple[str, str, int]]:
    seen: set[tuple[str, str, int]] = set()
    twice: set[tuple[str, str, int]] = set()
    for row in used:
        key = (row.content["indicator"], row.content["region"], row.content["year"])
        (twice if key in seen else seen).add(key)
    return twice


def _shown(row: Row) -> dict[str, Any]:
    names = (
        "name_zh",
        "name_en",
        "unit",
        "weight",
        "target",
        "direction",
        "normalisation",
        "source",
        "edition",
        "mark",
    )
    return {"id": row.id, "version": row.version, **{name: row.content.get(name) for name in names}}


def _text(value: Decimal) -> str:
    return str(value.quantize(_CENT, ROUND_HALF_EVEN))
