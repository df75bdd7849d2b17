"""The seal of an installation: the key file, or an external program that holds the key."""

from __future__ import annotations

import base64
import shlex
import subprocess
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from ovoo_contract.errors import ReportError

from ovoo_cloud.reports.signing import SealPort, load_signing_key, load_trusted_key

__all__ = ["CommandSeal", "seal_of"]

_TIMEOUT_S: Final = 60.0


class CommandSeal:
    """A seal that a program makes: a smart card, a sealing service, a machine that holds the key.

    The program reads the message on stdin and writes the signature in base64 on stdout. What it answers is checked
    with the public key before it enters a report.
    """

    def __init__(self, command: str, public_key: Ed25519PublicKey, timeout_s: float = _TIMEOUT_S) -> None:
        self._words = shlex.split(command)
        self._key = public_key
        self._timeout_s = timeout_s

    def sign(self, data: bytes, /) -> bytes:
        """The signature over `data`.

        Raises:
            ReportError: the program fails, does not end in time, or its answer is no signature of this key.
        """
        try:
            done = subprocess.run(self._words, input=data, capture_output=True, timeout=self._timeout_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failed("cannot be run", str(error)) from error
        if done.returncode:
            raise self._failed(f"ended with {done.returncode}", done.stderr.decode("utf-8", "replace")[:200])
        try:
            signature = base64.b64decode(done.stdout.strip(), validate=True)
            self._key.verify(signature, data)
        except (ValueError, InvalidSignature) as error:
            raise self._failed("gave no signature of seal_public_key", done.stdout[:80]) from error
        return signature

    def _failed(self, message: str, value: object) -> ReportError:
        return ReportError(
            f"the seal {message}", offender="seal_command", value=value, remedy="run it by hand on a small file"
        )


def seal_of(command: str, public_key: str, key_file: Path) -> SealPort:
    """The seal of an installation: the external program where one is set, else the key file.

    Raises:
        ReportError: the key file cannot be read. VerifyError: the public key cannot.
    """
    return CommandSeal(command, load_trusted_key(Path(public_key))) if command else load_signing_key(key_file)
