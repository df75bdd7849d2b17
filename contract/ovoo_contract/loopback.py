"""Names and addresses that never leave the machine."""

from __future__ import annotations

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """True for `localhost`, 127.x.x.x and ::1, so for what no network carries."""
    return host.lower() in ("localhost", "::1", "[::1]") or host.startswith("127.")
