"""By which of its own public keys an installation sealed a bundle: a sealing program may have followed the key file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ovoo_contract.errors import VerifyError

from ovoo_cloud.reports.bundle import MANIFEST, SIGNATURE
from ovoo_cloud.reports.signing import fingerprint, load_trusted_key, signature_valid

__all__ = ["key_of", "shown_fingerprint"]


def key_of(folder: Path, keys: Sequence[Path]) -> Path:
    """The key that a bundle verifies with; where none fits, the one in force, which then says so.

    Args:
        folder: of the bundle.
        keys: the installation's own public keys, the one in force first (`Settings.own_keys`).
    """
    return next((key for key in keys if _sealed(folder, key)), keys[0])


def shown_fingerprint(folder: Path, keys: Sequence[Path]) -> str:
    """The fingerprint of the key that a bundle verifies with; empty where the installation has no key yet."""
    return fingerprint(key_of(folder, keys))


def _sealed(folder: Path, key: Path) -> bool:
    try:
        manifest, seal = ((folder / name).read_bytes() for name in (MANIFEST, SIGNATURE))
        return signature_valid(load_trusted_key(key), manifest, seal)
    except (OSError, VerifyError):
        return False
