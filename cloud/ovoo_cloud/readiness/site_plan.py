"""The plan of a site's readiness from what the cloud knows: names, time zone, window."""

from __future__ import annotations

from typing import Final

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.diagnosis.case_parts import Bilingual
from ovoo_cloud.readiness.plan import ReadinessPlan, parse_plan, plan_raw

__all__ = ["DEFAULT_DAYS", "LONGEST_DAYS", "plan_of_site"]

DEFAULT_DAYS: Final = 30
LONGEST_DAYS: Final = 400
_MINUTE_NS: Final = 60_000_000_000
_DAY_NS: Final = 86_400_000_000_000


def plan_of_site(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    *,
    now_ns: int,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> ReadinessPlan:
    """The plan of one site.

    Args:
        session: of the catalogue.
        scope: of who asks.
        enterprise, site: NotFound when absent or foreign.
        now_ns: the present; nothing later is looked at.
        start_ns, end_ns: UTC, cut to whole minutes; without them the last `DEFAULT_DAYS` days.

    Raises:
        ConfigError: the window is empty, or longer than `LONGEST_DAYS` days.
    """
    company = enterprises.enterprise(session, scope, enterprise)
    place = enterprises.site(session, scope, enterprise, site)
    end = min(now_ns, end_ns if end_ns is not None else now_ns) // _MINUTE_NS * _MINUTE_NS
    start = end - DEFAULT_DAYS * _DAY_NS if start_ns is None else start_ns // _MINUTE_NS * _MINUTE_NS
    if not 0 < end - start <= LONGEST_DAYS * _DAY_NS:
        raise ConfigError(
            "no window to look at",
            offender="window",
            value=f"{(end - start) / _DAY_NS:.1f} days",
            remedy=f"name a past start and a later end, at most {LONGEST_DAYS} days apart",
        )
    raw = plan_raw(
        enterprise,
        site,
        start,
        end,
        place.timezone,
        Bilingual(company.name_zh or enterprise, company.name_en or enterprise),
        Bilingual(place.name_zh or site, place.name_en or site),
    )
    return parse_plan(raw)
