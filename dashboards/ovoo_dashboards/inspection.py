"""Rules that every dashboard keeps, checked on the finished JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_contract.schema import MEASUREMENTS

__all__ = ["inspect"]

_FROM = re.compile(r'FROM "([^"]+)"')
_ALLOWED_VARIABLES = {"timeFilter", "__interval"}
_VARIABLE = re.compile(r"\$\{?(\w+)")


def inspect(dashboard: Mapping[str, Any]) -> list[ConfigError]:
    """What is wrong with a rendered dashboard; each error names the page and the panel."""
    uid = str(dashboard["uid"])
    known = {variable["name"] for variable in dashboard["templating"]["list"]} | _ALLOWED_VARIABLES
    problems = [
        ConfigError(message, offender=f"{uid}/{panel['title'] or panel['id']}", value=value, remedy=remedy)
        for panel in dashboard["panels"]
        if panel["type"] != "row"
        for message, value, remedy in _panel(panel, known)
    ]
    return problems + _overlaps(uid, dashboard["panels"])


def _panel(panel: Mapping[str, Any], known: set[str]) -> Iterator[tuple[str, object, str]]:
    if not panel["title"].strip() or not panel["description"].strip():
        yield "no title in one of the languages", panel["title"], "give zh and en"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "no unit", None, "give the panel a unit"
    if not panel["targets"]:
        yield "no query", None, "give the panel a target"
    for target in panel["targets"]:
        yield from _query(target["query"], known)


def _query(query: str, known: set[str]) -> Iterator[tuple[str, object, str]]:
    if query.count("$timeFilter") < query.count("SELECT"):
        yield "query without time bound", query, "add AND $timeFilter"
    for name in _FROM.findall(query):
        if name not in MEASUREMENTS:
            yield "not a measurement of the contract", name, f"one of {', '.join(MEASUREMENTS)}"
    for name in set(_VARIABLE.findall(query)) - known:
        yield "unknown variable", name, f"one of {', '.join(sorted(known))}"
    if re.search(r"\btag\b", query):
        yield "`tag` cannot be a tag key", query, "rename the key"


def _overlaps(uid: str, panels: list[Mapping[str, Any]]) -> list[ConfigError]:
    taken: dict[tuple[int, int], str] = {}
    problems = []
    for panel in panels:
        place = panel["gridPos"]
        cells = [
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        hit = next((taken[cell] for cell in cells if cell in taken), None)
        if hit is not None or place["x"] + place["w"] > 24:
            offender = f"{uid}/{panel['title']}"
            problems.append(ConfigError("panel off its place", offender=offender, value=hit, remedy="lay it out anew"))
        taken |= dict.fromkeys(cells, str(panel["title"]))
    return problems
