"""Hours of sums that arrive as deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from ovoo_contract.errors import ArtifactError, DeliveryError
from ovoo_contract.hour_sums import HourSums, SumsEnvelope
from ovoo_models.hour_content import sums_of

__all__ = ["PendingSums", "decode_sums"]


@dataclass(frozen=True, slots=True)
class PendingSums:
    """One hour of a gateway's machine, not yet stored."""

    gateway: str
    epoch: int
    seq: int
    hour: HourSums


def decode_sums(gateway: str, payload: bytes) -> PendingSums:
    """Reads a sums message and opens what is in it; DeliveryError when it is malformed or does not add up."""
    envelope = SumsEnvelope.from_bytes(payload)
    try:
        sums_of(envelope.hour)
    except ArtifactError as error:
        raise DeliveryError(str(error), offender="sums") from error
    return PendingSums(gateway, envelope.epoch, envelope.seq, envelope.hour)
