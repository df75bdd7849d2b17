"""Prints a line of Mosquitto's password file: mosquitto_user.py NAME, the password on standard input.

The form is that of Mosquitto 2: `name:$7$iterations$salt$hash`, PBKDF2 with HMAC-SHA-512, salt and hash in base64.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
from typing import Final

__all__ = ["password_line"]

_ITERATIONS: Final = 10_000
_SALT_BYTES: Final = 12


def password_line(name: str, password: str, salt: bytes) -> str:
    """The line for one user; raises ValueError for a name or password that the file cannot hold."""
    if not name or ":" in name or not password or "\n" in name + password:
        raise ValueError(
            f"user {name!r}: name and password must not be empty, the name holds no colon, both no newline"
        )
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"{name}:$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


if __name__ == "__main__":
    print(password_line(sys.argv[1], sys.stdin.read().strip(), secrets.token_bytes(_SALT_BYTES)))
