"""Conditions of a policy as data: `level >= 2; size in micro|small`, read, written and held against what is known.

A fact of a centre's own register is named with it: `own_credit.grade in a|b`. Whether there is such a fact, and such a
value of it, is for the register of policies to say (`own_facts`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from ovoo_contract.errors import ConfigError

from ovoo_cloud.centre.kinds import enumeration

__all__ = ["FACTS", "Verdict", "is_own", "judge", "read_conditions", "write_conditions"]

Verdict = Literal["met", "unmet", "unknown"]
FACTS: Final[Mapping[str, str]] = {
    "level": "number", "score": "number", "employees": "number", "revenue_10k_yuan": "number",
    "measured_percent": "number", "sector": "sector", "size": "size", "region": "text",
}  # fmt: skip
"""What a condition may speak of, and what its values are."""
_FORM: Final = re.compile(r"\s*([a-z_0-9]+(?:\.[a-z_0-9]+)?)\s*(>=|<=|=|\bin\b)\s*(.+?)\s*", re.ASCII)
_REMEDY: Final = "write e.g. level >= 2; size in micro|small"
_MOST: Final = 20


def read_conditions(raw: object) -> list[dict[str, Any]]:
    """Conditions from their short form, or from the list that this function gave.

    Raises:
        ConfigError: a condition names an unknown fact, sign or value.
    """
    parts = re.split("[;；]", raw) if isinstance(raw, str) else raw
    if not isinstance(parts, Sequence) or len(parts) > _MOST:
        raise ConfigError("not a list of conditions", offender="conditions", value=raw, remedy=_REMEDY)
    return [_one(part) for part in parts if not isinstance(part, str) or part.strip()]


def _one(part: object) -> dict[str, Any]:
    if isinstance(part, Mapping):
        values = part.get("values")
        joined = "|".join(map(str, values)) if isinstance(values, Sequence) and not isinstance(values, str) else ""
        part = f"{part.get('fact')} {part.get('sign')} {joined}"
    found = _FORM.fullmatch(part) if isinstance(part, str) else None
    if found is None or (found[1] not in FACTS and not is_own(found[1])):
        raise ConfigError("not a condition", offender="conditions", value=part, remedy=_REMEDY)
    fact, sign = found[1], found[2]
    values = [each.strip() for each in found[3].split("|")]
    return {"fact": fact, "sign": sign, "values": [_value(fact, sign, each, len(values)) for each in values]}


def _value(fact: str, sign: str, text: str, count: int) -> str:
    form = FACTS.get(fact, "number" if sign in (">=", "<=") else "text")
    if form == "number":
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or len(text) > 30 or (sign != "in" and count > 1):
            raise ConfigError("not a number", offender=f"conditions.{fact}", value=text, remedy=_REMEDY)
        return text
    known = enumeration(form) if form in ("sector", "size") else None
    if sign not in ("=", "in") or not text or (known is not None and text not in known):
        remedy = _REMEDY if known is None else ", ".join(known)
        raise ConfigError("no such value", offender=f"conditions.{fact}", value=text, remedy=remedy)
    return text


def write_conditions(conditions: Sequence[Mapping[str, Any]]) -> str:
    """The short form."""
    return "; ".join(f"{each['fact']} {each['sign']} {'|'.join(each['values'])}" for each in conditions)


def judge(condition: Mapping[str, Any], facts: Mapping[str, str | None]) -> Verdict:
    """Whether a condition holds; `unknown` where the fact is not known."""
    known = facts.get(condition["fact"])
    if known is None or known == "":
        return "unknown"
    own = is_own(condition["fact"])
    if own and condition["sign"] in ("=", "in"):
        return "met" if any(_same(known, each) for each in condition["values"]) else "unmet"
    if not own and FACTS[condition["fact"]] != "number":
        return "met" if known in condition["values"] else "unmet"
    if own and _number(known) is None:
        return "unknown"
    number, bounds = Decimal(known), [Decimal(each) for each in condition["values"]]
    held = {
        ">=": number >= bounds[0],
        "<=": number <= bounds[0],
        "=": number == bounds[0],
        "in": number in bounds,
    }[condition["sign"]]
    return "met" if held else "unmet"


def is_own(fact: str) -> bool:
    """Whether a condition speaks of a centre's own register, as `own_credit.grade` does."""
    return "." in fact


def _same(known: str, wanted: str) -> bool:
    """Equal as numbers where both are some, else as text."""
    left, right = _number(known), _number(wanted)
    return left == right if left is not None and right is not None else known == wanted


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
