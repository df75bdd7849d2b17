"""The two words systemd wants to hear: ready, and still alive."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

__all__ = ["notify", "watchdog_interval_s"]


def notify(message: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Sends a state such as `READY=1` to the service manager; False when the agent does not run under one."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(address)
        channel.send(message.encode("utf-8"))
    return True


def watchdog_interval_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often `WATCHDOG=1` must be sent: half of what the service manager waits; None when it does not."""
    wait_us = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", "")
    if not wait_us.isdigit() or (meant and meant != str(os.getpid())):
        return None
    return int(wait_us) / 2e6
