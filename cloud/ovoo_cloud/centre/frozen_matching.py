"""Matching as a report keeps it: the result with the offers it was drawn from, so that anyone can draw it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.centre.kinds import Label, enumeration
from ovoo_cloud.centre.matching import EDITIONS, KINDS, Need, Offer, match

__all__ = ["disagreements", "freeze_matching"]

_USED: Final = (
    "name_zh",
    "name_en",
    "provider",
    "sectors",
    "regions",
    "sizes",
    "measures",
    "scenes",
    "level_gained",
    "conditions",
    "valid_from",
    "valid_until",
)
"""The fields that the rules read; contacts and notes of a register stay in it."""


def freeze_matching(need: Need, offers: Iterable[Offer], facts: Mapping[str, Label] | None = None) -> dict[str, Any]:
    """The result of `match` with the offers that it lists, and the words of what was needed; plain data.

    `facts` are the words of facts from a centre's own registers.
    """
    given = list(offers)
    found = match(need, given)
    listed = {(kind, row["id"]) for kind in KINDS for row in found[kind]}
    kept = sorted((each for each in given if (each.kind, each.id) in listed), key=lambda each: (each.kind, each.id))
    return {**found, "offers": [_offer(each) for each in kept], "labels": _labels(need) | _fact_words(facts or {})}


def _offer(offer: Offer) -> dict[str, Any]:
    content = {name: offer.content[name] for name in _USED if offer.content.get(name) is not None}
    return {
        "kind": offer.kind,
        "id": offer.id,
        "version": offer.version,
        "content": content,
        "proven": sorted(offer.proven),
    }


def _labels(need: Need) -> dict[str, dict[str, str]]:
    """Names of the needed measures and scenes, as they were when the report was frozen."""
    labels = {}
    for kind, wanted in (("measure", need.measures), ("scene", tuple(need.scenes))):
        known = enumeration(kind)
        for each in sorted(wanted):
            words = known.get(each)
            both = {"zh": each, "en": each} if words is None else {"zh": words.zh, "en": words.en}
            labels[f"{kind}:{each}"] = both
    return labels


def _fact_words(facts: Mapping[str, Label]) -> dict[str, dict[str, str]]:
    return {f"fact:{name}": {"zh": label.zh, "en": label.en} for name, label in sorted(facts.items())}


def disagreements(section: Mapping[str, Any]) -> Iterator[str]:
    """Names of the parts of a frozen matching that do not follow from its need, its offers and its rules.

    Under rules of an edition that is not known here only their hash is checked: what they gave rests on the signature.
    """
    if sha256_hex(canonical_json(section["rules"])) != section["rules_sha256"]:
        yield "rules"
    if section["edition"] not in EDITIONS:
        return
    again = match(_need(section["need"]), [_again(each) for each in section["offers"]], section["edition"])
    for name in sorted(again):
        if section.get(name) != again[name]:
            yield name


def _need(data: Mapping[str, Any]) -> Need:
    return Need(
        data["key"], data["day"], data["facts"], tuple(data["measures"]), data["scenes"], tuple(data["sources"])
    )


def _again(data: Mapping[str, Any]) -> Offer:
    return Offer(data["kind"], data["id"], data["version"], data["content"], tuple(data["proven"]))
