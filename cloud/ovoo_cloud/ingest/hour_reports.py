"""Accounts of an hour that arrive as deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.completeness import CompletenessEnvelope, HourReport
from ovoo_contract.errors import DeliveryError

__all__ = ["PendingReport", "decode_report"]


@dataclass(frozen=True, slots=True)
class PendingReport:
    """One report of a gateway, not yet stored."""

    gateway: str
    epoch: int
    seq: int
    report: HourReport

    def check(self, catalogue: Catalogue) -> None:
        """DeliveryError when it speaks of a signal beyond its catalogue."""
        named = [row.signal for row in self.report.signals]
        named += [item.signal for item in self.report.lost if item.signal is not None]
        if named and max(named) >= len(catalogue):
            raise DeliveryError("names a signal beyond the catalogue", offender="completeness", value=max(named))


def decode_report(gateway: str, payload: bytes) -> PendingReport:
    """Reads a completeness message; DeliveryError when it is malformed."""
    envelope = CompletenessEnvelope.from_bytes(payload)
    return PendingReport(gateway, envelope.epoch, envelope.seq, envelope.report)
