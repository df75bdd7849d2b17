"""Matching of what an enterprise needs with solutions, courses, providers and policies: pure, by stated rules.

Nothing here reads a clock, a file or a database. The rules are printed with the result and have an edition; equal
needs and offers give an equal result, in whatever order the offers come.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.centre.conditions import judge

__all__ = ["KINDS", "Need", "Offer", "match", "rules"]

OfferKind = Literal["solution", "course", "provider", "policy"]
KINDS: Final[tuple[OfferKind, ...]] = ("solution", "course", "provider", "policy")


@dataclass(frozen=True, slots=True)
class Need:
    """Who needs what: `facts` of the enterprise (None where not known), measures, and per scene the level wanted.

    `day` is the ISO date on which policies must be valid, `key` the case or report that the order is drawn by.
    """

    key: str
    day: str
    facts: Mapping[str, str | None]
    measures: tuple[str, ...] = ()
    scenes: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.key,
            "day": self.day,
            "facts": dict(sorted(self.facts.items())),
            "measures": sorted(self.measures),
            "scenes": dict(sorted(self.scenes.items())),
            "sources": sorted(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of a register; `proven` are reports that it names, that verify and hold a proven saving."""

    kind: OfferKind
    id: str
    version: int
    content: Mapping[str, Any]
    proven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    offer: Offer
    met: tuple[str, ...]
    open: tuple[str, ...]


@functools.cache
def rules() -> Mapping[str, Any]:
    """The rules in both languages, with their edition."""
    source = importlib.resources.files("ovoo_cloud.centre").joinpath("matching_rules.json")
    found: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


def match(need: Need, offers: Iterable[Offer]) -> dict[str, Any]:
    """The offers that fit, per kind in the order of the rules, with the criteria that each meets; plain data."""
    fits: dict[OfferKind, list[_Fit]] = {kind: [] for kind in KINDS}
    providers: list[Offer] = []
    for offer in offers:
        if offer.kind == "provider":
            providers.append(offer)
        elif (fit := _fit(need, offer)) is not None:
            fits[offer.kind].append(fit)
    fits["provider"] = _providers(need, providers, fits["solution"] + fits["course"])
    listed: dict[str, Any] = {kind: _listed(need, fits[kind]) for kind in KINDS}
    stated = rules()
    return {
        "edition": stated["edition"],
        "rules": stated,
        "rules_sha256": sha256_hex(canonical_json(stated)),
        "need": need.to_json(),
        **listed,
        "unmet": _unmet(need, fits["solution"] + fits["course"]),
    }


def _fit(need: Need, offer: Offer) -> _Fit | None:
    general = _general(need, offer.content)
    if general is None:
        return None
    own = _policy(need, offer.content) if offer.kind == "policy" else _needed(need, offer.content)
    return None if own is None else _Fit(offer, (*general, *own[0]), own[1])


def _general(need: Need, content: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Sector, region and size: named and right counts, named and wrong excludes, not named or not known is neither."""
    met = []
    for fact, name in (("sector", "sectors"), ("region", "regions"), ("size", "sizes")):
        named, known = content.get(name) or [], need.facts.get(fact)
        if named and known:
            if known not in named:
                return None
            met.append(fact)
    return tuple(met)


def _needed(need: Need, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    met = [f"measure:{each}" for each in content.get("measures") or [] if each in need.measures]
    reached = content.get("level_gained")
    for scene in content.get("scenes") or []:
        if scene in need.scenes and (reached is None or reached >= need.scenes[scene]):
            met.append(f"scene:{scene}")
    return (tuple(sorted(met)), ()) if met else None


def _policy(need: Need, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if content["valid_from"] > need.day or (content.get("valid_until") or "9999-12-31") < need.day:
        return None
    met: list[str] = []
    unknown: list[str] = []
    for place, condition in enumerate(content.get("conditions") or []):
        verdict = judge(condition, need.facts)
        if verdict == "unmet":
            return None
        (met if verdict == "met" else unknown).append(f"condition:{place}:{condition['fact']}")
    return tuple(met), tuple(unknown)


def _providers(need: Need, providers: Sequence[Offer], listed: Sequence[_Fit]) -> list[_Fit]:
    """Providers of a listed solution or course; what their offers meet counts once."""
    found = []
    for provider in providers:
        own = [each for each in listed if each.offer.content.get("provider") == provider.id]
        general = _general(need, provider.content)
        if own and general is not None:
            met = {name for each in own for name in each.met if ":" in name}
            proven = {name for each in own for name in each.offer.proven}
            offer = Offer("provider", provider.id, provider.version, provider.content, tuple(sorted(proven)))
            found.append(_Fit(offer, (*general, *sorted(met)), ()))
    return found


def _order(need: Need, fit: _Fit) -> tuple[int, int, str]:
    drawn = hashlib.sha256(f"{need.key}\n{fit.offer.kind}\n{fit.offer.id}".encode()).hexdigest()
    return -len(fit.met), -len(fit.offer.proven), drawn


def _listed(need: Need, fits: Sequence[_Fit]) -> list[dict[str, Any]]:
    return [_shown(each) for each in sorted(fits, key=lambda fit: _order(need, fit))]


def _shown(fit: _Fit) -> dict[str, Any]:
    return {
        "id": fit.offer.id,
        "version": fit.offer.version,
        "name_zh": fit.offer.content["name_zh"],
        "name_en": fit.offer.content.get("name_en") or fit.offer.content["name_zh"],
        "met": list(fit.met),
        "to_check": list(fit.open),
        "evidence": sorted(fit.offer.proven),
    }


def _unmet(need: Need, listed: Sequence[_Fit]) -> list[str]:
    """What nobody offers."""
    wanted = {*(f"measure:{each}" for each in need.measures), *(f"scene:{each}" for each in need.scenes)}
    return sorted(wanted - {name for each in listed for name in each.met})
