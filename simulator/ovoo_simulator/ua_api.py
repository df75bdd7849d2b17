"""The parts of asyncua that the simulator uses, untyped on purpose: its annotations call a str not a String."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "CallbackType",
    "CertificateValidator",
    "CertificateValidatorOptions",
    "InternalServer",
    "Server",
    "ServiceError",
    "TrustStore",
    "ua",
]


def _load(module: str, name: str) -> Any:  # third-party border
    return getattr(importlib.import_module(module), name)


ua: Any = importlib.import_module("asyncua.ua")
Server = _load("asyncua.server.server", "Server")
InternalServer = _load("asyncua.server.internal_server", "InternalServer")
ServiceError = _load("asyncua.common.utils", "ServiceError")
CallbackType = _load("asyncua.common.callback", "CallbackType")
TrustStore = _load("asyncua.crypto.truststore", "TrustStore")
CertificateValidator = _load("asyncua.crypto.validator", "CertificateValidator")
CertificateValidatorOptions = _load("asyncua.crypto.validator", "CertificateValidatorOptions")
