"""What a row of a register must hold beside its fields and references: rules between fields, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.tables import AssetRecord, Report

__all__ = ["row_fault"]

Check = Callable[[Session, Mapping[str, Any]], ConfigError | None]


def row_fault(session: Session, kind_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """What contradicts itself in a row whose fields fit; None where all is well."""
    check = _CHECKS.get(kind_id)
    return None if check is None else check(session, content)


def _handle(session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    enterprise, target = content["enterprise"], content["target"]
    if content["object"] == "report":
        there = session.scalar(select(Report.enterprise).where(Report.id == target)) == enterprise
    else:
        there = session.get(AssetRecord, f"{enterprise}/{target}") is not None
    if there:
        return None
    remedy = "the id of its report, or site/area/line/asset, of the enterprise named"
    return ConfigError("leads nowhere", offender="target", value=target, remedy=remedy)


def _policy(_session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    if content["valid_until"] is None or content["valid_until"] >= content["valid_from"]:
        return None
    return ConfigError(
        "ends before it begins", offender="valid_until", value=content["valid_until"], remedy="swap them"
    )


def _project(_session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    if content["saved_yuan"] is None or content["saved_document"]:
        return None
    return ConfigError(
        "money without its document", offender="saved_document", remedy="name the document of the saving"
    )


def _month(_session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    if Decimal(content["it_kwh"]) <= Decimal(content["total_kwh"]):
        return None
    return ConfigError("more than the whole", offender="it_kwh", value=content["it_kwh"], remedy="check both meters")


def _indicator(_session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    if content["normalisation"] != "target" or (content["target"] is not None and Decimal(content["target"]) > 0):
        return None
    return ConfigError("no target above nought", offender="target", value=content["target"], remedy="give the target")


def _park(_session: Session, content: Mapping[str, Any]) -> ConfigError | None:
    if Decimal(content["area_mu"]) > 0:
        return None
    return ConfigError("no area", offender="area_mu", value=content["area_mu"], remedy="above 0")


_CHECKS: Final[Mapping[str, Check]] = {
    "handle": _handle,
    "policy": _policy,
    "project": _project,
    "data_centre_month": _month,
    "indicator": _indicator,
    "park": _park,
}
