"""Who may do what: the six roles of the contract and one table of permissions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "BOUND_ROLES",
    "CENTRAL_ROLES",
    "PERMISSIONS",
    "PURPOSES",
    "SPOKEN",
    "Permission",
    "Purpose",
    "Role",
    "roles_with",
]


class Role(enum.StrEnum):
    """The roles of the contract; fixed."""

    CENTRE_ADMIN = "centre_admin"
    CENTRE_EXPERT = "centre_expert"
    ENTERPRISE_ENGINEER = "enterprise_engineer"
    ENTERPRISE_VIEWER = "enterprise_viewer"
    FLEET_OPERATOR = "fleet_operator"
    REGION_VIEWER = "region_viewer"


class Permission(enum.StrEnum):
    """One kind of action; a route names exactly one."""

    READ_SITES = "read_sites"
    READ_TELEMETRY = "read_telemetry"
    READ_FINDINGS = "read_findings"
    ACK_ALARM = "ack_alarm"
    JUDGE_FINDING = "judge_finding"
    PROMOTE_MODEL = "promote_model"
    READ_ENERGY = "read_energy"
    SET_ENERGY = "set_energy"
    READ_GATEWAYS = "read_gateways"
    MANAGE_GATEWAYS = "manage_gateways"
    ENROL = "enrol"
    MANAGE_ENTERPRISES = "manage_enterprises"
    MANAGE_USERS = "manage_users"
    RUN_REPORT = "run_report"
    MANAGE_FRAMEWORKS = "manage_frameworks"
    READ_REPORT = "read_report"
    READ_AGGREGATES = "read_aggregates"
    READ_AUDIT = "read_audit"
    READ_REGISTERS = "read_registers"
    MANAGE_REGISTERS = "manage_registers"
    REQUEST_MATCHING = "request_matching"
    ASSESS_CENTRE = "assess_centre"
    READ_PARKS = "read_parks"
    READ_CASES = "read_cases"
    APPLY_CASE = "apply_case"
    DECIDE_CASE = "decide_case"
    EDIT_CASE = "edit_case"
    REVIEW_CASE = "review_case"
    CONFIRM_CASE = "confirm_case"
    ISSUE_CASE = "issue_case"
    READ_GRANTS = "read_grants"
    GIVE_CONSENT = "give_consent"
    READ_ACCESS_LOG = "read_access_log"
    INVITE_PEOPLE = "invite_people"


class Purpose(enum.StrEnum):
    """What an enterprise lets a centre read."""

    TELEMETRY = "telemetry"
    FINDINGS = "findings"
    ENERGY = "energy"
    DOCUMENTS = "documents"
    REPORT = "report"


_READ_PLANT: Final = frozenset(
    {
        Permission.READ_SITES,
        Permission.READ_TELEMETRY,
        Permission.READ_FINDINGS,
        Permission.READ_ENERGY,
        Permission.READ_GATEWAYS,
        Permission.READ_REPORT,
        Permission.READ_AGGREGATES,
        Permission.READ_REGISTERS,
        Permission.READ_CASES,
        Permission.READ_GRANTS,
    }
)

SPOKEN: Final = frozenset({Permission.GIVE_CONSENT, Permission.CONFIRM_CASE})
"""What is said in the name of an enterprise: never by a centre, and only by whom the enterprise itself vouched for."""

_MODELS: Final = frozenset({Permission.JUDGE_FINDING, Permission.PROMOTE_MODEL})

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.CENTRE_ADMIN: frozenset(Permission) - SPOKEN,
        Role.CENTRE_EXPERT: _READ_PLANT
        | _MODELS
        | {
            Permission.RUN_REPORT,
            Permission.SET_ENERGY,
            Permission.EDIT_CASE,
            Permission.REVIEW_CASE,
            Permission.MANAGE_REGISTERS,
            Permission.REQUEST_MATCHING,
            Permission.READ_PARKS,
        },
        Role.ENTERPRISE_ENGINEER: _READ_PLANT
        | _MODELS
        | SPOKEN
        | {
            Permission.ACK_ALARM,
            Permission.SET_ENERGY,
            Permission.APPLY_CASE,
            Permission.EDIT_CASE,
            Permission.READ_ACCESS_LOG,
            Permission.REQUEST_MATCHING,
            Permission.INVITE_PEOPLE,
        },
        Role.ENTERPRISE_VIEWER: (_READ_PLANT | {Permission.READ_ACCESS_LOG}) - {Permission.READ_GATEWAYS},
        Role.FLEET_OPERATOR: frozenset(
            {
                Permission.READ_SITES,
                Permission.READ_GATEWAYS,
                Permission.MANAGE_GATEWAYS,
                Permission.ENROL,
                Permission.READ_REGISTERS,
            }
        ),
        # the authority above the plants sees figures of the region, never plant data
        Role.REGION_VIEWER: frozenset({Permission.READ_AGGREGATES, Permission.READ_REGISTERS, Permission.READ_PARKS}),
    }
)

CENTRAL_ROLES: Final = frozenset({Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.FLEET_OPERATOR, Role.REGION_VIEWER})
"""Roles that may see every enterprise; the others must be bound to at least one."""

BOUND_ROLES: Final = frozenset({Role.CENTRE_ADMIN, Role.CENTRE_EXPERT, Role.FLEET_OPERATOR})
"""Roles that read plant data only under a live grant where `access_consent` is "required"."""

PURPOSES: Final[Mapping[Permission, Purpose]] = MappingProxyType(
    {
        Permission.READ_TELEMETRY: Purpose.TELEMETRY,
        Permission.READ_FINDINGS: Purpose.FINDINGS,
        Permission.JUDGE_FINDING: Purpose.FINDINGS,
        Permission.ACK_ALARM: Purpose.FINDINGS,
        Permission.PROMOTE_MODEL: Purpose.FINDINGS,
        Permission.READ_ENERGY: Purpose.ENERGY,
        Permission.SET_ENERGY: Purpose.ENERGY,
        Permission.READ_REPORT: Purpose.REPORT,
        Permission.RUN_REPORT: Purpose.REPORT,
        Permission.EDIT_CASE: Purpose.REPORT,
        Permission.REVIEW_CASE: Purpose.REPORT,
        Permission.ISSUE_CASE: Purpose.REPORT,
        Permission.REQUEST_MATCHING: Purpose.REPORT,
    }
)
"""The purpose of consent that a permission stands on; what is missing here is no plant data."""


def roles_with(permissions: frozenset[Permission]) -> frozenset[Role]:
    """The roles that hold all of the permissions."""
    return frozenset(role for role, held in PERMISSIONS.items() if permissions <= held)
