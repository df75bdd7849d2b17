"""Bearer tokens and sign-in sessions: random, kept only as hashes, with an end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, Unauthenticated
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ovoo_cloud.access import standing
from ovoo_cloud.access.roles import Permission, Role
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue.tables import Token, User

__all__ = [
    "IssuedToken",
    "TokenKind",
    "authenticate",
    "issue",
    "revoke",
    "revoke_all",
    "scope_of",
    "split_secret",
    "tokens",
]

_PREFIX: Final = "ovoo"
TokenKind = Literal["bearer", "session"]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; `text` is shown once and cannot be read again."""

    id: str
    text: str
    expires_ns: int


def issue(
    session: Session, user: str, *, kind: TokenKind, label: str, lifetime_s: int, now_ns: int, personal: bool
) -> IssuedToken:
    """Creates a token for an existing user; ConfigError when it would live for no time.

    Args:
        personal: whether the person themself asked for it, having signed in with their password.
    """
    if lifetime_s <= 0:
        raise ConfigError("a token needs a lifetime", offender="lifetime", value=lifetime_s, remedy="seconds above 0")
    if session.get(User, user) is None:
        raise absent(user)
    token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    expires_ns = now_ns + lifetime_s * 1_000_000_000
    session.add(
        Token(
            id=token_id,
            secret_hash=hash_secret(secret),
            user=user,
            kind=kind,
            label=label,
            created_ns=now_ns,
            expires_ns=expires_ns,
            revoked=False,
            personal=personal,
        )
    )
    session.flush()
    return IssuedToken(token_id, join_secret(token_id, secret), expires_ns)


def authenticate(session: Session, presented: str, now_ns: int, *, kind: TokenKind | None = None) -> Scope:
    """The scope of the token's user; Unauthenticated says whether it is unknown, revoked or expired."""
    token_id, secret = split_secret(presented)
    token = session.get(Token, token_id)
    if token is None or not hmac.compare_digest(token.secret_hash, hash_secret(secret)):
        raise Unauthenticated("unknown token", offender="token", remedy="sign in, or ask for a new token")
    if token.revoked or (kind is not None and token.kind != kind):
        raise Unauthenticated("the token was withdrawn", offender=f"token {token_id}", remedy="ask for a new token")
    if now_ns >= token.expires_ns:
        raise Unauthenticated("the token has expired", offender=f"token {token_id}", remedy="ask for a new token")
    user = session.get(User, token.user)
    if user is None or user.disabled:
        raise Unauthenticated("the user is disabled", offender=token.user, remedy="ask the administrator")
    voices = standing.voices(session, user.name) if token.personal else frozenset[str]()
    return replace(scope_of(user), voices=voices, personal=token.personal)


def scope_of(user: User) -> Scope:
    """What a user may see; an empty list of enterprises means all of them, for roles that may. It has no voice."""
    enterprises = frozenset(user.enterprises) if user.enterprises else None
    return Scope(user.name, Role(user.role), enterprises, voices=frozenset())


def revoke(session: Session, scope: Scope, token_id: str) -> None:
    """Withdraws a token: one's own, or anybody's for who manages users."""
    token = session.get(Token, token_id)
    if token is None or (token.user != scope.user and not scope.allows(Permission.MANAGE_USERS)):
        raise absent(f"token {token_id}")
    token.revoked = True


def revoke_all(session: Session, user: str) -> None:
    """Withdraws every token and session of a user: after a change of password or role."""
    session.execute(update(Token).where(Token.user == user).values(revoked=True))


def tokens(session: Session, scope: Scope, user: str | None = None) -> Sequence[Token]:
    """One's own tokens, or those of `user` for who manages users; sessions excluded."""
    owner = user or scope.user
    if owner != scope.user:
        scope.require(Permission.MANAGE_USERS)
    query = select(Token).where(Token.user == owner, Token.kind == "bearer").order_by(Token.created_ns)
    return session.scalars(query).all()


def hash_secret(secret: str) -> str:
    """SHA-256: enough for a 256-bit random secret, where a slow hash would only slow every request."""
    return hashlib.sha256(secret.encode()).hexdigest()


def join_secret(token_id: str, secret: str) -> str:
    """The text a person or gateway holds."""
    return f"{_PREFIX}_{token_id}_{secret}"


def split_secret(text: str) -> tuple[str, str]:
    """Id and secret of a presented token; Unauthenticated when it is not one."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != _PREFIX or len(parts[1]) != 16 or not parts[2].isascii():
        raise Unauthenticated("not a token", offender="token", remedy="copy all of it, from ovoo_ on")
    return parts[1], parts[2]
