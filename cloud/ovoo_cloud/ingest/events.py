"""Findings that arrive as deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from ovoo_contract.delivery import EventEnvelope
from ovoo_contract.findings import Finding

__all__ = ["PendingEvent", "decode_event"]


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """One finding of a gateway, not yet stored."""

    gateway: str
    epoch: int
    seq: int
    finding: Finding


def decode_event(gateway: str, payload: bytes) -> PendingEvent:
    """Reads an event message; DeliveryError when it is malformed."""
    envelope = EventEnvelope.from_json(payload)
    return PendingEvent(gateway, envelope.epoch, envelope.seq, envelope.finding)
