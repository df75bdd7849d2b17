"""How Grafana fills in an InfluxQL query, as its data source documents it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Choice = str | Sequence[str]
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}/])")


def interpolate(query: str, variables: Mapping[str, Choice], start_ms: int, end_ms: int, interval: str = "1m") -> str:
    """The query as it is sent: time filter, interval, and variables; a list is the choice of a multi-value variable,
    escaped for use in a regular expression; a text goes in as it is (`.*` is the value of All)."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == "timeFilter":
            return f"time >= {start_ms}ms and time <= {end_ms}ms"
        if name == "__interval":
            return interval
        choice = variables[name]
        if isinstance(choice, str):
            return choice
        escaped = [_SPECIAL.sub(r"\\\1", value) for value in choice]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _VARIABLE.sub(fill, query)
