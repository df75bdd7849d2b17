"""Passwords: argon2id, no default, a floor of length."""

from __future__ import annotations

import secrets
from typing import Final

import argon2
from ovoo_contract.errors import ConfigError

__all__ = ["check_password", "hash_password", "one_time_password"]

_SHORTEST: Final = 10
_LONGEST: Final = 200
_HASHER: Final = argon2.PasswordHasher()
# the same work for an unknown user as for a wrong password: response times tell nothing about names
_DECOY: Final = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$c2l4dGVlbiBieXRlcyBvZiBub3RoaW5nLCBhcmUgd2U"


def hash_password(password: str) -> str:
    """The argon2id hash; ConfigError for a password under 10 characters."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise ConfigError("too short or too long", offender="password", remedy=f"{_SHORTEST} to {_LONGEST} characters")
    try:
        return _HASHER.hash(password)
    except UnicodeEncodeError as error:  # half a character: JSON can write it, nobody can type it
        raise ConfigError("not text", offender="password", remedy="use whole characters") from error


def check_password(password: str, hashed: str | None) -> bool:
    """True if the password belongs to the hash; None (no such user) costs the same time and is False."""
    try:
        return _HASHER.verify(hashed or _DECOY, password) and hashed is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeEncodeError):
        return False


def one_time_password() -> str:
    """A random password to print once."""
    return secrets.token_urlsafe(15)
