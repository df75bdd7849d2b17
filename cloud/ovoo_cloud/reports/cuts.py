"""The centre's copy of a report: the enterprise's report without the trade secrets that its case names.

A cut changes the locale-neutral document, never a figure: what is withheld says so, in every format alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ovoo_cloud.diagnosis.secrecy import GROUP_FIGURES, Withheld, of_group, secrets_of_case
from ovoo_cloud.reports.nodes import Block, Inline, key, notice

__all__ = ["RESTRICTED", "SECRETS", "centre_copy", "secrets_of"]

SECRETS: Final = GROUP_FIGURES
"""What a case may keep from the centre's copy as a whole, each with the figures that would give it away."""

RESTRICTED: Final = "restricted"
"""What stands in the enterprise's own copy only, whatever its case says: the weak points of its security."""
_NOTHING: Final = Withheld()


def secrets_of(case: Mapping[str, Any]) -> tuple[str, ...]:
    """The groups of `SECRETS` that a case keeps; all of them unless it says otherwise."""
    groups = secrets_of_case(case).groups
    return tuple(each for each in SECRETS if each in groups)


def centre_copy(tree: Mapping[str, Any], secrets: Sequence[str], ticked: Withheld = _NOTHING) -> dict[str, Any]:
    """The document without the groups `secrets` and without what was `ticked` one by one.

    It is equal to the whole one, but for its status line and what is restricted, where there is none of either.
    """
    knife = _Knife((*secrets, RESTRICTED), ticked)
    cover = dict(knife.without(tree["cover"]))
    cover["status_note"] = key("cut.centre.note", note=cover["status_note"])
    blocks: list[Block] = []
    for block in tree["blocks"]:
        kept = knife.block(block)
        if kept is not None:
            blocks.append(kept)
        elif not blocks or blocks[-1] != _WITHHELD:
            blocks.append(_WITHHELD)
    return {**tree, "cover": cover, "blocks": blocks}


_WITHHELD: Final = notice(key("cut.withheld.block"))


class _Knife:
    """What is cut out: groups as a whole, and what was ticked."""

    def __init__(self, groups: Sequence[str], ticked: Withheld) -> None:
        self._groups = groups
        self._ticked = ticked

    def block(self, block: Block) -> Block | None:
        """The block without secrets; None for a chart that draws one and for a block marked as a secret."""
        if self._marked(block):
            return None
        kept: Block = self.without(block)
        drawn = block["b"] == "chart" and (kept != block or self._draws(block))
        return None if drawn else kept

    def without(self, part: Any) -> Any:
        """Plain data of the document with "withheld" in the place of every secret."""
        if isinstance(part, dict):
            if self._is_secret(part):
                return key("cut.withheld")
            return {name: self.without(each) for name, each in part.items()}
        if isinstance(part, list):
            return [self.without(each) for each in part]
        return part

    def _is_secret(self, part: Inline) -> bool:
        if "t" not in part:
            return False
        if part["t"] == "figure":
            name = str(part["id"])
            return name in self._ticked.figures or bool(list(of_group([name], self._groups)))
        return self._marked(part) or self._says(part)

    def _marked(self, part: Mapping[str, Any]) -> bool:
        """Whether a part is marked as belonging to a group that is kept, or being of a ticked row."""
        group, name = part.get("row", ("", ""))
        return part.get("secret") in self._groups or (group, name) in self._ticked.rows

    def _says(self, part: Inline) -> bool:
        """Whether a text holds a word, or is a name or a number, that was ticked."""
        if part["t"] == "measure":
            return any(self._counts(part.get(end)) for end in ("value", "low", "high"))
        if part["t"] not in ("plain", "name", "maybe"):
            return False
        texts = [str(part[each]) for each in ("text", "zh", "en") if each in part]
        named = any(text in self._ticked.phrases for text in texts)
        return named or any(word in text for word in self._ticked.words for text in texts)

    def _draws(self, block: Block) -> bool:
        """Whether a chart rests on the samples of a ticked figure, or draws the value of one."""
        if self._ticked.evidence & set(block["evidence"]):
            return True
        return bool(self._ticked.numbers) and any(self._counts(each) for each in _scalars(block["data"]))

    def _counts(self, value: Any) -> bool:
        """Whether a value is a number that was ticked."""
        try:
            return value is not None and Fraction(str(value)) in self._ticked.numbers
        except (ValueError, ZeroDivisionError):
            return False


def _scalars(part: Any) -> Iterable[Any]:
    if isinstance(part, (dict, list)):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _scalars(each)
    elif isinstance(part, (str, int, float)) and not isinstance(part, bool):
        yield part
