"""Revocation lists of certificate authorities: files in `crl/`, found by issuer and believed by signature."""

from __future__ import annotations

import hashlib
import logging
import os
import pathlib
import re
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import ConfigError, Untrusted

from ovoo_edge.sources.opcua_certificates import fingerprint, is_authority, subject_text, utc

__all__ = ["RevocationLists"]

_LOG = logging.getLogger(__name__)


class RevocationLists:
    """The lists of one folder, read anew at every check.

    Args:
        folder: holds the lists (DER or PEM).
        required: a certificate issued by an authority needs that authority's list, and a current one.
    """

    def __init__(self, folder: pathlib.Path, *, required: bool) -> None:
        self._folder = folder
        self._required = required

    def lists(self) -> list[x509.CertificateRevocationList]:
        """The readable lists; others are logged."""
        found = []
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            try:
                found.append(_parse(path.read_bytes()))
            except (OSError, ValueError) as error:
                _LOG.warning("event=crl_unreadable path=%s error=%r", path, str(error))
        return found

    def add(self, content: bytes) -> pathlib.Path:
        """Keeps a list, in place of older ones of the same issuer; raises ConfigError when it is none."""
        try:
            revoked = _parse(content)
        except ValueError as error:
            raise ConfigError(
                "neither a certificate nor a revocation list",
                offender="trust approve",
                value=str(error),
                remedy="give PEM or DER",
            ) from error
        self._folder.mkdir(parents=True, exist_ok=True)
        names = revoked.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        common = re.sub(r"[^A-Za-z0-9._-]+", "_", str(names[0].value))[:60] if names else "authority"
        path = self._folder / f"{common}-{hashlib.sha256(revoked.issuer.public_bytes()).hexdigest()[:16]}.crl"
        new = path.with_name("." + path.name + ".new")
        with new.open("wb") as file:
            file.write(revoked.public_bytes(Encoding.DER))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        return path

    def check(
        self,
        certificate: x509.Certificate,
        issuers: Sequence[x509.Certificate],
        endpoint: str,
        now_ns: int,
        *,
        pinned: bool,
    ) -> None:
        """Raises Untrusted when the certificate's issuer revoked it, or when a needed list is missing or stale.

        Args:
            certificate: any certificate of the path.
            issuers: authorities whose key may have signed a list.
            endpoint: for the message.
            now_ns: UTC.
            pinned: it is trusted by itself, so no list is needed; one that is there counts all the same.
        """
        signed_by = [item for item in issuers if is_authority(item) and item.subject == certificate.issuer]
        fitting = [item for item in self.lists() if item.issuer == certificate.issuer and _genuine(item, signed_by)]
        for item in fitting:
            if item.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                raise Untrusted(
                    "server certificate is revoked",
                    offender=endpoint,
                    value=f"SHA-256 {fingerprint(certificate)}, {subject_text(certificate)[:60]}",
                    remedy="give the server a new certificate",
                )
        if not self._required or pinned or certificate.issuer == certificate.subject:
            return
        now = utc(now_ns)
        if not any(item.next_update_utc is None or now <= item.next_update_utc for item in fitting):
            raise Untrusted(
                "no current revocation list",
                offender=endpoint,
                value=certificate.issuer.rfc4514_string(),
                remedy="add one: ovoo-edge trust approve FILE; or set require_crl = false",
            )


def _parse(content: bytes) -> x509.CertificateRevocationList:
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_crl(content)
    return x509.load_der_x509_crl(content)


def _genuine(revoked: x509.CertificateRevocationList, issuers: Sequence[x509.Certificate]) -> bool:
    for issuer in issuers:
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and revoked.is_signature_valid(key):
            return True
    return False
