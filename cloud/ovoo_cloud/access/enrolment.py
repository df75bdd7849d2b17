"""Enrolment: a one-time token lets one gateway exchange a certificate request for its certificate."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError, Unauthenticated
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.authority import Authority, SignedCertificate
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.access.tokens import hash_secret, join_secret, split_secret
from ovoo_cloud.catalogue import audit, gateways
from ovoo_cloud.catalogue.tables import EnrolToken, Gateway

__all__ = ["Enrolled", "IssuedEnrolment", "invite", "open_invitations", "redeem"]


@dataclass(frozen=True, slots=True)
class IssuedEnrolment:
    """A new one-time token; `text` is shown once."""

    id: str
    gateway: str
    text: str
    expires_ns: int


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a gateway gets for its token."""

    gateway: str
    enterprise: str
    sites: tuple[str, ...]
    certificate: SignedCertificate


def invite(session: Session, scope: Scope, gateway_id: str, *, lifetime_s: int, now_ns: int) -> IssuedEnrolment:
    """A one-time token for a registered gateway; an earlier unused one of the same gateway ends."""
    scope.require(Permission.ENROL)
    gateway = gateways.gateway(session, scope, gateway_id)
    if lifetime_s <= 0:
        raise ConfigError("a token needs a lifetime", offender="lifetime", value=lifetime_s, remedy="seconds above 0")
    for earlier in open_invitations(session, gateway_id, now_ns):
        earlier.expires_ns = now_ns
    token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(24)
    expires_ns = now_ns + lifetime_s * 1_000_000_000
    session.add(
        EnrolToken(
            id=token_id,
            secret_hash=hash_secret(secret),
            gateway=gateway_id,
            created_by=scope.user,
            created_ns=now_ns,
            expires_ns=expires_ns,
        )
    )
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="gateway.invite",
        subject=gateway_id,
        at_ns=now_ns,
        enterprise=gateway.enterprise,
        detail={"token": token_id},
    )
    return IssuedEnrolment(token_id, gateway_id, join_secret(token_id, secret), expires_ns)


def open_invitations(session: Session, gateway_id: str, now_ns: int) -> Sequence[EnrolToken]:
    """Unused tokens of a gateway that have not expired."""
    return session.scalars(
        select(EnrolToken).where(
            EnrolToken.gateway == gateway_id, EnrolToken.used_ns.is_(None), EnrolToken.expires_ns > now_ns
        )
    ).all()


def redeem(session: Session, authority: Authority, presented: str, csr_pem: bytes, now_ns: int) -> Enrolled:
    """Signs the gateway's request and uses the token up, in the caller's transaction.

    Raises:
        Unauthenticated: the token is unknown, used, expired, or its gateway was revoked.
        ConfigError: the certificate request is not acceptable; the token stays usable.
    """
    token_id, secret = split_secret(presented)
    token = session.get(EnrolToken, token_id, with_for_update=True)
    if token is None or not hmac.compare_digest(token.secret_hash, hash_secret(secret)):
        raise Unauthenticated("unknown enrolment token", offender="token", remedy="ask for a new one")
    if token.used_ns is not None:
        raise Unauthenticated("this token was used", offender=f"token {token_id}", remedy="ask for a new one")
    if now_ns >= token.expires_ns:
        raise Unauthenticated("this token has expired", offender=f"token {token_id}", remedy="ask for a new one")
    gateway = session.get(Gateway, token.gateway, with_for_update=True)
    if gateway is None or gateway.status == "revoked":
        raise Unauthenticated("this gateway was revoked", offender=token.gateway, remedy="register it again")
    certificate = authority.sign(csr_pem, gateway.id, now_ns)
    token.used_ns = now_ns
    gateway.status, gateway.certificate_serial = "enrolled", certificate.serial
    audit.append(
        session,
        actor=gateway.id,
        action="gateway.enrol",
        subject=gateway.id,
        at_ns=now_ns,
        enterprise=gateway.enterprise,
        detail={"serial": certificate.serial, "token": token_id},
    )
    return Enrolled(gateway.id, gateway.enterprise, tuple(gateway.sites), certificate)
