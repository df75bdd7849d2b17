"""The TLS context of a connection to an MQTT broker; a gateway without TLS never loads this."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
from typing import Any

__all__ = ["TlsContext"]


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
