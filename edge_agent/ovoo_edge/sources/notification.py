"""What decoding a notification needs and gives, shared by the compiled decoder and its twin."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.errors import OvooError
from ovoo_contract.samples import encode_value

from ovoo_edge.sources.ua_wire import (
    WireFault,
    iso_from_ticks,
    read_array_length,
    read_string,
    skip_diagnostic_info,
    skip_extension_object,
    skip_node_id,
)

__all__ = ["HandleTable", "ServiceFault", "number_or_text", "read_response_header"]

PUBLISH_RESPONSE = 829
REPUBLISH_RESPONSE = 835
_SERVICE_FAULT = 397
_DATE_TIME = 13
_MOST_SIGNALS = 2**32


class ServiceFault(Exception):
    """The server refused a request; `status` is its OPC UA status code."""

    def __init__(self, status: int) -> None:
        super().__init__(f"service fault 0x{status:08X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class HandleTable:
    """What client handles mean.

    Attributes:
        signals: handle -> catalogue index in [0, 2**32), -1: not ours.
        elements: handle -> which element of an array counts, >= 0; the first where it has no entry.
        keep_times: keep server and receive time as side columns.
    """

    signals: Sequence[int]
    elements: Mapping[int, int] = field(default_factory=dict)
    keep_times: bool = False

    def __post_init__(self) -> None:
        if self.signals and not -1 <= min(self.signals) <= max(self.signals) < _MOST_SIGNALS:
            worst = min(self.signals) if min(self.signals) < -1 else max(self.signals)
            raise OvooError("is no catalogue index", offender="signals", value=worst, remedy="-1 or 0 to 2**32 - 1")
        if self.elements and min(self.elements.values()) < 0:
            value = min(self.elements.values())
            raise OvooError("is no array element", offender="elements", value=value, remedy="0 or more")


def read_response_header(body: bytes, expected: int) -> int:
    """Position behind type id and response header.

    Args:
        body: a message body from its type id onwards.
        expected: the type id that is due.

    Raises:
        ServiceFault: the server answered with a fault instead.
        WireFault: the bytes are malformed or another message.
    """
    kind, pos = skip_node_id(body, 0)
    if pos + 16 > len(body):
        raise WireFault("response header is cut off")
    (status,) = struct.unpack_from("<I", body, pos + 12)
    pos = skip_diagnostic_info(body, pos + 16)
    count, pos = read_array_length(body, pos, 4)
    for _ in range(count):
        _, pos = read_string(body, pos)
    _, _, _, pos = skip_extension_object(body, pos)
    if kind == _SERVICE_FAULT or status & 0x8000_0000:
        raise ServiceFault(status)
    if kind != expected:
        raise WireFault(f"message type {kind} where {expected} was due")
    return pos


def number_or_text(kind: int, value: Any) -> tuple[float, str | None]:
    """A value that is not None as the contract stores it: a double, or (NaN, text) for what no double holds.

    Args:
        kind: built-in type id.
        value: as `ua_wire.read_variant` gives it, one element of it for an array.
    """
    return encode_value(iso_from_ticks(value) if kind == _DATE_TIME else value)
