"""What is known about the servers of some vendors, read from `vendor_profiles.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ovoo_edge.sources.load_budget import KINDS, Kind

__all__ = ["ServerIdentity", "VendorProfile", "load_profiles", "recognise"]


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Who a server says it is: BuildInfo's names, and product and server URIs."""

    manufacturer: str = ""
    product: str = ""
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """One product.

    Attributes:
        name: stable key.
        title: name for people.
        match: alternatives; in each, every text must occur in its field, whatever the case.
        items: items a call that it bears, where a figure is known.
    """

    name: str
    title: str
    match: tuple[Mapping[str, str], ...]
    items: Mapping[Kind, int]

    def fits(self, identity: ServerIdentity) -> bool:
        """True when one of the alternatives describes this server."""
        fields = {
            "manufacturer": identity.manufacturer.casefold(),
            "product": identity.product.casefold(),
            "uri": "\n".join(identity.uris).casefold(),
        }
        return any(all(text in fields[name] for name, text in rule.items()) for rule in self.match)


def load_profiles() -> tuple[VendorProfile, ...]:
    """All profiles, in the order in which they are tried."""
    text = resources.files("ovoo_edge.sources").joinpath("vendor_profiles.json").read_text(encoding="utf-8")
    return tuple(_profile(entry) for entry in json.loads(text)["profiles"])


def recognise(identity: ServerIdentity, profiles: Sequence[VendorProfile]) -> VendorProfile | None:
    """The first profile that fits, None for a server nobody described."""
    return next((profile for profile in profiles if profile.fits(identity)), None)


def _profile(entry: Mapping[str, Any]) -> VendorProfile:
    figures = entry["items"]
    items: dict[Kind, int] = {
        kind: int(figures[kind]["value"]) for kind in KINDS if isinstance(figures.get(kind), Mapping)
    }
    return VendorProfile(entry["name"], entry["title"], tuple(entry["match"]), items)
