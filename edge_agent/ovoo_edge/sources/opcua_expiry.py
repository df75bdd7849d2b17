"""When certificates end: what `/health` and the log say about it, and the change to the next one in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from ovoo_contract.errors import ConnectFailed, Untrusted

from ovoo_edge.sources.base import CertificateLevel, CertificateRole, SourceCertificate, SourceProblem
from ovoo_edge.sources.opcua_certificates import fingerprint, is_authority, subject_text
from ovoo_edge.sources.opcua_own import OwnPaths, load_identity
from ovoo_edge.sources.opcua_security import ChannelSecurity
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import OpcUaSettings

__all__ = ["CertificateWatch", "certificate_level"]

_LOG = logging.getLogger(__name__)
_DAY_NS = 86_400 * 10**9
_LOOK_S = 600.0
_CHANGE_LOOK_S = 60.0
_SEVERE: frozenset[CertificateLevel] = frozenset({"critical", "expired", "early"})
_LEVELS: tuple[tuple[int, CertificateLevel], ...] = ((7, "critical"), (30, "warning"), (60, "notice"))
_REMEDIES: dict[CertificateRole, str] = {
    "own": "ovoo-edge certificate renew, approve the new one on the server",
    "next": "make another one: ovoo-edge certificate renew --replace",
    "server": "renew it on the server, then ovoo-edge trust approve",
    "authority": "get the authority's new certificate, then ovoo-edge trust approve FILE",
}


@dataclass(frozen=True, slots=True)
class _Fact:
    role: CertificateRole
    subject: str
    fingerprint: str
    not_before_ns: int
    not_after_ns: int


def certificate_level(not_before_ns: int, not_after_ns: int, now_ns: int) -> CertificateLevel:
    """`ok` above 60 days before the end, then `notice`, `warning` from 30, `critical` from 7; `early`, `expired`."""
    if now_ns < not_before_ns:
        return "early"
    if now_ns > not_after_ns:
        return "expired"
    for days, level in _LEVELS:
        if not_after_ns - now_ns <= days * _DAY_NS:
            return level
    return "ok"


class CertificateWatch:
    """The certificates of one source: its own two and those it trusts.

    Args:
        settings: the source's settings.
        trust: the trusted server certificates.
        wall_ns: UTC now.
    """

    def __init__(self, settings: OpcUaSettings, trust: TrustStore, wall_ns: Callable[[], int]) -> None:
        self._settings = settings
        self._trust = trust
        self._wall_ns = wall_ns
        self._facts: tuple[_Fact, ...] = ()
        self._security = ChannelSecurity()
        self._logged_ns: dict[tuple[str, CertificateLevel], int] = {}

    async def run(self) -> None:
        """Looks at the files every ten minutes and logs each certificate near its end once a day, for ever."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_S)

    def look(self) -> None:
        """Reads the files and logs what is due."""
        self._facts = tuple({fact.fingerprint: fact for fact in self._read()}.values())
        now_ns = self._wall_ns()
        for item in self.status():
            key = (item.fingerprint, item.level)
            if item.level == "ok" or 0 <= now_ns - self._logged_ns.get(key, -_DAY_NS) < _DAY_NS:
                continue
            self._logged_ns[key] = now_ns
            severity = logging.ERROR if item.level in _SEVERE else logging.WARNING
            _LOG.log(
                severity,
                "source=%s event=certificate_expiry role=%s level=%s days_left=%d subject=%r remedy=%r",
                self._settings.name,
                item.role,
                item.level,
                item.days_left,
                item.subject,
                _REMEDIES[item.role],
            )

    def connected(self, security: ChannelSecurity) -> None:
        """Notes what the new connection uses, and logs names that do not fit when they are news."""
        for text in security.warnings:
            if text not in self._security.warnings:
                _LOG.warning("source=%s event=certificate_name detail=%r", self._settings.name, text)
        self._security = security
        self.look()

    def status(self) -> tuple[SourceCertificate, ...]:
        """Every certificate with the days it has left; reads no files."""
        now_ns = self._wall_ns()
        used = {fingerprint(item) for item in self._used()}
        return tuple(
            SourceCertificate(
                role=fact.role,
                subject=fact.subject,
                fingerprint=fact.fingerprint,
                not_after_ns=fact.not_after_ns,
                days_left=(fact.not_after_ns - now_ns) // _DAY_NS,
                level=certificate_level(fact.not_before_ns, fact.not_after_ns, now_ns),
                in_use=fact.fingerprint in used,
                note="; ".join(self._security.warnings) if fact.role == "server" and fact.fingerprint in used else "",
            )
            for fact in self._facts
        )

    def problems(self) -> tuple[SourceProblem, ...]:
        """What a person should do now: a certificate in its last week or ended, a next one that the server refuses."""
        found: list[SourceProblem] = []
        if self._security.refused:
            found.append(
                SourceProblem(
                    "next certificate", "the server does not take it yet", f"approve it there; {self._security.refused}"
                )
            )
        found += [
            SourceProblem(f"{item.role} certificate", f"{item.level}, {item.days_left} days left", _REMEDIES[item.role])
            for item in self.status()
            if item.level in _SEVERE and (item.in_use or item.role == "own")
        ]
        return tuple(found)

    async def change_over(self) -> None:
        """Ends the connection when our certificate in use has expired and the next one can take over.

        Raises:
            ConnectFailed: now is the time; connecting again uses the next certificate.
        """
        own = self._security.own
        while own is not None:
            remaining_s = own.certificate.not_valid_after_utc.timestamp() - self._wall_ns() / 1e9
            if remaining_s < 0 and self._next_is_valid():
                raise ConnectFailed(
                    "own certificate has expired",
                    offender=self._settings.endpoint,
                    remedy="the next one is used from now on",
                )
            await asyncio.sleep(min(_CHANGE_LOOK_S, remaining_s + 0.01) if remaining_s > 0 else _CHANGE_LOOK_S)

    def _used(self) -> list[x509.Certificate]:
        own = [self._security.own.certificate] if self._security.own is not None else []
        return own + ([self._security.server] if self._security.server is not None else [])

    def _next_is_valid(self) -> bool:
        now_ns = self._wall_ns()
        return any(
            fact.role == "next" and certificate_level(fact.not_before_ns, fact.not_after_ns, now_ns) not in _SEVERE
            for fact in self._read()
        )

    def _read(self) -> list[_Fact]:
        found: list[_Fact] = []
        if self._settings.certificate is not None and self._settings.private_key is not None:
            paths = OwnPaths(self._settings.certificate, self._settings.private_key)
            found += self._own("own", paths)
            found += self._own("next", paths.next)
        for entry in self._trust.entries():
            if entry.state == "trusted":
                found.append(_fact("authority" if is_authority(entry.certificate) else "server", entry.certificate))
        return found

    def _own(self, role: CertificateRole, paths: OwnPaths) -> list[_Fact]:
        if not paths.exist:
            return []
        try:
            return [_fact(role, load_identity(paths, self._settings.application_uri, role).certificate)]
        except Untrusted as error:
            _LOG.warning("source=%s event=own_certificate_unusable error=%r", self._settings.name, str(error))
            return []


def _fact(role: CertificateRole, certificate: x509.Certificate) -> _Fact:
    return _Fact(
        role,
        subject_text(certificate),
        fingerprint(certificate),
        int(certificate.not_valid_before_utc.timestamp()) * 10**9,
        int(certificate.not_valid_after_utc.timestamp()) * 10**9,
    )
