"""MQTT topics between gateway and cloud: `ovoo/v1/<gateway>/...`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ovoo_contract.address import check_gateway_id
from ovoo_contract.errors import AddressError

__all__ = [
    "DOWN_KINDS",
    "PREFIX",
    "UP_KINDS",
    "Kind",
    "Topic",
    "ack",
    "batch",
    "catalog",
    "completeness",
    "config_desired",
    "config_reported",
    "event",
    "parse",
    "request",
    "state",
    "subscription",
    "sums",
]

Kind = Literal[
    "batch", "event", "completeness", "sums", "state", "config_reported", "catalog", "ack", "config_desired", "request"
]
PREFIX: Final = "ovoo/v1"
UP_KINDS: Final[tuple[Kind, ...]] = ("batch", "event", "completeness", "sums", "state", "config_reported", "catalog")
"""What a gateway publishes."""
DOWN_KINDS: Final[tuple[Kind, ...]] = ("ack", "config_desired", "request")
"""What the cloud publishes to one gateway."""

_PATHS: Final[dict[str, Kind]] = {
    "config/reported" if kind == "config_reported" else "config/desired" if kind == "config_desired" else kind: kind
    for kind in get_args(Kind)
    if kind != "catalog"
}
_CATALOGUE_ID: Final = re.compile(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic; `detail` is the catalogue id for kind "catalog", else empty."""

    gateway: str
    kind: Kind
    detail: str = ""


def batch(gateway: str) -> str:
    """Where a gateway publishes wire batches."""
    return _topic(gateway, "batch")


def event(gateway: str) -> str:
    """Where a gateway publishes findings."""
    return _topic(gateway, "event")


def completeness(gateway: str) -> str:
    """Where a gateway publishes what became of the samples of an hour."""
    return _topic(gateway, "completeness")


def sums(gateway: str) -> str:
    """Where a gateway publishes the sums by regime of a machine's hour."""
    return _topic(gateway, "sums")


def state(gateway: str) -> str:
    """Where a gateway's retained state and last will stand."""
    return _topic(gateway, "state")


def config_reported(gateway: str) -> str:
    """Where a gateway reports the configuration it runs."""
    return _topic(gateway, "config/reported")


def catalog(gateway: str, catalogue_id: str) -> str:
    """Where a gateway's retained signal list of that id stands."""
    if _CATALOGUE_ID.match(catalogue_id) is None:
        raise AddressError("not a catalogue id", offender="catalog", value=catalogue_id, remedy="16 hex digits")
    return _topic(gateway, f"catalog/{catalogue_id}")


def ack(gateway: str) -> str:
    """Where the cloud says what is stored."""
    return _topic(gateway, "ack")


def config_desired(gateway: str) -> str:
    """Where the cloud puts the configuration a gateway should run."""
    return _topic(gateway, "config/desired")


def request(gateway: str) -> str:
    """Where the cloud asks a gateway for a catalogue or a raw window."""
    return _topic(gateway, "request")


def subscription(kind: Kind) -> str:
    """The filter that receives one kind from every gateway."""
    if kind == "catalog":
        return f"{PREFIX}/+/catalog/+"
    return f"{PREFIX}/+/{next(path for path, name in _PATHS.items() if name == kind)}"


def parse(topic: str) -> Topic:
    """Reads a topic of ours.

    Raises:
        AddressError: if it is not one.
    """
    parts = topic.split("/", 3)
    if len(parts) != 4 or f"{parts[0]}/{parts[1]}" != PREFIX:
        raise _foreign(topic)
    gateway, path = check_gateway_id(parts[2]), parts[3]
    kind = _PATHS.get(path)
    if kind is not None:
        return Topic(gateway, kind)
    head, _, detail = path.partition("/")
    if head != "catalog" or _CATALOGUE_ID.match(detail) is None:
        raise _foreign(topic)
    return Topic(gateway, "catalog", detail)


def _topic(gateway: str, path: str) -> str:
    return f"{PREFIX}/{check_gateway_id(gateway)}/{path}"


def _foreign(topic: str) -> AddressError:
    return AddressError("not a topic of Ovoo", offender="topic", value=topic, remedy=f"write {PREFIX}/<gateway>/<kind>")
