"""What systemd wants to hear: ready, how it goes, still alive, stopping; and the folder in memory that it gives."""

from __future__ import annotations

import logging
import os
import pathlib
import socket
from collections.abc import Mapping

__all__ = ["is_supervised", "notify", "notify_status", "runtime_dir", "watchdog_interval_s"]

_LOG = logging.getLogger(__name__)
_LONGEST_STATUS = 500


def notify(message: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Sends a state such as `READY=1` to the service manager.

    False when the agent does not run under one, or when it does not listen: collection goes on without it.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as channel:
        try:
            channel.connect(address)
            channel.send(message.encode("utf-8"))
        except OSError as error:
            _LOG.warning("event=service_manager_deaf detail=%r", str(error))
            return False
    return True


def notify_status(text: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Shows one line of words in `systemctl status`; line breaks would be read as further states."""
    return notify("STATUS=" + " ".join(text.split())[:_LONGEST_STATUS], environment)


def is_supervised(environment: Mapping[str, str] = os.environ) -> bool:
    """True when a service manager waits for states."""
    return bool(environment.get("NOTIFY_SOCKET", ""))


def watchdog_interval_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often `WATCHDOG=1` must be sent: half of what the service manager waits; None when it does not."""
    wait_us = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", "")
    if not wait_us.isdigit() or (meant and meant != str(os.getpid())):
        return None
    return int(wait_us) / 2e6


def runtime_dir(environment: Mapping[str, str] = os.environ) -> pathlib.Path | None:
    """The first folder of `RuntimeDirectory=`: it outlives the process and not the machine. None where none is set."""
    first = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return pathlib.Path(first) if first else None
