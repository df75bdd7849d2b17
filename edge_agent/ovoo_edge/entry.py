"""The start of the command `ovoo-edge`: what keeps the process small, then the command line."""

from __future__ import annotations

import gc
import importlib
import sys
import types
from typing import Any

from ovoo_edge.deferred import defer_methods, defer_modules

__all__ = ["main", "prepare"]

_RARELY_USED = (
    "ssl",
    "asyncio.sslproto",
    "bz2",
    "ipaddress",
    "locale",
    "lzma",
    "pickle",
    "tempfile",
    "tokenize",
    "urllib.request",
    "uuid",
    "zipfile",
)
"""Imported by what a gateway needs, and used by few gateways."""


def main() -> int:
    """Runs the command line of this process."""
    prepare()
    gc.disable()  # nothing of what imports make is ever garbage
    try:
        from ovoo_edge import cli
        from ovoo_edge._select import heap_kernels

        heap_kernels.use_one_heap()
    finally:
        gc.freeze()
        gc.enable()
    return cli.main()


def prepare() -> None:
    """To be called before anything else is imported."""
    defer_modules(_RARELY_USED)
    defer_methods()
    # asyncua's package imports its server too; this process is a client
    server: Any = types.ModuleType("asyncua.server")
    server.Server = None
    sys.modules.setdefault("asyncua.server", server)
    if "_hashlib" not in sys.modules:
        # Python's own digests do; OpenSSL's would map all of libcrypto. TLS and OPC UA bring theirs where they are used
        sys.modules["_hashlib"] = None  # type: ignore[assignment]  # the import system's own sign for "not there"
        try:
            for name in ("hashlib", "hmac"):
                importlib.import_module(name)
        finally:
            del sys.modules["_hashlib"]


if __name__ == "__main__":
    sys.exit(main())
