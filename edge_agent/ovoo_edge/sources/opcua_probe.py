"""Waits between attempts to connect, but not a moment longer than a server that was away takes to come back."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

__all__ = ["wait_for_server"]

_PROBE_S = 1.0


async def wait_for_server(endpoint: str, delay_s: float) -> None:
    """Returns after `delay_s`, or as soon as a port that refused connections accepts one.

    A bare TCP connection each second costs a server nothing; one that accepts and then fails in OPC UA gets the whole
    pause.

    Args:
        endpoint: `opc.tcp://host:port...`.
        delay_s: the pause, seconds.
    """
    url = urlsplit(endpoint)
    away = False
    try:
        async with asyncio.timeout(delay_s):
            while True:
                answers = await _accepts(url.hostname or "", url.port or 4840)
                if answers and away:
                    return
                away = away or not answers
                await asyncio.sleep(_PROBE_S if away else delay_s)
    except TimeoutError:
        return


async def _accepts(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_PROBE_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
