"""What a framework needs to lead a report: a level that can be said in words, and something that decides it.

Any method may lead. The report says the level by its name, in both languages, on its cover page; two levels of one name
could not be told apart there, and a level that nothing can refuse, or nothing can reach, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.problems import Problems

__all__ = ["check_leading", "check_rows"]

LONGEST_LEVEL: Final = 48
"""Characters of a level's name that the card of the first page holds."""


def check_leading(root: Node, problems: Problems) -> None:
    """Notes what keeps a sound framework document from leading a report."""
    levels = root["levels"].items if "levels" in root else []
    for language in ("zh", "en"):
        _names(levels, language, problems)
    if root.get("method") == "acceptance":
        _accepts(root, levels, problems)


def _names(levels: Sequence[Node], language: str, problems: Problems) -> None:
    seen: dict[str, Node] = {}
    for position, level in enumerate(levels):
        node = level["name"][language]
        words, path = str(node.value).strip(), f"levels[{position}].name.{language}"
        if words in seen:
            remedy = f"first given at {seen[words].place}; a report could not tell the two apart"
            problems.add(node.place, path, "two levels of one name", words, remedy)
        if len(words) > LONGEST_LEVEL:
            problems.add(node.place, path, "too long for a cover page", words, f"at most {LONGEST_LEVEL} characters")
        seen.setdefault(words, node)


def _accepts(root: Node, levels: Sequence[Node], problems: Problems) -> None:
    """Accepted or not is one level; without a must-have every enterprise reaches it."""
    if len(levels) != 1:
        remedy = "give the one that says what is reached when every must-have is met"
        problems.add(root["levels"].place, "levels", "an acceptance has one level", len(levels), remedy)
    if not any(node.get("must") is True for node in _criteria(root)):
        remedy = "write must: true on the criteria that cannot be missed"
        problems.add(root["subsystems"].place, "subsystems", "no must-have: nothing decides the level", None, remedy)


def _criteria(root: Node) -> Iterator[Node]:
    if "common" in root:
        yield from root["common"].items
    if "general" in root:
        yield from root["general"]["criteria"].items
    for node in root["subsystems"].items:
        if "criteria" in node:
            yield from node["criteria"].items


def check_rows(root: Node, data: dict[str, Any], problems: Problems) -> None:
    """Notes norms of a sector that has none: compiled, nothing would be left to judge."""
    if root.get("method") == "norm_table" and not data["dimensions"][0]["groups"][0]["items"]:
        place = root["sector"].place if "sector" in root else root.place
        remedy = "name a sector that ovoo-packs show norms lists, or give rows: of your own"
        problems.add(place, "sector", "no norms of this sector", root.get("sector"), remedy)
