"""What a readiness report is told besides the samples: enterprise, site and window, as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovoo_contract.address import check_segment
from ovoo_contract.errors import AddressError

from ovoo_cloud.diagnosis.case_parts import Bilingual
from ovoo_cloud.diagnosis.intake import IntakeReader, read_mapping

__all__ = ["ReadinessPlan", "parse_plan", "plan_raw"]


@dataclass(frozen=True, slots=True)
class ReadinessPlan:
    """One site and window [start_ns, end_ns), ns UTC, whole minutes; `raw` rebuilds it."""

    enterprise: str
    site: str
    start_ns: int
    end_ns: int
    timezone: str
    name: Bilingual
    site_name: Bilingual
    raw: Mapping[str, Any]


def plan_raw(
    enterprise: str, site: str, start_ns: int, end_ns: int, timezone: str, name: Bilingual, site_name: Bilingual
) -> dict[str, Any]:
    """The plain mapping of a plan."""
    return {
        "enterprise": enterprise,
        "site": site,
        "start_ns": str(start_ns),
        "end_ns": str(end_ns),
        "timezone": timezone,
        "name": {"zh": name.zh, "en": name.en},
        "site_name": {"zh": site_name.zh, "en": site_name.en},
    }


def parse_plan(data: Mapping[str, Any], name: str = "plan") -> ReadinessPlan:
    """The plan of a plain mapping.

    Raises:
        ConfigErrors: every mistake, by name.
    """
    top = read_mapping(data, name)
    plan = ReadinessPlan(
        enterprise=_segment(top, "enterprise"),
        site=_segment(top, "site"),
        start_ns=top.integer("start_ns"),
        end_ns=top.integer("end_ns"),
        timezone=top.text("timezone"),
        name=_both(top, "name"),
        site_name=_both(top, "site_name"),
        raw=dict(data),
    )
    if plan.end_ns - plan.start_ns < 60_000_000_000:
        top.fail("end_ns", "window shorter than a minute", "write an end later than the start")
    top.finish()
    top.raise_errors()
    return plan


def _segment(top: IntakeReader, key: str) -> str:
    text = top.text(key)
    try:
        return check_segment(text, key) if text else ""
    except AddressError as error:
        top.fail(key, f"not an id: {error.message}", "write the id of the catalogue")
        return ""


def _both(top: IntakeReader, key: str) -> Bilingual:
    reader = top.child(key, required=True)
    if reader is None:
        return Bilingual("", "")
    both = Bilingual(reader.text("zh"), reader.text("en"))
    reader.finish()
    return both
