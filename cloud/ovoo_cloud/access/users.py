"""Users: creation, sign-in with a lock after repeated failures, change of password."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ovoo_contract.errors import ConfigError, Forbidden, Unauthenticated
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import standing, tokens
from ovoo_cloud.access.passwords import check_password, hash_password
from ovoo_cloud.access.roles import CENTRAL_ROLES, Permission, Role
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.tables import Enterprise, User

__all__ = ["change_own", "check_name", "create_user", "set_disabled", "set_password", "sign_in", "users"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}\Z")
_RESERVED: Final = frozenset({"cli", "init", "installation", "system"})
"""Names that the audit record gives to the installation itself."""
_FAILURES: Final = 5
_LOCK_NS: Final = 300_000_000_000


def create_user(
    session: Session,
    scope: Scope,
    name: str,
    *,
    password: str,
    role: Role,
    enterprises: Sequence[str] = (),
    display_name: str = "",
    now_ns: int,
) -> User:
    """A new user; a role of an enterprise needs at least one existing enterprise."""
    scope.require(Permission.MANAGE_USERS)
    check_name(name)
    if session.get(User, name) is not None:
        raise ConfigError("this name is taken", offender="name", value=name, remedy="choose another")
    for enterprise in enterprises:
        scope.require_enterprise(enterprise)
        if session.get(Enterprise, enterprise) is None:
            raise absent(enterprise)
    if not enterprises and scope.enterprises is not None:
        raise Forbidden(
            "a user of every enterprise needs an administrator of every enterprise",
            offender="enterprises",
            value=role.value,
            remedy="name the user's enterprises",
        )
    if not enterprises and role not in CENTRAL_ROLES:
        raise ConfigError(
            "this role belongs to an enterprise", offender="enterprises", value=role.value, remedy="name one"
        )
    user = User(
        name=name,
        password_hash=hash_password(password),
        role=role.value,
        enterprises=sorted(set(enterprises)),
        display_name=display_name or name,
        disabled=False,
        failures=0,
        locked_until_ns=0,
        created_ns=now_ns,
        created_by="" if session.get(User, scope.user) is None else scope.user,
    )
    session.add(user)
    session.flush()
    detail = {"role": role.value, "enterprises": user.enterprises}
    audit.append(session, actor=scope.user, action="user.create", subject=name, at_ns=now_ns, detail=detail)
    return user


def check_name(name: str) -> None:
    """Raises ConfigError for what is no name of a user, or one that the audit record gives to the installation."""
    if _NAME.match(name) is None or name in _RESERVED:
        raise ConfigError("not a user name", offender="name", value=name, remedy="2 to 63 of a-z 0-9 . _ -")


def sign_in(session: Session, name: str, password: str, now_ns: int) -> User | None:
    """The user when name and password fit, else None; five failures lock the name for five minutes.

    Gives None instead of raising, so that the caller's transaction keeps the count of failures.

    Raises:
        Unauthenticated: while the name is locked.
    """
    user = session.get(User, name, with_for_update=True)
    if user is not None and now_ns < user.locked_until_ns:
        raise Unauthenticated("too many attempts", offender=name, remedy="wait five minutes")
    fits = check_password(password, user.password_hash if user is not None and not user.disabled else None)
    if user is None:
        return None
    if fits:
        user.failures = 0
        return user
    user.failures += 1
    if user.failures >= _FAILURES:
        user.failures, user.locked_until_ns = 0, now_ns + _LOCK_NS
        audit.append(session, actor=name, action="user.locked", subject=name, at_ns=now_ns)
    return None


def set_password(session: Session, scope: Scope, name: str, password: str, now_ns: int) -> None:
    """Changes one's own password, or anybody's for who manages users; all tokens of the user end.

    Whose password somebody else set does not speak for an enterprise until it vouches for them anew.
    """
    if name != scope.user:
        scope.require(Permission.MANAGE_USERS)
    user = session.get(User, name)
    if user is None:
        raise absent(name)
    user.password_hash = hash_password(password)
    user.failures, user.locked_until_ns = 0, 0
    tokens.revoke_all(session, name)
    audit.append(session, actor=scope.user, action="user.password", subject=name, at_ns=now_ns)
    if name != scope.user:
        standing.end(session, name, scope.user, now_ns)


def change_own(session: Session, scope: Scope, current: str, password: str, now_ns: int) -> bool:
    """Changes the caller's password when the current one fits, else False; failures count as those of a sign-in."""
    if sign_in(session, scope.user, current, now_ns) is None:
        return False
    set_password(session, scope, scope.user, password, now_ns)
    return True


def set_disabled(session: Session, scope: Scope, name: str, disabled: bool, now_ns: int) -> None:
    """Shuts a user out, or lets them in again."""
    scope.require(Permission.MANAGE_USERS)
    user = session.get(User, name)
    if user is None:
        raise absent(name)
    user.disabled = disabled
    tokens.revoke_all(session, name)
    action = "user.disable" if disabled else "user.enable"
    audit.append(session, actor=scope.user, action=action, subject=name, at_ns=now_ns)


def users(session: Session, scope: Scope) -> Sequence[User]:
    """All users, by name."""
    scope.require(Permission.MANAGE_USERS)
    return session.scalars(select(User).order_by(User.name)).all()
