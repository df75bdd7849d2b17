"""InfluxQL text. Every query is bounded by $timeFilter; aggregates of telemetry read good samples only (CONTRACT 2)."""

# ruff: noqa: S608 - the text is put together from names in packs and the contract, never from a user
from __future__ import annotations

import re
from typing import Final

from ovoo_contract.quality import UNCERTAIN
from ovoo_contract.schema import MEASUREMENTS, TELEMETRY, TELEMETRY_1M

__all__ = [
    "ALL_ASSETS",
    "ALL_SITES",
    "SCALED_MODELS",
    "asset_filter",
    "counted",
    "field_over_time",
    "good_signal",
    "machine_minutes",
    "reports",
    "rise",
    "score_over_limit",
    "tag_values",
    "typed_line",
]

ALL_SITES: Final = '"site" =~ /^$site$/'
ALL_ASSETS: Final = f'{ALL_SITES} AND "asset" =~ /^$asset$/'
SCALED_MODELS: Final = ("mewma", "baseline", "pca", "lagged")
"""Ids of the bindings whose score says how far from normal; limits and flat lines only say yes or no."""
_GOOD: Final = f'"quality" < {UNCERTAIN}'


def asset_filter(default_path: str) -> str:
    """A condition that keeps assets named like the last part of `default_path`: fan1 -> fan, fan2, fan_b.

    The store knows no templates, so the asset's name must tell: the stem, then digits, `-`, `_` or nothing.
    """
    stem = default_path.rpartition("/")[2].rstrip("0123456789")
    return rf'"asset" =~ /\/{re.escape(stem)}([0-9_-].*)?$/'


def good_signal(signal: str, where: str, function: str) -> str:
    """`function` (mean, last, max, min) of the good samples of one signal, a series per asset, gaps left open."""
    fill = "none" if function == "last" else "null"
    return (
        f'SELECT {function}("value") FROM "{TELEMETRY.name}" WHERE {where} AND "signal" = \'{signal}\' AND {_GOOD}'
        f' AND $timeFilter GROUP BY time($__interval), "asset" fill({fill})'
    )


def typed_line(variable: str, signal: str, where: str) -> str:
    """A level line at the number in a text box of the page, drawn where the signal has good samples."""
    return (
        f'SELECT mean("value") * 0 + ${variable} FROM "{TELEMETRY.name}" WHERE {where} AND "signal" = \'{signal}\''
        f' AND {_GOOD} AND $timeFilter GROUP BY time($__interval), "asset" fill(none)'
    )


def rise(signal: str, where: str) -> str:
    """How much a counter rose per interval, a series per asset; a reset to zero gives no point."""
    return (
        f'SELECT non_negative_difference(last("value")) FROM "{TELEMETRY.name}" WHERE {where}'
        f' AND "signal" = \'{signal}\' AND {_GOOD} AND $timeFilter GROUP BY time($__interval), "asset" fill(none)'
    )


def counted(where: str, *, bad_only: bool) -> str:
    """Samples per interval and site; `bad_only` counts those that are not good."""
    quality = f' AND "quality" >= {UNCERTAIN}' if bad_only else ""
    return (
        f'SELECT count("quality") FROM "{TELEMETRY.name}" WHERE {where}{quality} AND $timeFilter'
        ' GROUP BY time($__interval), "site" fill(none)'
    )


def field_over_time(
    measurement: str, field: str, where: str, by: str, function: str, *, every: str = "$__interval"
) -> str:
    """`function` of a field of another measurement, a series per value of tag(s) `by`; raises KeyError for a field
    that the measurement does not have."""
    MEASUREMENTS[measurement].fields[field]
    condition = f"{where} AND " if where else ""
    return (
        f'SELECT {function}("{field}") FROM "{measurement}" WHERE {condition}$timeFilter'
        f" GROUP BY time({every}), {_quoted(by)} fill(none)"
    )


def machine_minutes(figure: str, where: str, function: str, *, times: int = 1) -> str:
    """`function` of a figure that the models tell of a machine each minute, a series per asset, gaps left open."""
    TELEMETRY_1M.fields["last"]
    factor = f"{times} * " if times != 1 else ""
    return (
        f'SELECT {factor}{function}("last") FROM "{TELEMETRY_1M.name}" WHERE {where}'
        f' AND "signal" = \'machine-{figure}\' AND $timeFilter GROUP BY time($__interval), "asset" fill(none)'
    )


def reports(measurement: str, field: str, by: str, every: str) -> str:
    """Points per interval of a field, a series per value of tag `by`; 0 where a series that was there falls silent."""
    MEASUREMENTS[measurement].fields[field]
    return f'SELECT count("{field}") FROM "{measurement}" WHERE $timeFilter GROUP BY time({every}), "{by}" fill(0)'


def score_over_limit(where: str, by: str) -> str:
    """Largest score over limit per interval for the models whose score has a scale, a series per value of tags `by`.

    A gateway sends a limit only when it changes and every quarter hour, so the last one is carried on; the score is
    not, so that its gaps stay open.
    """
    groups = f"GROUP BY time($__interval), {_quoted(by)}"
    where = f'{where} AND "model" =~ /^({"|".join(SCALED_MODELS)})/ AND $timeFilter'
    score = f'SELECT max("score") AS "score" FROM "score" WHERE {where} {groups} fill(none)'
    limit = f'SELECT max("limit") AS "limit" FROM "score" WHERE {where} {groups} fill(previous)'
    return f'SELECT max("score") / max("limit") FROM ({score}), ({limit}) WHERE $timeFilter {groups} fill(none)'


def tag_values(measurement: str, tag: str, where: str = "") -> str:
    """The values of a tag; raises ValueError for a tag that the measurement does not have."""
    MEASUREMENTS[measurement].tags.index(tag)
    condition = f" WHERE {where}" if where else ""
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = "{tag}"{condition}'


def _quoted(tags: str) -> str:
    """`a,b` as `"a", "b"`."""
    return ", ".join(f'"{tag}"' for tag in tags.split(","))
