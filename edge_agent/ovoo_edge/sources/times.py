"""The time rule of the contract: source time if plausible, else server time, else time of receipt."""

from __future__ import annotations

from ovoo_contract.quality import TIME_FROM_RECEIVE, TIME_FROM_SERVER

__all__ = ["EARLIEST_NS", "LATEST_AHEAD_NS", "pick_time"]

EARLIEST_NS = 946_684_800_000_000_000
"""2000-01-01 UTC: an older source time is a clock that was never set."""

LATEST_AHEAD_NS = 86_400_000_000_000
"""A source time more than a day ahead of the receipt is a wrong clock."""


def pick_time(source_ns: int | None, server_ns: int | None, receive_ns: int) -> tuple[int, int]:
    """(time, quality flag bits) by the contract's rule; None where a time did not come along."""
    latest_ns = receive_ns + LATEST_AHEAD_NS
    if source_ns is not None and EARLIEST_NS <= source_ns <= latest_ns:
        return source_ns, 0
    if server_ns is not None and EARLIEST_NS <= server_ns <= latest_ns:
        return server_ns, TIME_FROM_SERVER
    return receive_ns, TIME_FROM_RECEIVE
