"""Turns the locale-neutral document into the words of one language; every renderer prints exactly these words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal

from ovoo_contract.errors import ReportError

from ovoo_cloud.reports.nodes import Inline
from ovoo_cloud.reports.unit_words import unit_words

__all__ = ["Language", "Locale", "Resolved", "catalogue", "resolve"]

Language = Literal["zh", "en"]
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
REFERENCE = "※"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All texts of one language by key: one file for what every report says, one more for each kind or chapter."""
    folder = resources.files("ovoo_cloud.reports").joinpath("locales")
    texts: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name == f"{language}.json" or file.name.endswith(f".{language}.json"):
            texts |= json.loads(file.read_text(encoding="utf-8"))
    return texts


@dataclass(frozen=True, slots=True)
class Locale:
    """Words, numbers and dates of one language."""

    language: Language

    def text(self, key: str, **slots: str) -> str:
        """The catalogue text with its slots filled.

        Raises:
            ReportError: the key or a slot of the text is missing.
        """
        texts = catalogue(self.language)
        if key not in texts:
            raise ReportError("text is missing from the catalogue", offender=key, value=self.language)
        try:
            return _SLOT.sub(lambda match: slots[match[1]], texts[key])
        except KeyError as error:
            raise ReportError("text has a slot that nobody fills", offender=key, value=str(error)) from error

    def day(self, iso: str) -> str:
        """A date: 2026年5月1日 or 1 May 2026."""
        moment = date.fromisoformat(iso)
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月{moment.day}日"
        return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"

    def figure(self, row: Mapping[str, Any]) -> str:
        """A figure with unit, range or "insufficient evidence", and the reference mark."""
        if row["value"] is not None:
            text = _number(row["value"])
        elif row["low"] is not None:
            text = self.text("range", low=_number(row["low"]), high=_number(row["high"]))
        else:
            return self.text("insufficient")
        unit = self.unit(row["unit"])
        return f"{text}{' ' + unit if unit else ''}{REFERENCE if row['reference_only'] else ''}"

    def unit(self, symbol: str) -> str:
        """A unit as printed; symbols without a text of their own stand for themselves."""
        return unit_words(symbol, catalogue(self.language))

    def inline(self, part: Inline) -> str:
        """The words of one inline element."""
        kind = part["t"]
        return _INLINE[kind](self, part)

    def _key(self, part: Inline) -> str:
        return self.text(part["key"], **{name: self.inline(slot) for name, slot in part.get("slots", {}).items()})

    def measure(self, part: Inline) -> str:
        """A finding's value with spread and unit, or a range; a dash where it has none."""
        if part.get("low") is not None:
            return self.figure({**part, "reference_only": False})
        if part["value"] is None:
            return self.text("cell.none")
        spread = "" if part["spread"] is None else f" ± {_number(part['spread'])}"
        unit = "" if part["unit"] == "1" else self.unit(part["unit"])
        return f"{_number(part['value'])}{spread}{' ' + unit if unit else ''}"

    def _maybe(self, part: Inline) -> str:
        return catalogue(self.language).get(part["key"], part["text"])

    def _foreign(self, part: Inline) -> str:
        """The words of the other language, for whoever reads only that."""
        other: Language = "en" if self.language == "zh" else "zh"
        return Locale(other).text(part["key"])

    def _lines(self, part: Inline) -> str:
        return "\n".join(self.inline(each) for each in part["items"])

    def _join(self, part: Inline) -> str:
        return self.text("list.comma").join(self.inline(each) for each in part["items"])


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_INLINE: Mapping[str, Callable[[Locale, Inline], str]] = {
    "key": Locale._key,
    "plain": lambda _, part: str(part["text"]),
    "name": lambda self, part: str(part[self.language]),
    "day": lambda self, part: self.day(part["date"]),
    "figure": lambda self, part: self.figure(part),
    "maybe": Locale._maybe,
    "foreign": Locale._foreign,
    "unit": lambda self, part: self.unit(part["unit"]) or self.text("cell.none"),
    "measure": Locale.measure,
    "lines": Locale._lines,
    "join": Locale._join,
}


def _number(text: str) -> str:
    """Thousands separated, true minus sign, digits untouched."""
    return f"{Decimal(text):,f}".replace("-", "\u2212")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document in one language: plain data of words, with chart SVGs by name; `code` is the cover's square code."""

    language: Language
    cover: dict[str, Any]
    blocks: list[dict[str, Any]]
    charts: dict[str, str]
    texts: dict[str, str]


Draw = Callable[[str, Mapping[str, Any], Locale], str]


def resolve(tree: Mapping[str, Any], language: Language, draw: Draw) -> Resolved:
    """The document in one language; `draw` makes the SVG of a chart."""
    locale = Locale(language)
    work = _Work(locale, draw)
    blocks = [work.block(each) for each in tree["blocks"]]
    cover = tree["cover"]
    if "code" in cover:
        work.charts["code"] = draw("code", {"text": cover["code"]}, locale)
    plain_cover = {
        **{name: locale.inline(cover[name]) for name in ("title", "enterprise", "status", "status_note")},
        "rows": [[locale.inline(cell) for cell in row] for row in cover["rows"]]
        + [[locale.text("cover.code"), tree["snapshot_sha256"]]],
        "tone": cover.get("tone", "warn"),
        "marking": locale.inline(cover["marking"]) if "marking" in cover else "",
    }
    plain_cover["code_note"] = locale.text("cover.code.note") if "code" in cover else ""
    texts = {"contents": locale.text("contents.title"), "page": locale.text("page.of", page="{page}", pages="{pages}")}
    return Resolved(language, plain_cover, blocks, work.charts, texts)


class _Work:
    """Counts captions and headings while it resolves the blocks in order."""

    def __init__(self, locale: Locale, draw: Draw) -> None:
        self.locale = locale
        self.draw = draw
        self.charts: dict[str, str] = {}
        self.counts = {"figure": 0, "table": 0, "chapter": 0, "section": 0, "annex": 0}

    def block(self, block: Mapping[str, Any]) -> dict[str, Any]:
        handler: Callable[[Mapping[str, Any]], dict[str, Any]] = getattr(self, f"_{block['b']}")
        return {"b": block["b"], **handler(block)}

    def _heading(self, block: Mapping[str, Any]) -> dict[str, Any]:
        number = ""
        annex = block["text"].get("key", "").startswith("annex.")
        if annex and block["level"] == 1:
            self.counts["annex"] += 1
            number = self.locale.text(f"annex.number.{self.counts['annex']}")
        elif block["number"] and block["level"] == 1:
            self.counts["chapter"] += 1
            self.counts["section"] = 0
            number = f"{self.counts['chapter']}"
        elif block["number"] and block["level"] == 2:
            self.counts["section"] += 1
            number = f"{self.counts['chapter']}.{self.counts['section']}"
        return {"level": block["level"], "text": self.locale.inline(block["text"]), "number": number}

    def _para(self, block: Mapping[str, Any]) -> dict[str, Any]:
        text = "".join(self.locale.inline(part) for part in block["parts"])
        return {"text": text, "style": block["style"], "keep": block["keep"], "margin": _margin(block["evidence"])}

    def _notice(self, block: Mapping[str, Any]) -> dict[str, Any]:
        return {"text": self.locale.inline(block["text"]), "tone": block["tone"]}

    def _bullets(self, block: Mapping[str, Any]) -> dict[str, Any]:
        return {"items": [self.locale.inline(each) for each in block["items"]]}

    def _cards(self, block: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "items": [
                {name: self.locale.inline(card[name]) for name in ("label", "value", "note")} for card in block["items"]
            ]
        }

    def _page(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def _table(self, block: Mapping[str, Any]) -> dict[str, Any]:
        rows = [[self.locale.inline(cell) for cell in row] for row in block["rows"]]
        plain = bool(block.get("plain"))
        return {
            "caption": "" if plain else self._caption("table", block["caption"]),
            "columns": [{**column, "text": self.locale.inline(column["text"])} for column in block["columns"]],
            "rows": rows,
            "note": self.locale.text("reference.note") if any(REFERENCE in c for row in rows for c in row) else "",
            "compact": block["compact"],
            "plain": plain,
            "tall": bool(block.get("tall")),
            "margin": _margin(block["evidence"]),
        }

    def _chart(self, block: Mapping[str, Any]) -> dict[str, Any]:
        caption = self._caption("figure", block["caption"])
        name = f"chart{self.counts['figure']:02d}"
        self.charts[name] = self.draw(block["kind"], block["data"], self.locale)
        return {"name": name, "caption": caption, "margin": _margin(block["evidence"])}

    def _caption(self, kind: str, text: Inline) -> str:
        self.counts[kind] += 1
        return self.locale.text(f"{kind}.caption", number=str(self.counts[kind])) + self.locale.inline(text)


def _margin(ids: list[str]) -> list[str]:
    """At most three evidence ids; the annex has them all."""
    return [*ids[:3], *([f"+{len(ids) - 3}"] if len(ids) > 3 else [])]
