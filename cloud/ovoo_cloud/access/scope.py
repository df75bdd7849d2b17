"""What one caller may see: every repository and store query takes a Scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ovoo_contract.errors import ConfigError, Forbidden, NotFound

from ovoo_cloud.access.roles import CENTRAL_ROLES, PERMISSIONS, PURPOSES, Permission, Purpose, Role

__all__ = ["Consent", "Scope", "absent"]

_WITHIN: Final[Mapping[Purpose | None, frozenset[Purpose]]] = {
    Purpose.TELEMETRY: frozenset({Purpose.TELEMETRY}),
    Purpose.FINDINGS: frozenset({Purpose.FINDINGS, Purpose.TELEMETRY}),
    Purpose.ENERGY: frozenset({Purpose.ENERGY, Purpose.TELEMETRY}),
    Purpose.DOCUMENTS: frozenset({Purpose.DOCUMENTS}),
    Purpose.REPORT: frozenset({Purpose.REPORT, Purpose.TELEMETRY, Purpose.FINDINGS, Purpose.ENERGY}),
}
"""What a consent to a purpose lets be read for it: a finding is drawn over its samples, a report measures."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A grant of an enterprise that is live now, as a scope carries it; no sites means all of them."""

    grant: str
    enterprise: str
    sites: frozenset[str]
    purposes: frozenset[Purpose]

    def covers(self, site: str) -> bool:
        """True when the site is one of the grant's."""
        return not self.sites or site in self.sites


@dataclass(frozen=True, slots=True)
class Scope:
    """A caller: their name, role, and the enterprises they may see (None = all of them).

    `consents` are the live grants of a caller who reads plant data only under one; None for everybody else. Such a
    scope sees names of enterprises and sites; `under` narrows it to what the grants open for one purpose. Who came in
    for energy reads what energy figures are made from, and nothing else.
    `used` collects the grants that a read stood on, for the enterprise's list of accesses.
    `voices` are the enterprises that the caller may speak for: consent, confirm, invite. None: no such rule binds them
    (the plant's own installation, and the installation itself). `personal` is True for who signed in by a password.
    """

    user: str
    role: Role
    enterprises: frozenset[str] | None = None
    consents: tuple[Consent, ...] | None = None
    purpose: Purpose | None = None
    used: set[str] = field(default_factory=set, compare=False, repr=False)
    voices: frozenset[str] | None = None
    personal: bool = False

    def __post_init__(self) -> None:
        if self.enterprises is None and self.role not in CENTRAL_ROLES:
            raise ConfigError(
                "this role belongs to an enterprise",
                offender=self.user,
                value=self.role.value,
                remedy="name enterprises",
            )

    @classmethod
    def system(cls, user: str = "system") -> Scope:
        """The scope of ingest, jobs and the command line on the server itself."""
        return cls(user, Role.CENTRE_ADMIN, None)

    def allows(self, permission: Permission) -> bool:
        """True when the role holds the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless the role holds the permission."""
        if not self.allows(permission):
            raise Forbidden(
                "your role does not allow this",
                offender=permission.value,
                value=self.role.value,
                remedy="ask the centre's administrator",
            )

    def under(self, permission: Permission, purpose: Purpose | None = None) -> Scope:
        """What the caller sees by a permission: where consent is needed, what the live grants of its purpose open.

        Args:
            purpose: instead of the permission's own, for plant data behind a permission that is not about it.

        Raises:
            Forbidden: the role does not hold the permission.
        """
        self.require(permission)
        wanted = purpose or PURPOSES.get(permission)
        if self.consents is None or wanted is None or wanted in _WITHIN.get(self.purpose, ()):
            return self
        # what is opened is not read yet: nothing is noted here
        open_now = tuple(each for each in self.consents if wanted in each.purposes and self._holds(each.enterprise))
        return replace(
            self, enterprises=frozenset(each.enterprise for each in open_now), consents=open_now, purpose=wanted
        )

    def sees(self, enterprise: str) -> bool:
        """True when the enterprise is inside the scope."""
        if not self._holds(enterprise):
            return False
        self._note(enterprise, None)
        return True

    def sees_site(self, enterprise: str, site: str) -> bool:
        """True when the enterprise and this site of it are inside the scope."""
        if not self._holds(enterprise):
            return False
        if self.purpose is not None and not any(
            each.enterprise == enterprise and each.covers(site) for each in self.consents or ()
        ):
            return False
        self._note(enterprise, site)
        return True

    def require_enterprise(self, enterprise: str, offender: str = "") -> None:
        """Raises NotFound for a foreign enterprise, in the very words used for an absent one."""
        if not self.sees(enterprise):
            raise absent(offender or enterprise)

    def require_site(self, enterprise: str, site: str, offender: str = "") -> None:
        """Raises NotFound for a foreign enterprise, or a site of it that no grant opens."""
        if not self.sees_site(enterprise, site):
            raise absent(offender or f"{enterprise}/{site}")

    def require_voice(self, enterprise: str) -> None:
        """Raises Forbidden unless the caller may speak for the enterprise."""
        if self.voices is not None and enterprise not in self.voices:
            raise Forbidden(
                "this account does not speak for the enterprise",
                offender=self.user,
                value=enterprise,
                remedy="accept an invitation of the enterprise with a password of your own, and sign in with it",
            )

    def may_name_things_of(self, enterprise: str, sites: Sequence[str] = ()) -> bool:
        """Whether a record may say which thing of an enterprise a line is about; without consent it does not.

        Args:
            sites: where the things lie; none where the line does not say it: then the consent must be for all sites.
        """
        if self.consents is None or not enterprise:
            return True
        return any(
            each.enterprise == enterprise
            and Purpose.REPORT in each.purposes
            and (all(map(each.covers, sites)) if sites else not each.sites)
            for each in self.consents
        )

    def _holds(self, enterprise: str) -> bool:
        return self.enterprises is None or enterprise in self.enterprises

    def _note(self, enterprise: str, site: str | None) -> None:
        if self.purpose is None:
            return
        for each in self.consents or ():
            if each.enterprise == enterprise and (site is None or each.covers(site)):
                self.used.add(each.grant)


def absent(offender: str) -> NotFound:
    """The one answer for what does not exist and for what belongs to somebody else."""
    return NotFound("not found", offender=offender, remedy="check the name, or ask for access")
