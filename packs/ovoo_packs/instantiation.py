"""From a template to the catalogue entries of one machine."""

from __future__ import annotations

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry

from ovoo_packs.templates import AssetTemplate

__all__ = ["instantiate"]


def instantiate(template: AssetTemplate, asset: AssetAddress) -> tuple[SignalEntry, ...]:
    """One catalogue entry per signal of the template, in pack order, addressed under `asset`."""
    return tuple(
        SignalEntry(
            address=asset.signal(signal.name),
            unit=signal.unit,
            type=signal.type,
            low=signal.low,
            high=signal.high,
            data_class=signal.data_class,
            uplink=signal.uplink,
            period_s=signal.period_s,
            name_zh=signal.name_zh,
            name_en=signal.name_en,
        )
        for signal in template.signals
    )
