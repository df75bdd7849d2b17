"""TLS of a broker link; imported where a connection has it."""

from __future__ import annotations

import ssl
from typing import Any

__all__ = ["TlsContext"]


class TlsContext(ssl.SSLContext):
    """Remembers the socket it wrapped: paho forgets to close it when the handshake fails."""

    newest: ssl.SSLSocket | None = None

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        """As the base class does."""
        self.newest = super().wrap_socket(*arguments, **options)
        return self.newest
