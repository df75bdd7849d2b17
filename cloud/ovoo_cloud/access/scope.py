"""What one caller may see: every repository and store query takes a Scope."""

from __future__ import annotations

from dataclasses import dataclass

from ovoo_contract.errors import ConfigError, Forbidden, NotFound

from ovoo_cloud.access.roles import CENTRAL_ROLES, PERMISSIONS, Permission, Role

__all__ = ["Scope", "absent"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A caller: their name, role, and the enterprises they may see (None = all of them)."""

    user: str
    role: Role
    enterprises: frozenset[str] | None = None

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

    def sees(self, enterprise: str) -> bool:
        """True when the enterprise is inside the scope."""
        return self.enterprises is None or enterprise in self.enterprises

    def require_enterprise(self, enterprise: str, offender: str = "") -> None:
        """Raises NotFound for a foreign enterprise, in the very words used for an absent one."""
        if not self.sees(enterprise):
            raise absent(offender or enterprise)


def absent(offender: str) -> NotFound:
    """The one answer for what does not exist and for what belongs to somebody else."""
    return NotFound("not found", offender=offender, remedy="check the name, or ask for access")
