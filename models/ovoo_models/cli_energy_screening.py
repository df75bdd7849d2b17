"""Candidates of a baseline as options, the screening of them, and every refusal in words and as data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.screening import Candidate, Screening

__all__ = ["candidate_of", "screening_data", "screening_lines"]

_FORM: Final = "ROLE[+|-]=COLUMN[,LOW,HIGH]"
_WORDS: Final = {
    "zh": {
        "chosen": "变量筛选：采用 {names}", "refused": "  未采用 {name}：{why}（{numbers}）",
        "coverage": "缺数太多", "range": "有不可能的数值", "constant": "始终不变", "sign": "能耗随它变化的方向不合理",
        "collinear": "与已采用的变量重复", "gain": "对剩余变化没有解释作用",
    },
    "en": {
        "chosen": "screening: {names} taken", "refused": "  {name} refused: {why} ({numbers})",
        "coverage": "too many values are missing", "range": "values that cannot be", "constant": "never changes",
        "sign": "energy moves against what it should do", "collinear": "says what the chosen ones say already",
        "gain": "explains nothing that the others leave",
    },
}  # fmt: skip


def candidate_of(text: str) -> Candidate:
    """A candidate as written: its role, the sign expected, the column, and what it can physically be.

    >>> candidate_of("production+=output (t)").sign
    1

    Raises:
        ConfigError: another form, an unknown role, or bounds that are no numbers.
    """
    from ovoo_models.efficiency.savings.screening import Candidate

    role, _, rest = text.partition("=")
    name, *bounds = rest.rsplit(",", 2) if rest.count(",") >= 2 else [rest]
    sign = {"+": 1, "-": -1}.get(role[-1:], 0)
    try:
        low, high = map(float, bounds) if bounds else (-math.inf, math.inf)
    except ValueError as error:
        raise ConfigError(
            "not bounds", code="screening.not_bounds", offender="--candidate", value=text, remedy=_FORM
        ) from error
    if not role or not name.strip():
        raise ConfigError(
            "not a candidate", code="screening.not_candidate", offender="--candidate", value=text, remedy=_FORM
        )
    return Candidate(name.strip(), role.rstrip("+-"), sign, low, high)


def screening_data(screening: Screening) -> dict[str, Any]:
    """Chosen columns, and each refusal with the numbers that prove it; numbers as text."""
    return {
        "driver": screening.settings.driver,
        "variables": list(screening.settings.variables),
        "criterion": repr(screening.criterion),
        "refused": [
            {"name": each.name, "check": each.check, "numbers": {k: _text(v) for k, v in each.numbers.items()}}
            for each in screening.refused
        ],
    }


def screening_lines(data: dict[str, Any], language: str) -> list[str]:
    """What was taken, then one line a refusal."""
    words = _WORDS[language]
    names: Sequence[str] = [each for each in (data["driver"], *data["variables"]) if each]
    lines = [words["chosen"].format(names=", ".join(names))]
    for each in data["refused"]:
        numbers = ", ".join(f"{key} {_short(value)}" for key, value in each["numbers"].items())
        lines.append(words["refused"].format(name=each["name"], why=words[each["check"]], numbers=numbers))
    return lines


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value)


def _short(text: str) -> str:
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text
