"""Benchmark of enterprises from their issued reports: quantiles of anonymous groups, here or on a cluster.

Every number is an exact decimal of a report, and quantiles are order statistics of them, so that workers, chunks and
the order in which reports are read change nothing.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from ovoo_contract.errors import ConfigError, VerifyError
from ovoo_packs import load_norms

from ovoo_cloud.centre.disclosure import Node, shown_nodes
from ovoo_cloud.centre.issued import GATED, Issued, gated_score, measured_percent, read_snapshot
from ovoo_cloud.diagnosis.scoring import method_of
from ovoo_cloud.diagnosis.secrecy import withheld

__all__ = [
    "CHUNK",
    "LEAST_GROUP",
    "Mapper",
    "Place",
    "Reading",
    "compute",
    "figures",
    "quantile",
    "read_all",
    "read_chunk",
]

LEAST_GROUP: Final = 3
"""No installation may set the minimum group size lower."""
CHUNK: Final = 50
"""Reports that one task reads."""
_QUARTILES: Final = (25, 50, 75)
_DECILES: Final = (10, 90)
_DIMENSIONS: Final = ("sector", "size", "region")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an enterprise stands in the tree; unknown parts are `-`."""

    sector: str
    size: str
    region: str

    def nodes(self) -> tuple[Node, ...]:
        """The root and the groups that the enterprise is in, from wide to narrow."""
        path = (self.sector, self.size, self.region)
        return tuple(path[:depth] for depth in range(len(path) + 1))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one report gives: decimal text by figure; None where its snapshot does not verify.

    `level` is the one that the report states, None where it states a range; `sha256` that of its snapshot.
    """

    enterprise: str
    figures: Mapping[str, str] | None
    level: int | None = None
    sha256: str = ""


Mapper = Callable[[Callable[[Sequence[Issued]], list[Reading]], Sequence[Sequence[Issued]]], Iterable[list[Reading]]]
"""Calls a function for each chunk, wherever it likes."""


@functools.cache
def figures() -> Mapping[str, Mapping[str, Any]]:
    """The figures that are compared, by id."""
    return {each["id"]: each for each in _document()["figures"]}


@functools.cache
def _document() -> Mapping[str, Any]:
    source = importlib.resources.files("ovoo_cloud.centre").joinpath("benchmark_figures.json")
    found: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


def read_chunk(reports: Sequence[Issued]) -> list[Reading]:
    """The figures of some reports; runs on any machine that sees the report folders."""
    return [_reading(each) for each in reports]


def read_all(reports: Sequence[Issued], mapper: Mapper | None = None) -> list[Reading]:
    """The figures of all reports, by enterprise; `mapper` None reads them here."""
    chunks = [reports[start : start + CHUNK] for start in range(0, len(reports), CHUNK)]
    done = map(read_chunk, chunks) if mapper is None else mapper(read_chunk, chunks)
    return sorted((each for part in done for each in part), key=lambda each: each.enterprise)


def compute(readings: Sequence[Reading], places: Mapping[str, Place], minimum: int) -> dict[str, Any]:
    """Quantiles of every group that may be shown, and how many reports did not verify; plain data.

    A figure that a report gives only as a range is not counted. Each figure has its own counts and is protected by
    itself.

    Raises:
        ConfigError: a minimum below `LEAST_GROUP`.
    """
    if minimum < LEAST_GROUP:
        raise ConfigError("groups too small", offender="minimum", value=minimum, remedy=f"at least {LEAST_GROUP}")
    values: dict[str, dict[Node, list[Decimal]]] = {}
    for each in readings:
        for name, text in (each.figures or {}).items():
            for node in places[each.enterprise].nodes():
                values.setdefault(name, {}).setdefault(node, []).append(Decimal(text))
    groups: dict[Node, dict[str, Any]] = {}
    for name, nodes in sorted(values.items()):
        for node in shown_nodes({node: len(found) for node, found in nodes.items()}, minimum):
            groups.setdefault(node, {})[name] = _quantiles(name, nodes[node], minimum)
    return {
        "edition": _document()["edition"],
        "minimum": minimum,
        "groups": [_group(node, groups[node]) for node in sorted(groups)],
        "not_verified": sum(1 for each in readings if each.figures is None),
    }


def quantile(ordered: Sequence[Decimal], percent: int) -> Decimal:
    """Linear interpolation between order statistics; `ordered` ascending and not empty."""
    place = Decimal((len(ordered) - 1) * percent) / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _quantiles(name: str, found: Sequence[Decimal], minimum: int) -> dict[str, Any]:
    ordered = sorted(found)
    about = figures()[name.partition("/")[0]]
    # the outer tenths of a small group would be its extremes
    wanted = _QUARTILES + (_DECILES if len(ordered) >= 4 * minimum else ())
    step = Decimal(1).scaleb(-about["digits"])
    texts = {f"p{each}": str(quantile(ordered, each).quantize(step, ROUND_HALF_EVEN)) for each in sorted(wanted)}
    return {"n": len(ordered), "unit": about["unit"] or _norm_unit(name), **texts}


def _norm_unit(name: str) -> str:
    norm = load_norms().rows.get(name.partition("/")[2])
    return "" if norm is None else norm.unit


def _group(node: Node, shown: Mapping[str, Any]) -> dict[str, Any]:
    path = dict(zip(_DIMENSIONS, (*node, *[None] * (3 - len(node))), strict=True))
    return {**path, "figures": dict(sorted(shown.items()))}


def _reading(report: Issued) -> Reading:
    try:
        snapshot = read_snapshot(report)
    except VerifyError:
        return Reading(report.enterprise, None)
    score = gated_score(snapshot)
    secret = withheld(snapshot).figures
    level = None if score is None or "score.total" in secret else score["level"]
    return Reading(report.enterprise, dict(_compared(snapshot, secret)), level, report.sha256)


def _compared(snapshot: Mapping[str, Any], secret: Collection[str]) -> Iterator[tuple[str, str]]:
    other = "framework" in snapshot and method_of(snapshot["framework"]) != GATED
    for name, about in figures().items():
        if other and name in _OF_POINTS:
            continue  # counts and levels of another method are no points
        if any(_rests_on(name, each) for each in secret):
            continue  # the enterprise declared it secret: it is in no aggregate either
        found = snapshot["figures"].get(name, {}).get("value")
        if name == "measured_percent" and (share := measured_percent(snapshot)) is not None:
            yield name, str(share)
        elif "per" in about:
            yield from _PER[about["per"]](snapshot, name, found)
        elif found is not None:
            yield name, found


def _rests_on(name: str, figure: str) -> bool:
    """Whether a compared figure is a figure of the report, or is taken from it."""
    below = "scene." if name == "score.scenes" else f"{name}."
    return figure == name or figure.startswith(below)


_OF_POINTS: Final = frozenset({"score.total", "score.dimension", "score.scenes", "measured_percent"})


def _per_norm(snapshot: Mapping[str, Any], name: str, found: str | None) -> Iterator[tuple[str, str]]:
    """Energy per product compares only where the same norm and product are meant."""
    norm = (snapshot.get("case", {}).get("energy") or {}).get("norm") or {}
    if found is not None and norm.get("id"):
        yield f"{name}/{norm['id']}", found


def _per_dimension(snapshot: Mapping[str, Any], name: str, _found: str | None) -> Iterator[tuple[str, str]]:
    """Shares of a dimension's points, which compare within one framework, also where an edition weighs it anew."""
    if "framework" in snapshot:
        for part in snapshot.get("score", {}).get("dimensions", ()):
            low, high = part["points"]
            if low == high and Decimal(part["full"]):
                yield (
                    f"{name}/{snapshot['framework']['id']}/{part['id']}",
                    str(100 * Decimal(low) / Decimal(part["full"])),
                )


def _per_framework(snapshot: Mapping[str, Any], name: str, _found: str | None) -> Iterator[tuple[str, str]]:
    """The share of the levels that all scenes together could reach."""
    scenes = snapshot.get("score", {}).get("scenes", ())
    if scenes and "framework" in snapshot and all(each["levels"][0] == each["levels"][1] for each in scenes):
        reached = sum(each["levels"][0] for each in scenes)
        yield f"{name}/{snapshot['framework']['id']}", str(Decimal(100 * reached) / (4 * len(scenes)))


_PER: Final[Mapping[str, Callable[[Mapping[str, Any], str, str | None], Iterator[tuple[str, str]]]]] = {
    "norm": _per_norm,
    "dimension": _per_dimension,
    "framework": _per_framework,
}
"""What a figure compares within, and how its names and values are found."""
