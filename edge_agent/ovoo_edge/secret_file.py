"""Secrets stand in files that only the agent's user can read; settings hold the name, never the secret."""

from __future__ import annotations

import pathlib
import stat

from ovoo_contract.errors import ConfigError

__all__ = ["check_private", "read_secret"]

_LARGEST = 65_536


def check_private(path: pathlib.Path, offender: str) -> ConfigError | None:
    """The fault of a secret file, or None: it must exist, be readable and be closed to group and others."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return ConfigError(
            error.strerror or "unreadable", offender=offender, value=str(path), remedy="create it, mode 0600"
        )
    if not stat.S_ISREG(mode):
        return ConfigError("not a file", offender=offender, value=str(path), remedy="name a regular file")
    if mode & 0o077:
        return ConfigError(
            "readable by others",
            offender=offender,
            value=f"{path} mode {stat.S_IMODE(mode):04o}",
            remedy=f"chmod 600 {path}",
        )
    return None


def read_secret(path: pathlib.Path, offender: str) -> str:
    """The first line of a secret file.

    Raises:
        ConfigError: missing, readable by others, or empty.
    """
    fault = check_private(path, offender)
    if fault is not None:
        raise fault
    text = path.read_text(encoding="utf-8")[:_LARGEST].split("\n", 1)[0].strip()
    if not text:
        raise ConfigError("holds no secret", offender=offender, value=str(path), remedy="write it on the first line")
    return text
