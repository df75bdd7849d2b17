"""The newest sample of a signal; of one that is sent as one-minute figures, the last value of its newest minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ovoo_contract.address import Address

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.signals import minute_figure
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Latest

__all__ = ["newest"]


def newest(services: Services, scope: Scope, rows: Sequence[SignalRecord]) -> dict[str, Latest]:
    """By address. The time of a minute's last value is the start of the minute.

    Raises:
        Forbidden: without `read_telemetry`.
    """
    figures = {row.address: figure for row in rows if (figure := minute_figure(row, "last"))}
    wanted = [Address.parse(address) for address in (*(row.address for row in rows), *figures.values())]
    found = {str(latest.address): latest for latest in services.telemetry(scope).latest(wanted)}
    for address, figure in figures.items():
        # single samples of such a signal are stored too: late ones, and what stood open when the gateway stopped
        own, minute = found.get(address), found.get(figure)
        if minute is not None and (own is None or own.time_ns < minute.time_ns):
            found[address] = replace(minute, address=Address.parse(address))
    return {row.address: found[row.address] for row in rows if row.address in found}
