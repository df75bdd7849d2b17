"""Which server certificates this gateway trusts: a folder a person can look into and change with `mv`."""

from __future__ import annotations

import hashlib
import pathlib
import re
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import Untrusted

__all__ = ["TrustFolder"]

_MOST_PENDING = 50


class TrustFolder:
    """`trusted/` holds accepted server certificates (DER or PEM), `pending/` those that asked.

    Args:
        folder: parent of both; created when missing.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._trusted = folder / "trusted"
        self._pending = folder / "pending"

    def check(self, certificate: bytes, endpoint: str, now_ns: int) -> None:
        """Returns when the DER certificate is trusted and valid now.

        Raises:
            Untrusted: it is not; the message names the file it was put into and the command that approves it.
        """
        self._trusted.mkdir(parents=True, exist_ok=True)
        self._pending.mkdir(parents=True, exist_ok=True)
        try:
            parsed = x509.load_der_x509_certificate(certificate)
        except ValueError as error:
            raise Untrusted(
                "server certificate cannot be read",
                offender=endpoint,
                value=str(error),
                remedy="renew it on the server",
            ) from error
        if certificate not in self._trusted_certificates():
            raise self._refuse(certificate, parsed, endpoint)
        now = datetime.fromtimestamp(now_ns / 1e9, UTC)
        if not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc:
            period = f"{parsed.not_valid_before_utc:%Y-%m-%d} to {parsed.not_valid_after_utc:%Y-%m-%d}"
            raise Untrusted(
                "server certificate is outside its period",
                offender=endpoint,
                value=period,
                remedy="renew it on the server, or set this gateway's clock",
            )

    def _trusted_certificates(self) -> set[bytes]:
        known: set[bytes] = set()
        for path in sorted(self._trusted.iterdir()):
            content = path.read_bytes()
            if content.startswith(b"-----BEGIN"):
                known.update(item.public_bytes(Encoding.DER) for item in x509.load_pem_x509_certificates(content))
            else:
                known.add(content)
        return known

    def _refuse(self, certificate: bytes, parsed: x509.Certificate, endpoint: str) -> Untrusted:
        path = self._pending / _file_name(certificate, parsed)
        if not path.exists() and sum(1 for _ in self._pending.iterdir()) < _MOST_PENDING:
            path.write_bytes(certificate)
        fingerprint = hashlib.sha256(certificate).hexdigest()
        return Untrusted(
            "server certificate is not trusted",
            offender=endpoint,
            value=f"SHA-256 {fingerprint}",
            remedy=f"compare the fingerprint with the server's, then: mv {path} {self._trusted}/",
        )


def _file_name(certificate: bytes, parsed: x509.Certificate) -> str:
    names = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    common = str(names[0].value) if names else "server"
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', common)[:60]}-{hashlib.sha256(certificate).hexdigest()[:16]}.der"
