"""Which server certificates this gateway trusts: a folder that a person can look into, changed by `ovoo-edge trust`."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import ConfigError, Untrusted

from ovoo_edge.sources.opcua_certificates import (
    application_uris,
    check_period,
    check_strength,
    fingerprint,
    is_authority,
    period_text,
    read_certificates,
    split_chain,
    subject_text,
)
from ovoo_edge.sources.opcua_revocation import RevocationLists
from ovoo_edge.sources.settings_opcua import OpcUaSettings

__all__ = ["TrustEntry", "TrustState", "TrustStore", "trust_store"]

_LOG = logging.getLogger(__name__)
_MOST_PENDING = 50
_LONGEST_PATH = 6
TrustState = Literal["trusted", "pending", "rejected"]
_STATES: tuple[TrustState, ...] = ("trusted", "pending", "rejected")


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """A certificate of the store, its state and its file."""

    state: TrustState
    certificate: x509.Certificate
    path: pathlib.Path

    @property
    def fingerprint(self) -> str:
        """SHA-256, hexadecimal."""
        return fingerprint(self.certificate)


class TrustStore:
    """`trusted/`, `pending/` and `rejected/` hold certificates (DER or PEM), `crl/` revocation lists.

    A certificate authority in `trusted/` makes every certificate trusted that it issued and did not revoke.

    Args:
        folder: parent of the four; created when something is written.
        source: name of the source, for the commands in messages.
        needs_crl: refuse what an authority issued while no current revocation list of it is there.
    """

    def __init__(self, folder: pathlib.Path, source: str, *, needs_crl: bool = False) -> None:
        self.folder = folder
        self._source = source
        self._revoked = RevocationLists(folder / "crl", required=needs_crl)

    def check(self, blob: bytes, endpoint: str, now_ns: int) -> x509.Certificate:
        """The server's own certificate out of its DER certificate or chain, when it is trusted and valid now.

        Raises:
            Untrusted: it is not; an unknown one was put into `pending/`, and the message has the command to approve.
        """
        chain = _parse_chain(blob, endpoint)
        leaf = chain[0]
        check_strength(leaf, "server certificate", endpoint)
        check_period(leaf, "server certificate", endpoint, now_ns)
        entries = list(self.entries())
        own = fingerprint(leaf)
        if any(entry.state == "rejected" and entry.fingerprint == own for entry in entries):
            raise Untrusted(
                "server certificate was rejected by a person",
                offender=endpoint,
                value=f"SHA-256 {own}",
                remedy=f"if that was a mistake: {self._command('approve', own)}",
            )
        trusted = [entry.certificate for entry in entries if entry.state == "trusted"]
        pinned = any(fingerprint(item) == own for item in trusted)
        path = [leaf] if pinned else _path_to_anchor(chain, trusted, endpoint, now_ns)
        if not path:
            raise self._refuse(leaf, trusted, endpoint)
        issuers = [*trusted, *chain[1:]]
        for item in path:
            self._revoked.check(item, issuers, endpoint, now_ns, pinned=pinned)
        return leaf

    def entries(self) -> Iterator[TrustEntry]:
        """All certificates of the store; files that hold none are logged and skipped."""
        for state in _STATES:
            folder = self.folder / state
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.name.endswith(".new"):
                    continue
                try:
                    found = read_certificates(path.read_bytes())
                except (OSError, ValueError) as error:
                    _LOG.warning("event=trust_file_unreadable path=%s error=%r", path, str(error))
                    continue
                yield from (TrustEntry(state, certificate, path) for certificate in found)

    def find(self, prefix: str) -> TrustEntry:
        """The one entry whose fingerprint starts with `prefix` (colons and case do not count, 8 digits at least).

        Raises:
            ConfigError: none does, or several do.
        """
        wanted = prefix.replace(":", "").lower()
        found = {entry.fingerprint: entry for entry in self.entries() if entry.fingerprint.startswith(wanted)}
        if len(wanted) < 8 or len(found) != 1:
            message = "fits several certificates" if len(found) > 1 else "no such certificate"
            raise ConfigError(
                message,
                offender=f"source {self._source}",
                value=prefix,
                remedy="give at least 8 digits of a fingerprint that `ovoo-edge trust list` shows",
            )
        return next(iter(found.values()))

    def approve(self, entry: TrustEntry) -> TrustEntry:
        """Moves a certificate to `trusted/`; the next connection attempt uses it."""
        return self._move(entry, "trusted")

    def reject(self, entry: TrustEntry) -> TrustEntry:
        """Moves a certificate to `rejected/`: it is refused and does not ask again."""
        return self._move(entry, "rejected")

    def remove(self, entry: TrustEntry) -> None:
        """Forgets a certificate; a server that still shows it is pending again."""
        entry.path.unlink()

    def add_file(self, content: bytes) -> list[str]:
        """Trusts certificates or takes a revocation list from a file; returns the names of the files written.

        Raises:
            ConfigError: it is neither.
        """
        try:
            certificates = read_certificates(content)
        except ValueError:
            return [self._revoked.add(content).name]
        names = []
        for certificate in certificates:
            path = self._write("trusted", certificate)
            names.append(path.name)
        return names

    @property
    def revocation_lists(self) -> Sequence[x509.CertificateRevocationList]:
        """The lists of `crl/` that can be read."""
        return self._revoked.lists()

    def _move(self, entry: TrustEntry, state: TrustState) -> TrustEntry:
        if entry.state == state:
            return entry
        path = self._write(state, entry.certificate)
        with contextlib.suppress(FileNotFoundError):
            entry.path.unlink()
        return TrustEntry(state, entry.certificate, path)

    def _write(self, state: TrustState, certificate: x509.Certificate) -> pathlib.Path:
        folder = self.folder / state
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _file_name(certificate)
        new = path.with_name(path.name + ".new")
        with new.open("wb") as file:
            file.write(certificate.public_bytes(Encoding.DER))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        return path

    def _refuse(self, certificate: x509.Certificate, trusted: Sequence[x509.Certificate], endpoint: str) -> Untrusted:
        own = fingerprint(certificate)
        kept = self._keep_pending(certificate)
        uris = set(application_uris(certificate))
        before = [item for item in trusted if not is_authority(item) and uris & set(application_uris(item))]
        message = (
            "server certificate has changed since it was approved" if before else "server certificate is not trusted"
        )
        advice = f"compare the fingerprint with the server's, then: {self._command('approve', own)}"
        if not kept:
            advice = f"too many wait in {self.folder / 'pending'}: reject or remove some"
        return Untrusted(
            message,
            offender=endpoint,
            value=f"SHA-256 {own}, {subject_text(certificate)[:60]}, valid {period_text(certificate)}",
            remedy=advice,
        )

    def _keep_pending(self, certificate: x509.Certificate) -> bool:
        folder = self.folder / "pending"
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _file_name(certificate)).exists():
            return True
        if sum(1 for _ in folder.iterdir()) >= _MOST_PENDING:
            return False
        self._write("pending", certificate)
        return True

    def _command(self, verb: str, own: str) -> str:
        return f"ovoo-edge trust {verb} {own[:16]} --source {self._source}"


def trust_store(settings: OpcUaSettings, state_dir: pathlib.Path) -> TrustStore:
    """The store of a source; `state_dir` is the folder of the gateway's sources."""
    folder = settings.trust_dir or state_dir / f"{settings.name}-pki"
    return TrustStore(folder, settings.name, needs_crl=settings.require_crl)


def _parse_chain(blob: bytes, endpoint: str) -> list[x509.Certificate]:
    try:
        chain = [x509.load_der_x509_certificate(item) for item in split_chain(blob)]
    except ValueError as error:
        raise Untrusted(
            "server certificate cannot be read", offender=endpoint, value=str(error), remedy="renew it on the server"
        ) from error
    if not chain:
        raise Untrusted("the server shows no certificate", offender=endpoint, remedy="make one on the server")
    return chain


def _path_to_anchor(
    chain: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], endpoint: str, now_ns: int
) -> list[x509.Certificate]:
    """Leaf and authorities up to a trusted one, or nothing; raises Untrusted for a weak or expired link."""
    anchors = [item for item in trusted if is_authority(item)]
    path = [chain[0]]
    while len(path) <= _LONGEST_PATH:
        anchor = _issuer_of(path[-1], anchors)
        issuer = anchor or _issuer_of(path[-1], [item for item in chain[1:] if is_authority(item)])
        if issuer is None or issuer in path or not _allows_depth(issuer, len(path) - 1):
            return []
        check_strength(issuer, f"authority {subject_text(issuer)}", endpoint)
        check_period(issuer, f"authority {subject_text(issuer)}", endpoint, now_ns)
        path.append(issuer)
        if anchor is not None:
            return path
    return []


def _issuer_of(certificate: x509.Certificate, candidates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    for candidate in candidates:
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
            # another name, another key, or a kind of key that signs otherwise: not this one
            continue
        return candidate
    return None


def _allows_depth(issuer: x509.Certificate, authorities_below: int) -> bool:
    allowed = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return allowed is None or authorities_below <= allowed


def _file_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    common = re.sub(r"[^A-Za-z0-9._-]+", "_", str(names[0].value))[:60] if names else "certificate"
    return f"{common}-{fingerprint(certificate)[:16]}.der"
