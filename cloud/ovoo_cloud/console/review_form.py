"""What the form of a review says of one entry, as a decision takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovoo_contract.errors import ConfigError

__all__ = ["told"]


def told(
    *, options: Sequence[str], ratio: str = "", level: str = "", low: str = "", high: str = "", grades: str = ""
) -> dict[str, Any]:
    """The value of an override; a single bound stands for both, grades are written `1: 1, 0.5; 2: ?`.

    >>> told(options=[], low="3")
    {'low': '3', 'high': '3'}
    >>> told(options=[], grades="1: 1, 0.5; 2: ?")
    {'grades': {'1': ['1', '0.5'], '2': [None]}}

    Raises:
        ConfigError: grades that cannot be read.
    """
    if level:
        return {"level": int(level)}
    if ratio:
        return {"ratio": ratio}
    if grades:
        return {"grades": _grades(grades)}
    if low or high:
        return {"low": low or high, "high": high or low}
    return {"options": list(options)}


def _grades(text: str) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for part in text.replace("；", ";").replace("：", ":").replace("，", ",").split(";"):
        level, colon, listed = part.partition(":")
        grades = [each.strip() for each in listed.split(",") if each.strip()]
        if not colon or not level.strip().isdigit() or not grades:
            raise ConfigError("not grades", offender="grades", value=part.strip(), remedy="write 1: 1, 0.5; 2: ?")
        found[level.strip()] = [None if each in ("?", "？") else each for each in grades]
    return found
