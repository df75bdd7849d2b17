"""Where an enterprise stands beside its sector: the medians of its group, as its report keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ovoo_cloud.centre.benchmark import LEAST_GROUP
from ovoo_cloud.centre.issued import GATED
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.diagnosis.scoring import method_of

__all__ = ["faults_of", "sector_medians"]

_QUARTILES: Final = ("p25", "p50", "p75")
_UNKNOWN: Final = ("", "-")


def sector_medians(
    found: Mapping[str, Any], sector: str, framework: Mapping[str, Any], places_sha256: str
) -> dict[str, Any]:
    """The quartiles of an enterprise's sector out of a benchmark; plain data.

    Args:
        found: what `sector_benchmark` gave; only groups that may be shown are in it.
        sector: of the enterprise; empty where it is not known.
        framework: the rules of the report; shares of its dimensions compare only within it, and only points do.
        places_sha256: of the places that the groups were made by.
    """
    words = enumeration("sector").get(sector)
    names = {"zh": sector, "en": sector} if words is None else {"zh": words.zh, "en": words.en}
    figures = _group(found["groups"], sector) if method_of(framework) == GATED else {}
    prefix = f"score.dimension/{framework['id']}/"
    dimensions = {
        part["id"]: _row(figures[prefix + part["id"]])
        for part in framework["dimensions"]
        if prefix + part["id"] in figures
    }
    return {
        "edition": found["edition"],
        "quarter": found["quarter"],
        "minimum": found["minimum"],
        "places_sha256": places_sha256,
        "sector": {"id": sector, **names},
        "total": _optional(figures.get("score.total")),
        "dimensions": dimensions,
        "scenes": _optional(figures.get(f"score.scenes/{framework['id']}")),
    }


def _group(groups: Any, sector: str) -> Mapping[str, Any]:
    """The figures of the whole sector; none where it is not known or may not be shown."""
    if sector in _UNKNOWN:
        return {}
    own = (each["figures"] for each in groups if each["sector"] == sector and each["size"] is None)
    return next(own, {})


def _optional(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else _row(row)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": row["n"], "unit": row["unit"], **{name: row[name] for name in _QUARTILES}}


def faults_of(section: Mapping[str, Any]) -> Iterator[str]:
    """Names of the rows of a frozen section that no benchmark may show."""
    if section["minimum"] < LEAST_GROUP:
        yield "minimum"
    rows = {"total": section["total"], "scenes": section["scenes"], **section["dimensions"]}
    for name, row in rows.items():
        if row is not None and row["n"] < section["minimum"]:
            yield name
