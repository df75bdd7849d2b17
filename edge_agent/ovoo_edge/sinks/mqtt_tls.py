"""TLS of an MQTT sink; imported where it is used."""

from __future__ import annotations

import ssl

__all__ = ["ClosingSocket"]


class ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho forgets such a socket."""

    def do_handshake(self, block: bool = False) -> None:
        """As the base class does."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise
