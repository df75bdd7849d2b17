"""The only door to asyncua: its package re-exports names in ways a type checker cannot follow, so they pass as Any."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

__all__ = ["POLICIES", "Client", "struct_from_binary", "ua"]

ua: Any = importlib.import_module("asyncua.ua")
Client: Any = importlib.import_module("asyncua").Client
struct_from_binary: Any = importlib.import_module("asyncua.ua.ua_binary").struct_from_binary
_policies: Any = importlib.import_module("asyncua.crypto.security_policies")
POLICIES: Mapping[str, Any] = {
    "None": _policies.SecurityPolicyNone,
    "Basic256Sha256": _policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": _policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": _policies.SecurityPolicyAes256Sha256RsaPss,
}
