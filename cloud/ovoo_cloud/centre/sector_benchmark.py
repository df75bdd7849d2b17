"""The benchmark of the installation at the end of a quarter: which reports count, and where enterprises stand."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import QueryError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import Enterprise, Report
from ovoo_cloud.centre.benchmark import Mapper, Place, Reading, compute, read_all
from ovoo_cloud.centre.issued import Issued, issued_of, newest_revisions
from ovoo_cloud.centre.pinned_places import pinned_places
from ovoo_cloud.diagnosis.standing import is_working
from ovoo_cloud.services import Services

__all__ = [
    "QuarterReadings",
    "ended_quarter",
    "last_quarter",
    "quarter_end",
    "quarter_readings",
    "sector_benchmark",
]

_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)


@dataclass(frozen=True, slots=True)
class QuarterReadings:
    """Of each enterprise what its newest report gives at the end of a quarter (ns UTC), and where it stands."""

    quarter: str
    end_ns: int
    readings: Sequence[Reading]
    places: Mapping[str, Place]


def sector_benchmark(
    services: Services, scope: Scope, quarter: str = "", mapper: Mapper | None = None
) -> dict[str, Any]:
    """The groups at the end of a quarter that is over; of each enterprise the newest report issued until then.

    All enterprises of the installation count, whoever asks: only figures of groups leave this function. Quarters are
    the only dates, so that nobody can ask before and after one report was issued.

    Raises:
        QueryError: no quarter, or one that is not over.
    """
    scope.require(Permission.READ_AGGREGATES)
    found = quarter_readings(services, quarter, mapper)
    minimum = services.settings.benchmark_min_group
    return {"quarter": found.quarter, **compute(found.readings, found.places, minimum)}


def quarter_readings(
    services: Services, quarter: str = "", mapper: Mapper | None = None, *, places_sha256: str = ""
) -> QuarterReadings:
    """What a benchmark is computed from, enterprise by enterprise: never to be shown to anybody as it is.

    Args:
        places_sha256: of the places to group by (`pinned_places`); empty: as enterprises stand today.

    Raises:
        QueryError: no quarter, or one that is not over.
        VerifyError: the places under that hash are not held here.
    """
    wanted, end_ns = ended_quarter(services, quarter)
    with services.database.read() as session:
        reports = _newest(session, end_ns)
        places = _places(session)
        if places_sha256:
            places |= pinned_places(session, places_sha256)
    readings = read_all(reports, mapper)
    return QuarterReadings(wanted, end_ns, readings, {each.enterprise: places[each.enterprise] for each in readings})


def ended_quarter(services: Services, quarter: str = "") -> tuple[str, int]:
    """The quarter asked for, else the newest that is over, and its end, ns UTC.

    Raises:
        QueryError: no quarter, or one that is not over.
    """
    zone = services.settings.zone
    wanted = quarter or last_quarter(services.clock(), zone)
    end_ns = quarter_end(wanted, zone)
    if end_ns > services.clock():
        raise QueryError("the quarter is not over", offender="quarter", value=wanted, remedy="an earlier one, YYYY-Qn")
    return wanted, end_ns


def last_quarter(now_ns: int, zone: ZoneInfo) -> str:
    """The newest quarter that is over."""
    today = datetime.datetime.fromtimestamp(now_ns // 10**9, zone).date()
    number = (today.month - 1) // 3
    return f"{today.year}-Q{number}" if number else f"{today.year - 1}-Q4"


def quarter_end(quarter: str, zone: ZoneInfo) -> int:
    """Its end in the installation's time zone, ns UTC, exclusive."""
    found = _QUARTER.fullmatch(quarter)
    if found is None or not 1970 <= int(found[1]) <= 9000:
        raise QueryError("not a quarter", offender="quarter", value=quarter, remedy="e.g. 2026-Q1")
    year, month = int(found[1]), 3 * int(found[2]) + 1
    moment = datetime.datetime(year + month // 13, (month - 1) % 12 + 1, 1, tzinfo=zone)
    return int(moment.timestamp()) * 10**9


def _newest(session: Session, end_ns: int) -> list[Issued]:
    rows = session.scalars(select(Report).where(Report.created_ns < end_ns).order_by(Report.created_ns, Report.id))
    newest = {
        each.enterprise: each
        for each in newest_revisions(
            issued_of(row) for row in rows if "level" in row.summary and not is_working(row.summary)
        )
    }
    return [newest[name] for name in sorted(newest)]


def _places(session: Session) -> dict[str, Place]:
    profiles = {
        row.enterprise: row.content
        for row in session.scalars(
            select(RegisterEntry).where(RegisterEntry.kind == "profile", RegisterEntry.withdrawn.is_(False))
        )
    }
    return {
        row.id: Place(
            row.sector or "-",
            profiles.get(row.id, {}).get("size") or "-",
            profiles.get(row.id, {}).get("region") or "-",
        )
        for row in session.scalars(select(Enterprise))
    }
