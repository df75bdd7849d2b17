"""Words for groups and figures of a region, frozen with them."""

from __future__ import annotations

from typing import Final

from ovoo_contract.errors import PackError
from ovoo_packs import load_framework, load_norms

from ovoo_cloud.centre.benchmark import figures
from ovoo_cloud.centre.kinds import enumeration

__all__ = ["PARTS", "Both", "figure_words", "part_words"]

Both = dict[str, str]
PARTS: Final = ("sector", "size", "region")


def part_words(part: str, value: str) -> Both | None:
    """Words of a sector, size or region; None for those that nobody told."""
    if value == "-":
        return None
    words = enumeration(part).get(value) if part != "region" else None
    return {"zh": value, "en": value} if words is None else {"zh": words.zh, "en": words.en}


def figure_words(name: str) -> Both:
    """Words of a figure of the benchmark, with the norm, framework or dimension that it compares within."""
    kind, _, within = name.partition("/")
    about = figures()[kind]
    if not within:
        return {"zh": about["zh"], "en": about["en"]}
    inner = _norm(within) if about["per"] == "norm" else _dimension(within)
    return {"zh": f"{about['zh']}（{inner['zh']}）", "en": f"{about['en']} ({inner['en']})"}


def _norm(norm: str) -> Both:
    row = load_norms().rows.get(norm)
    return {"zh": norm, "en": norm} if row is None else {"zh": row.name_zh, "en": row.name_en}


def _dimension(within: str) -> Both:
    """A framework, or a dimension of one; a centre's own framework stands by its ids."""
    framework, _, dimension = within.partition("/")
    try:
        parts = load_framework(framework).dimensions
    except PackError:
        return {"zh": within, "en": within}
    found = next((part for part in parts if part.id == dimension), None)
    return {"zh": framework, "en": framework} if found is None else {"zh": found.name_zh, "en": found.name_en}
