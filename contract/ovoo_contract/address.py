"""Where a signal lives: enterprise/site/area/line/asset/signal, stable for ever."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import AddressError

__all__ = ["Address", "AssetAddress", "check_gateway_id", "check_segment"]

_SEGMENT: Final = re.compile(r"[a-z0-9_-]{1,63}\Z")
_SIX: Final = re.compile(r"(?:[a-z0-9_-]{1,63}/){5}[a-z0-9_-]{1,63}\Z")
_GATEWAY: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,62}\Z")
_REMEDY: Final = "use 1 to 63 of a-z 0-9 _ -"


def check_segment(text: str, offender: str) -> str:
    """Gives `text` back if it may be one part of an address; otherwise AddressError naming `offender`."""
    if not isinstance(text, str) or _SEGMENT.match(text) is None:
        raise AddressError("not a legal address part", offender=offender, value=text, remedy=_REMEDY)
    return text


def check_gateway_id(text: str) -> str:
    """Gives `text` back if it may name a gateway (`[a-z0-9][a-z0-9-]{2,62}`); otherwise AddressError."""
    if not isinstance(text, str) or _GATEWAY.match(text) is None:
        raise AddressError(
            "not a legal gateway id",
            offender="gateway",
            value=text,
            remedy="use 3 to 63 of a-z 0-9 -, starting with a letter or digit",
        )
    return text


@dataclass(frozen=True, slots=True, order=True)
class AssetAddress:
    """A machine or measuring place; each part `[a-z0-9_-]{1,63}`."""

    enterprise: str
    site: str
    area: str
    line: str
    asset: str

    def __post_init__(self) -> None:
        for name in ("enterprise", "site", "area", "line", "asset"):
            check_segment(getattr(self, name), name)

    @classmethod
    def parse(cls, text: str) -> AssetAddress:
        """Reads `enterprise/site/area/line/asset`."""
        return cls(*_split(text, 5, "enterprise/site/area/line/asset"))

    @property
    def path(self) -> str:
        """`area/line/asset`: the asset within its site."""
        return f"{self.area}/{self.line}/{self.asset}"

    def signal(self, name: str) -> Address:
        """The address of one of this asset's signals."""
        return Address(self.enterprise, self.site, self.area, self.line, self.asset, name)

    def __str__(self) -> str:
        return f"{self.enterprise}/{self.site}/{self.path}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One signal; each part `[a-z0-9_-]{1,63}`."""

    enterprise: str
    site: str
    area: str
    line: str
    asset: str
    signal: str

    def __post_init__(self) -> None:
        parts = (self.enterprise, self.site, self.area, self.line, self.asset, self.signal)
        if all(part.__class__ is str for part in parts) and _SIX.match("/".join(parts)) is not None:
            return
        for name, part in zip(("enterprise", "site", "area", "line", "asset", "signal"), parts, strict=True):
            check_segment(part, name)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads `enterprise/site/area/line/asset/signal`."""
        return cls(*_split(text, 6, "enterprise/site/area/line/asset/signal"))

    @property
    def asset_path(self) -> str:
        """`area/line/asset`: the asset within its site."""
        return f"{self.area}/{self.line}/{self.asset}"

    @property
    def asset_address(self) -> AssetAddress:
        """The asset that this signal belongs to."""
        return AssetAddress(self.enterprise, self.site, self.area, self.line, self.asset)

    def __str__(self) -> str:
        return f"{self.enterprise}/{self.site}/{self.asset_path}/{self.signal}"


def _split(text: str, parts: int, form: str) -> list[str]:
    if not isinstance(text, str):
        raise AddressError("an address is text", offender="address", value=text, remedy=f"write {form}")
    pieces = text.split("/")
    if len(pieces) != parts:
        raise AddressError(f"an address has {parts} parts", offender="address", value=text, remedy=f"write {form}")
    # thousands of signals share the names of their enterprise, site and asset
    return [sys.intern(piece) for piece in pieces[:5]] + pieces[5:]
