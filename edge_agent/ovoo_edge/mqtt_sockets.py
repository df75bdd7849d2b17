"""The sockets of a connection to an MQTT broker that paho leaves open, for source and uplink alike."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
from typing import Any

from paho.mqtt.client import Client

__all__ = ["TlsContext", "release"]


def release(client: Client, tls: TlsContext | None) -> None:
    """Closes what a client that has disconnected and whose thread has ended still holds; may be called again.

    Without it a broker that is away piles sockets up: paho keeps its pair of wake-up sockets until it is freed, and
    forgets the one it wrapped when the TLS handshake fails.
    """
    client._reset_sockets(sockpair_only=True)  # paho has no public way
    if tls is not None:
        tls.close()


class TlsContext(ssl.SSLContext):
    """Verifies the broker and remembers the socket it wrapped: paho forgets to close it when the handshake fails."""

    newest: ssl.SSLSocket | None = None

    @classmethod
    def of(
        cls, ca: pathlib.Path, certificate: pathlib.Path | None = None, private_key: pathlib.Path | None = None
    ) -> TlsContext:
        """Trusts `ca` alone and shows `certificate` where one is given."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca)
        if certificate is not None:
            context.load_cert_chain(certificate, private_key)
        return context

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        """As the base class does."""
        self.newest = super().wrap_socket(*arguments, **options)
        return self.newest

    def interrupt(self) -> None:
        """Ends a handshake that is under way in another thread; it would wait for a whole keep-alive."""
        if self.newest is not None:
            with contextlib.suppress(OSError):
                self.newest.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Closes the socket, whether the handshake came to an end or not."""
        if self.newest is not None:
            self.newest.close()
