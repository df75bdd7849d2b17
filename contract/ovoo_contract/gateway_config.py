"""What a cloud wants a gateway to run (`config/desired`) and what the gateway says it runs (`config/reported`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ovoo_contract._fields import Fields
from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import AddressError, DeliveryError, OvooError

__all__ = ["LARGEST_CONFIG_BYTES", "DesiredConfig", "ReportedConfig", "content_hash"]

LARGEST_CONFIG_BYTES: Final = 1 << 20
"""A gateway refuses a larger document unread."""
_FORMAT: Final = "ovoo-config/1"
_LAST_VERSION: Final = 2**63 - 1
_HASH: Final = re.compile(r"[0-9a-f]{16}\Z")
_SECTIONS: Final = ("feedback", "promote")
_DETAIL: Final = 400
_Documents = Mapping[AssetAddress, Mapping[str, Any]]


def content_hash(content: Mapping[str, Any]) -> str:
    """First 16 hex of the SHA-256 of the canonical content."""
    return sha256_hex(canonical_json(dict(content)))[:16]


@dataclass(frozen=True, slots=True)
class DesiredConfig:
    """The whole of what a cloud decides for one gateway; a new version takes the place of the one before.

    Attributes:
        version: 1 to 2**63-1, grows with every change of the content.
        feedback: asset -> feedback document of its models, as `ovoo_models.feedback` reads it.
        promote: asset -> fingerprint of the model set that is to be its champion.
        unknown: sections that this version of the contract does not know; they count in the hash only.
    """

    version: int
    feedback: _Documents = field(default_factory=lambda: MappingProxyType({}), hash=False)
    promote: Mapping[AssetAddress, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    unknown: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def __post_init__(self) -> None:
        if not 1 <= self.version <= _LAST_VERSION:
            raise DeliveryError("outside its range", offender="config.version", value=self.version, remedy="from 1")

    @property
    def assets(self) -> frozenset[AssetAddress]:
        """Every asset that is named."""
        return frozenset(self.feedback) | frozenset(self.promote)

    @property
    def content(self) -> dict[str, Any]:
        """The sections as JSON values."""
        return {
            **self.unknown,
            "feedback": {str(asset): dict(document) for asset, document in self.feedback.items()},
            "promote": {str(asset): wanted for asset, wanted in self.promote.items()},
        }

    @property
    def hash(self) -> str:
        """Of the content: two versions with one hash ask for the same."""
        return content_hash(self.content)

    def to_json(self) -> bytes:
        """Canonical JSON; the version is a decimal string."""
        content = self.content
        body = {"format": _FORMAT, "version": str(self.version), "hash": content_hash(content), "content": content}
        return canonical_json(body)

    @classmethod
    def from_json(cls, data: bytes) -> DesiredConfig:
        """Reads `to_json`; DeliveryError for anything else, too large or with a hash that does not fit."""
        if len(data) > LARGEST_CONFIG_BYTES:
            raise DeliveryError("too large", offender="config", value=len(data), remedy=f"{LARGEST_CONFIG_BYTES} bytes")
        fields = Fields.parse(data, "config")
        fields.choice("format", [_FORMAT])
        content = fields.mapping("content")
        if not content.keys() >= set(_SECTIONS):
            raise DeliveryError("a section is missing", offender="config.content", value=sorted(content))
        _check_hash(fields.text("hash"), content)
        sections = Fields(content, "config.content")
        feedback = {
            _asset(path): Fields(document, f"config.feedback.{path}").data
            for path, document in sections.mapping("feedback").items()
        }
        promote = {
            _asset(path): Fields({"model": wanted}, f"config.promote.{path}").text("model")
            for path, wanted in sections.mapping("promote").items()
        }
        unknown = {name: value for name, value in content.items() if name not in _SECTIONS}
        return cls(fields.integer("version", 1, _LAST_VERSION), feedback, promote, unknown)


@dataclass(frozen=True, slots=True)
class ReportedConfig:
    """What a gateway made of the newest desired configuration.

    Attributes:
        version: of the one it runs, 0 = none yet.
        hash: of its content, "" without one.
        refused: why a later one is not taken; "" when none was refused.
        unused: assets that were named and that this gateway has no model of.
        models: asset -> fingerprint of its champion.
        challengers: asset -> fingerprint of its challenger, where there is one.
        posture: what the gateway sees of its own network and links, by fact; a fact that it cannot see is absent.
    """

    version: int = 0
    hash: str = ""
    refused: str = ""
    unused: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    challengers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    posture: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def to_json(self) -> bytes:
        """Canonical JSON; the version is a decimal string."""
        return canonical_json(
            {
                **({"posture": dict(self.posture)} if self.posture else {}),
                "format": _FORMAT,
                "version": str(self.version),
                "hash": self.hash,
                "refused": self.refused[:_DETAIL],
                "unused": list(self.unused),
                "models": dict(self.models),
                "challengers": dict(self.challengers),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> ReportedConfig:
        """Reads `to_json`, unknown attributes aside; DeliveryError for anything else."""
        fields = Fields.parse(data, "config/reported")
        fields.choice("format", [_FORMAT])
        told = fields.text("hash", "")
        if told and _HASH.match(told) is None:
            raise DeliveryError("not a hash", offender="config/reported.hash", value=told, remedy="16 hex digits")
        return cls(
            fields.integer("version", 0, _LAST_VERSION, 0),
            told,
            fields.text("refused", "")[:_DETAIL],
            fields.texts("unused"),
            _texts(fields, "models"),
            _texts(fields, "challengers"),
            fields.mapping("posture") if "posture" in fields.data else MappingProxyType({}),
        )


def _check_hash(told: str, content: Mapping[str, Any]) -> None:
    try:
        found = content_hash(content)
    except OvooError as error:
        raise DeliveryError("not canonical", offender="config.content", value=str(error)) from error
    if told != found:
        raise DeliveryError("the content was changed", offender="config.hash", value=told, remedy=found)


def _asset(path: str) -> AssetAddress:
    try:
        return AssetAddress.parse(path)
    except AddressError as error:
        raise DeliveryError(error.message, offender="config.asset", value=path, remedy=error.remedy) from error


def _texts(fields: Fields, name: str) -> Mapping[str, str]:
    found = Fields(dict(fields.mapping(name)), f"config/reported.{name}")
    return {path: found.text(path) for path in found.data}
