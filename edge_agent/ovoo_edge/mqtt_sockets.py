"""The sockets of a connection to an MQTT broker that paho leaves open, for source and uplink alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paho.mqtt.client import Client

if TYPE_CHECKING:
    from ovoo_edge.mqtt_tls import TlsContext

__all__ = ["release"]


def release(client: Client, tls: TlsContext | None) -> None:
    """Closes what a client that has disconnected and whose thread has ended still holds; may be called again.

    Without it a broker that is away piles sockets up: paho keeps its pair of wake-up sockets until it is freed, and
    forgets the one it wrapped when the TLS handshake fails.
    """
    client._reset_sockets(sockpair_only=True)  # paho has no public way
    if tls is not None:
        tls.close()
