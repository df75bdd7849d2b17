"""What a row of a register must hold beside its fields and references: rules between fields, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy import select

from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import AssetRecord, Case, Report
from ovoo_cloud.centre.conditions import is_own
from ovoo_cloud.centre.own_facts import condition_fault
from ovoo_cloud.centre.register_law import bid_fault, call_fault, certificate_fault
from ovoo_cloud.centre.standing_rows import StandingRows

__all__ = ["row_fault"]

Check = Callable[[StandingRows, str, Mapping[str, Any]], ConfigError | None]
"""Takes the rows that stand, the id of the row in hand and its content."""


def row_fault(rows: StandingRows, kind_id: str, entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """What contradicts itself in a row whose fields fit; None where all is well."""
    check = _CHECKS.get(kind_id)
    return None if check is None else check(rows, entry_id, content)


def _handle(rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    session = rows.session
    enterprise, target = content["enterprise"], content["target"]
    if content["object"] == "report":
        there = session.scalar(select(Report.enterprise).where(Report.id == target)) == enterprise
    elif content["object"] == "case_report":
        there = session.scalar(select(Case.enterprise).where(Case.id == target)) == enterprise
    elif content["object"] == "entry":
        there = _entry_there(rows, enterprise, target)
    else:
        there = session.get(AssetRecord, f"{enterprise}/{target}") is not None
    if there:
        return _replacement_fault(rows, content)
    remedy = "the id of its report or case, site/area/line/asset, or register/row, of the enterprise named"
    return ConfigError("leads nowhere", offender="target", value=target, remedy=remedy)


def _entry_there(rows: StandingRows, enterprise: str, target: str) -> bool:
    """Whether a row is there that everybody may see, or that is of the enterprise itself."""
    register, _, entry = target.partition("/")
    row = rows.session.get(RegisterEntry, (register, entry))
    kind_of = rows.kinds.get(register)
    if row is None or kind_of is None:
        return False
    return kind_of.audience == "all" or (kind_of.audience == "enterprise" and row.enterprise == enterprise)


def _replacement_fault(rows: StandingRows, content: Mapping[str, Any]) -> ConfigError | None:
    """A handle is replaced by another one that is registered, of the same enterprise; a withdrawn one stays one."""
    after = content["replaced_by"]
    if after is None:
        return None
    registered = rows.ever_alike("handle", handle=after, enterprise=content["enterprise"])
    if registered and after != content["handle"]:
        return None
    remedy = "register the new handle of the same enterprise first"
    return ConfigError("replaced by nothing", offender="replaced_by", value=after, remedy=remedy)


def _policy(rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    for condition in content["conditions"] or []:
        if is_own(condition["fact"]) and (fault := condition_fault(rows.session, condition)) is not None:
            return fault
    return _validity(rows, _entry_id, content)


def _validity(_rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    if content["valid_until"] is None or content["valid_until"] >= content["valid_from"]:
        return None
    return ConfigError(
        "ends before it begins", offender="valid_until", value=content["valid_until"], remedy="swap them"
    )


def _project(_rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    if content["saved_yuan"] is None or content["saved_document"]:
        return None
    return ConfigError(
        "money without its document", offender="saved_document", remedy="name the document of the saving"
    )


def _month(_rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    if Decimal(content["it_kwh"]) <= Decimal(content["total_kwh"]):
        return None
    return ConfigError("more than the whole", offender="it_kwh", value=content["it_kwh"], remedy="check both meters")


def _indicator(_rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    if content["normalisation"] != "target" or (content["target"] is not None and Decimal(content["target"]) > 0):
        return None
    return ConfigError("no target above nought", offender="target", value=content["target"], remedy="give the target")


def _park(_rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    if Decimal(content["area_mu"]) > 0:
        return None
    return ConfigError("no area", offender="area_mu", value=content["area_mu"], remedy="above 0")


_CHECKS: Final[Mapping[str, Check]] = {
    "handle": _handle,
    "policy": _policy,
    "open_bid": call_fault,
    "bid": bid_fault,
    "certificate": certificate_fault,
    "park_class": _validity,
    "project": _project,
    "data_centre_month": _month,
    "indicator": _indicator,
    "park": _park,
}
