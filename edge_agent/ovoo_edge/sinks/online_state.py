"""The state message of a gateway that is online, from the figures of its health."""

from __future__ import annotations

from collections.abc import Mapping

from ovoo_contract.delivery import GatewayState

__all__ = ["online_state"]


def online_state(
    figures: Mapping[str, float],
    *,
    sink: str,
    time_ns: int,
    epoch: int,
    next_seq: int,
    software: str,
    catalogue_id: str,
) -> GatewayState:
    """`figures` by the names of `sink_figures`; those of other sinks stay at home."""
    rest = dict(figures)
    return GatewayState(
        online=True,
        time_ns=time_ns,
        epoch=epoch,
        next_seq=next_seq,
        version=software,
        catalogue_id=catalogue_id,
        backlog_rows=int(rest.pop(f"backlog_rows.{sink}", 0)),
        backlog_bytes=int(rest.pop(f"backlog_bytes.{sink}", 0)),
        quarantined=int(rest.pop(f"quarantined.{sink}", 0)),
        at_risk_s=rest.pop("at_risk_s", None),
        buffer_h=rest.pop("buffer_h", None),
        cpu=rest.pop("cpu", None),
        rss_mb=rest.pop("rss_mb", None),
        offset_ms=rest.pop("offset_ms", None),
        detail={name: value for name, value in rest.items() if not name.startswith(("backlog_", "quarantined."))},
    )
