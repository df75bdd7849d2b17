"""The only door to asyncua: its package re-exports names in ways a type checker cannot follow, so they pass as Any."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["BASIC256SHA256", "Client", "struct_from_binary", "ua"]

ua: Any = importlib.import_module("asyncua.ua")
Client: Any = importlib.import_module("asyncua").Client
struct_from_binary: Any = importlib.import_module("asyncua.ua.ua_binary").struct_from_binary
BASIC256SHA256: Any = importlib.import_module("asyncua.crypto.security_policies").SecurityPolicyBasic256Sha256
