"""The centre's copy of a report: the enterprise's report without the trade secrets that its case names.

A cut changes the locale-neutral document, never a figure: what is withheld says so, in every format alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_cloud.reports.nodes import Block, Inline, key, notice

__all__ = ["RESTRICTED", "SECRETS", "centre_copy", "secrets_of"]

SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("product.", "norm.intensity", "per_output.", "score.consumption.", "score.excess."),
    "costs": ("cost.",),
    "finance": ("finance.",),
}
"""What a case may keep from the centre's copy, each with the figures that would give it away by their first letters."""

RESTRICTED: Final = "restricted"
"""What stands in the enterprise's own copy only, whatever its case says: the weak points of its security."""
_AMOUNTS: Final = (".output", ".good", ".ideal_output", ".ideal_per_h")
_OF_MACHINES: Final = "oee."
"""Amounts of single machines are output too; they end so."""


def secrets_of(case: Mapping[str, Any]) -> tuple[str, ...]:
    """The groups of `SECRETS` that a case keeps; all of them unless it says otherwise."""
    told = case.get("trade_secrets")
    if told is None:
        return tuple(SECRETS)
    return tuple(each for each in SECRETS if each in ([told] if isinstance(told, str) else told))


def centre_copy(tree: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """The document without `secrets`; equal to it, but for its status line, where there is none of them."""
    prefixes = tuple(prefix for each in secrets for prefix in SECRETS[each])
    secrets = (*secrets, RESTRICTED)
    cover = dict(tree["cover"])
    cover["status_note"] = key("cut.centre.note", note=cover["status_note"])
    blocks: list[Block] = []
    for block in tree["blocks"]:
        kept = _block(block, prefixes, secrets)
        if kept is not None:
            blocks.append(kept)
        elif not blocks or blocks[-1] != _WITHHELD:
            blocks.append(_WITHHELD)
    return {**tree, "cover": cover, "blocks": blocks}


_WITHHELD: Final = notice(key("cut.withheld.block"))


def _block(block: Block, prefixes: tuple[str, ...], secrets: Sequence[str]) -> Block | None:
    """The block without secret figures; None for a chart that draws one and for a block marked as a secret."""
    if block.get("secret") in secrets:
        return None
    kept = _without(block, prefixes, secrets)
    drawn = block["b"] == "chart" and kept != block
    return None if drawn else kept


def _without(part: Any, prefixes: tuple[str, ...], secrets: Sequence[str]) -> Any:
    if isinstance(part, dict):
        if _is_secret(part, prefixes, secrets):
            return key("cut.withheld")
        return {name: _without(each, prefixes, secrets) for name, each in part.items()}
    if isinstance(part, list):
        return [_without(each, prefixes, secrets) for each in part]
    return part


def _is_secret(part: Inline, prefixes: tuple[str, ...], secrets: Sequence[str]) -> bool:
    if part.get("t") == "figure":
        name = str(part["id"])
        amount = "products" in secrets and name.startswith(_OF_MACHINES) and name.endswith(_AMOUNTS)
        return amount or (bool(prefixes) and name.startswith(prefixes))
    return "t" in part and part.get("secret") in secrets
