"""Building blocks of the locale-neutral document: plain data, so that report.json is the document itself.

Inline elements say *what* stands there (a catalogue sentence, a figure, a name in two languages, a date); only
`resolve` turns them into words of one language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

__all__ = [
    "Block",
    "Column",
    "Facts",
    "Inline",
    "bullets",
    "chart",
    "day",
    "heading",
    "key",
    "measure",
    "name",
    "notice",
    "of_row",
    "page_break",
    "para",
    "plain",
    "secret",
    "table",
]

Inline: TypeAlias = dict[str, Any]
Block: TypeAlias = dict[str, Any]
Align = Literal["left", "right", "center"]
Column: TypeAlias = "tuple[str, Align, float]"
"""Catalogue key of the head, alignment, relative width."""


def key(which: str, **slots: Inline) -> Inline:
    """A sentence or label of the catalogue with its slots filled."""
    return {"t": "key", "key": which, "slots": slots} if slots else {"t": "key", "key": which}


def plain(text: str) -> Inline:
    """Text that is the same in every language: ids, units, document names."""
    return {"t": "plain", "text": text}


def name(both: Mapping[str, str] | None, fallback: str = "") -> Inline:
    """A name known in both languages, else the fallback."""
    if both is None or not both.get("zh"):
        return plain(fallback)
    return {"t": "name", "zh": both["zh"], "en": both["en"]}


def secret(part: Inline, group: str) -> Inline:
    """The same, withheld from the centre's copy where the case keeps this group (`cuts.SECRETS`) to itself."""
    return {**part, "secret": group}


def of_row(part: Inline, group: str, row: str) -> Inline:
    """The same, withheld from the centre's copy where the enterprise ticked this row of a group as a secret."""
    return {**part, "row": [group, row]}


def day(text: str) -> Inline:
    """An ISO date."""
    return {"t": "day", "date": text}


def heading(level: int, which: str, *, number: bool = True) -> Block:
    """A heading of level 1 or 2."""
    return {"b": "heading", "level": level, "text": key(which), "number": number}


def measure(
    value: str | None, spread: str | None, unit: str, span: tuple[str | None, str | None] = (None, None)
) -> Inline:
    """A value with its uncertainty that is no figure of the book, as a finding carries it.

    Args:
        span: low and high end, where there is no value but a range.
    """
    range_only = {"low": span[0], "high": span[1]} if value is None and span[0] is not None else {}
    return {"t": "measure", "value": value, "spread": spread, "unit": unit, **range_only}


def para(*parts: Inline, evidence: Sequence[str] = (), style: str = "body", keep: bool = False) -> Block:
    """A paragraph; evidence ids stand in its margin; with `keep` it goes to the next page with what follows."""
    return {"b": "para", "parts": list(parts), "evidence": list(evidence), "style": style, "keep": keep}


def notice(which: Inline, tone: Literal["info", "warn"] = "info") -> Block:
    """A boxed remark."""
    return {"b": "notice", "text": which, "tone": tone}


def bullets(items: Sequence[Inline]) -> Block:
    """A list."""
    return {"b": "bullets", "items": list(items)}


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Inline]],
    *,
    evidence: Sequence[str] = (),
    compact: bool = False,
) -> Block:
    """A captioned table; a column is (catalogue key, alignment, relative width)."""
    return {
        "b": "table",
        "caption": key(caption),
        "columns": [{"text": key(k), "align": align, "width": str(width)} for k, align, width in columns],
        "rows": [list(row) for row in rows],
        "evidence": list(evidence),
        "compact": compact,
    }


def chart(kind: str, caption: Inline, data: Mapping[str, Any], *, evidence: Sequence[str] = ()) -> Block:
    """A captioned chart; `data` is what `charts.draw` takes."""
    return {"b": "chart", "kind": kind, "caption": caption, "data": dict(data), "evidence": list(evidence)}


def page_break() -> Block:
    """Start a new page."""
    return {"b": "page"}


class Facts:
    """Read access to a snapshot's data, with figures as inline elements."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.figures: Mapping[str, Mapping[str, Any]] = data["figures"]

    def has(self, figure: str) -> bool:
        """Whether the snapshot holds the figure."""
        return figure in self.figures

    def figure(self, figure: str, *, unit: bool = True) -> Inline:
        """The figure as an inline element, complete with value, range, unit and caveat."""
        row = self.figures[figure]
        return {
            "t": "figure",
            "id": figure,
            "value": row["value"],
            "low": row["low"],
            "high": row["high"],
            "unit": row["unit"] if unit else "",
            "reference_only": row["reference_only"],
        }

    def known(self, figure: str) -> bool:
        """Whether the figure has one definite value."""
        return self.has(figure) and self.figures[figure]["value"] is not None

    def evidence(self, *figures: str) -> list[str]:
        """Evidence ids behind the figures, in order, each once."""
        return list(dict.fromkeys(e for f in figures if f in self.figures for e in self.figures[f]["evidence"]))

    def item_names(self) -> dict[str, Mapping[str, str]]:
        """Names of the framework's items and scenes by id."""
        rules = self.data["framework"]
        items = {
            item["id"]: _within(part, item["name"]) if self.lead_method == "acceptance" else item["name"]
            for part in rules["dimensions"]
            for item in part["items"]
        }
        return {**items, **{scene["id"]: scene["name"] for scene in rules.get("scenes", [])}}

    def further_names(self) -> dict[str, Mapping[str, str]]:
        """Names of the items and scenes of the further frameworks by `framework/id`, with the framework's name."""
        found: dict[str, Mapping[str, str]] = {}
        for rules in (each["rules"] for each in self.data.get("assessments", ())):
            parts = [(part, item) for part in rules["dimensions"] for item in part["items"]]
            within = rules["method"] == "acceptance"
            own = {item["id"]: _within(part, item["name"]) if within else item["name"] for part, item in parts}
            own |= {scene["id"]: scene["name"] for scene in rules.get("scenes", ())}
            found |= {f"{rules['id']}/{name}": _under(rules["name"], each) for name, each in own.items()}
        return found

    @property
    def lead_method(self) -> str:
        """The method of the leading framework; that of the first reports, which name none, is points with a gate."""
        return str(self.data["framework"].get("method", "points_gate"))

    def machine_names(self) -> dict[str, Mapping[str, str]]:
        """Names of the register's machines by id."""
        return {entry["id"]: both(entry.get("name", "")) for entry in self.data["case"].get("equipment") or []}


def _within(part: Mapping[str, Any], own: Mapping[str, str]) -> Mapping[str, str]:
    """The name of a criterion with its subsystem's: many of them have criteria of one name."""
    return own if part["whole"] else _under(part["name"], own)


def _under(above: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    return {"zh": f"{above['zh']}：{own['zh']}", "en": f"{above['en']}: {own['en']}"}


def both(value: Any) -> Mapping[str, str]:
    """A case name (text or mapping) in both languages."""
    if isinstance(value, Mapping):
        return {"zh": value["zh"], "en": value["en"]}
    return {"zh": str(value), "en": str(value)}
