"""Issuing the report of the region: read the issued reports, render, sign, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.region_reports import next_region_revision, require_issuer, save_region_report
from ovoo_cloud.catalogue.region_tables import RegionReport
from ovoo_cloud.centre.pinned_places import pin_places
from ovoo_cloud.centre.sector_benchmark import quarter_readings
from ovoo_cloud.jobs.report import Order, asked_by, check_order, today
from ovoo_cloud.region_report.build import build_region_report, region_result
from ovoo_cloud.region_report.snapshot import RegionInputs
from ovoo_cloud.region_report.source import IssuedReports
from ovoo_cloud.reports.build import ReportResult, ReportSettings
from ovoo_cloud.reports.naming import slug
from ovoo_cloud.reports.seal import seal_of
from ovoo_cloud.reports.staging import publish, staged
from ovoo_cloud.services import Services

__all__ = ["issue_region", "issued_reports", "region_inputs", "region_number", "region_report"]


def region_report(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Issues the report of the region.

    Parameters: `quarter`, `user` (who asked); `number`, `issue_date` and `languages` may be left out.
    """
    quarter = parameters.get("quarter")
    if not isinstance(quarter, str) or not quarter:
        raise ConfigError("missing", offender="region_report.quarter", remedy="name it, e.g. 2026-Q1")
    with asked_by(services, parameters, Read("job region_report")) as scope:
        order = Order(
            number=parameters.get("number") or region_number(quarter),
            issue_date=parameters.get("issue_date") or today(services),
            languages=parameters.get("languages") or [services.settings.language],
            progress=progress,
        )
        row, result = issue_region(services, scope, region_inputs(services, quarter), order)
    return {"report": row.id, "folder": row.folder, **region_result(result.snapshot.data)}


def region_number(quarter: str) -> str:
    """The number where nobody gives one; ordered again it is the next revision."""
    return f"REGION-{quarter}"


def region_inputs(services: Services, quarter: str = "", places_sha256: str = "") -> RegionInputs:
    """What the issued reports of this installation give at the end of a quarter.

    Args:
        places_sha256: of the places to group by; empty: as enterprises stand today.

    Raises:
        QueryError: no quarter, or one that is not over.
        VerifyError: the places under that hash are not held here.
    """
    found = quarter_readings(services, quarter, places_sha256=places_sha256)
    settings = services.settings
    return RegionInputs(
        found.quarter, found.end_ns, str(settings.zone), found.readings, found.places, settings.benchmark_min_group
    )


def issued_reports(services: Services) -> IssuedReports:
    """The issued reports of this installation as evidence, for `verify --deep`."""
    return IssuedReports(lambda quarter, places: region_inputs(services, quarter, places))


def issue_region(
    services: Services, scope: Scope, inputs: RegionInputs, order: Order
) -> tuple[RegionReport, ReportResult]:
    """Makes the bundle and records it; the next revision when the number was issued before.

    Raises:
        Forbidden: not the centre's own people.
        ReportError: fewer reports than the least group.
    """
    require_issuer(scope)
    check_order(order)
    settings = services.settings
    key = seal_of(settings.seal_command, settings.seal_public_key, settings.signing_key)
    with services.database.read() as session:
        revision = next_region_revision(session, order.number)
    name = f"{slug(order.number)}-r{revision}"
    order.progress(0.5)
    made = ReportSettings(
        order.number,
        order.issue_date,
        key,
        revision=revision,
        languages=order.languages,
        formats=order.formats,
        verify_url=settings.verify_url,
    )
    place = order.folder or settings.reports_dir / "_region" / name
    with staged(place.parent) as making:
        result = replace(build_region_report(inputs, made, making), folder=place)
        order.progress(0.9)
        with services.database.write() as session:
            row = _row(scope, inputs.quarter, name, order, result, services.clock())
            pin_places(session, inputs.readings, inputs.places, services.clock())
            saved = save_region_report(session, scope, row)
            publish(making, place)  # last: what is not recorded was never issued
    return saved, result


def _row(scope: Scope, quarter: str, name: str, order: Order, result: ReportResult, now_ns: int) -> RegionReport:
    issue = result.snapshot.data["issue"]
    return RegionReport(
        id=name,
        number=issue["number"],
        revision=issue["revision"],
        quarter=quarter,
        language=",".join(order.languages),
        folder=str(result.folder),
        snapshot_sha256=result.snapshot_sha256,
        summary=region_result(result.snapshot.data),
        created_by=scope.user,
        created_ns=now_ns,
    )
