"""What each gateway is to run: what people said of the findings on its own machines, and who is to be champion."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import DeliveryError, QueryError
from ovoo_contract.gateway_config import DesiredConfig, ReportedConfig
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, gateways, verdicts
from ovoo_cloud.catalogue.tables import DesiredRecord, Gateway, SignalRecord

__all__ = [
    "ConfigState",
    "ConfigStatus",
    "changes",
    "config_of",
    "covers",
    "follow",
    "promote",
    "published",
    "reported",
    "status",
    "withdraw_promotion",
]

ConfigState = Literal["none", "silent", "waiting", "applied", "refused"]
_ACTOR: Final = "ovoo-cloud"
_CHUNK: Final = 500
_Documents = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ConfigStatus:
    """What a gateway is to run beside what it says it runs.

    state: `none` nothing is asked of it, `silent` it never reported (an older one, or not connected yet), `waiting`,
    `applied`, `refused`.
    """

    state: ConfigState
    desired: DesiredRecord | None
    reported: ReportedConfig | None


def changes(session: Session) -> list[tuple[str, DesiredConfig]]:
    """Gateways whose configuration is not yet what it should be, each with the new one."""
    wanted = _wanted(session)
    known = {row.gateway: row for row in session.scalars(select(DesiredRecord))}
    due: list[tuple[str, DesiredConfig]] = []
    for gateway in _gateways(session, wanted.keys() | known.keys()):
        found = _next(known.get(gateway.id), wanted.get(gateway.id, {}), reported(gateway))
        if found is not None:
            due.append((gateway.id, found))
    return due


def follow(session: Session, now_ns: int) -> int:
    """Writes all `changes`, each with a line of audit; gives how many."""
    due = changes(session)
    for gateway_id, config in due:
        gateway = session.get(Gateway, gateway_id, with_for_update=True)
        if gateway is not None:
            _save(session, gateway, config, now_ns)
    return len(due)


def promote(session: Session, scope: Scope, gateway_id: str, asset: str, model: str, now_ns: int) -> ConfigStatus:
    """Asks a gateway to make the challenger of an asset (full address), named by its fingerprint, the champion.

    Raises:
        QueryError: the gateway does not report that challenger for an asset of its own.
    """
    scope = scope.under(Permission.PROMOTE_MODEL)
    gateway = gateways.gateway(session, scope, gateway_id)
    scope.require_site(gateway.enterprise, "".join(asset.split("/")[1:2]), asset)
    told = reported(gateway)
    runs = told.challengers.get(asset, "") if told is not None else ""
    if not runs or runs != model or not covers(gateway, asset):
        raise QueryError("no such challenger runs there", offender=asset, value=model, remedy=runs or "put one beside")
    _ask(session, scope, gateway, {asset: model}, "model.promote", now_ns)
    return status(session, gateway)


def withdraw_promotion(session: Session, scope: Scope, gateway_id: str, asset: str, now_ns: int) -> ConfigStatus:
    """Takes back what a gateway has not done, say because it refused; without one nothing changes."""
    scope = scope.under(Permission.PROMOTE_MODEL)
    gateway = gateways.gateway(session, scope, gateway_id)
    scope.require_site(gateway.enterprise, "".join(asset.split("/")[1:2]), asset)
    row = session.get(DesiredRecord, gateway.id)
    if row is not None and asset in row.promote:
        _ask(session, scope, gateway, {asset: ""}, "model.promote.withdraw", now_ns)
    return status(session, gateway)


def published(session: Session) -> list[tuple[str, DesiredConfig]]:
    """What is to stand at the broker: the configurations of all gateways that are not revoked."""
    query = select(DesiredRecord).join(Gateway, Gateway.id == DesiredRecord.gateway).where(Gateway.status != "revoked")
    return [(row.gateway, config_of(row)) for row in session.scalars(query.order_by(DesiredRecord.gateway))]


def status(session: Session, gateway: Gateway) -> ConfigStatus:
    """For API and console; the caller has checked who may see the gateway."""
    row, told = session.get(DesiredRecord, gateway.id), reported(gateway)
    return ConfigStatus(_state(row, told), row, told)


def reported(gateway: Gateway) -> ReportedConfig | None:
    """What a gateway says it runs; None for one that does not say."""
    try:
        return ReportedConfig.from_json(json.dumps(gateway.reported or {}).encode())
    except DeliveryError:
        return None


def config_of(row: DesiredRecord) -> DesiredConfig:
    """A row as the document that travels."""
    feedback = {AssetAddress.parse(asset): document for asset, document in row.feedback.items()}
    promote = {AssetAddress.parse(asset): str(model) for asset, model in row.promote.items()}
    return DesiredConfig(row.version, feedback, promote)


def covers(gateway: Gateway, asset: str) -> bool:
    """Whether an asset lies within what a gateway is bound to."""
    enterprise, _, rest = asset.partition("/")
    return enterprise == gateway.enterprise and rest.partition("/")[0] in gateway.sites


def _ask(session: Session, scope: Scope, gateway: Gateway, asked: Mapping[str, str], action: str, now_ns: int) -> None:
    """Changes what is to be promoted ("" takes it out) and says in the audit log who wanted it."""
    session.refresh(gateway, with_for_update=True)
    row = session.get(DesiredRecord, gateway.id)
    config = _next(row, _wanted(session).get(gateway.id, {}), reported(gateway), asked)
    if config is None:
        return
    _save(session, gateway, config, now_ns)
    detail = {**asked, "version": str(config.version)}
    audit.append(
        session,
        actor=scope.user,
        action=action,
        subject=gateway.id,
        at_ns=now_ns,
        enterprise=gateway.enterprise,
        detail=detail,
    )


def _wanted(session: Session) -> dict[str, _Documents]:
    """Gateway -> asset -> feedback document; an asset counts only for gateways that deliver and may deliver it."""
    # the windows of confirmed faults are for training, which reads them here
    said = {asset: replace(each, left_out=()) for asset, each in verdicts.standing(session).items()}
    telling = {asset: each.to_dict() for asset, each in said.items() if each.relief or each.muted}
    found: dict[str, _Documents] = {}
    names = sorted(telling)
    for start in range(0, len(names), _CHUNK):  # SQLite bounds the variables of a statement
        query = (
            select(SignalRecord.asset, Gateway)
            .join(Gateway, Gateway.id == SignalRecord.gateway)
            .where(SignalRecord.asset.in_(names[start : start + _CHUNK]), SignalRecord.current)
        )
        for asset, gateway in session.execute(query):
            if covers(gateway, asset):
                found.setdefault(gateway.id, {})[asset] = telling[asset]
    return found


def _gateways(session: Session, ids: Iterable[str]) -> Sequence[Gateway]:
    rows = (session.get(Gateway, each) for each in sorted(ids))
    return [row for row in rows if row is not None and row.status != "revoked"]


def _next(
    row: DesiredRecord | None,
    feedback: _Documents,
    told: ReportedConfig | None,
    asked: Mapping[str, str] = MappingProxyType({}),
) -> DesiredConfig | None:
    """The configuration that is due, None while the row is right; what a gateway has promoted is not asked again."""
    standing = {**(row.promote if row is not None else {}), **asked}
    done = told.models if told is not None else {}
    promote = {asset: model for asset, model in standing.items() if model and done.get(asset) != model}
    if row is None and not feedback and not promote:
        return None
    newest = max(row.version if row is not None else 0, told.version if told is not None else 0)
    version = row.version if row is not None else newest + 1
    config = DesiredConfig(
        version,
        {AssetAddress.parse(asset): document for asset, document in feedback.items()},
        {AssetAddress.parse(asset): str(model) for asset, model in promote.items()},
    )
    if row is not None and config.hash == row.hash and not _is_ahead(row, told):
        return None
    return replace(config, version=newest + 1)


def _is_ahead(row: DesiredRecord, told: ReportedConfig | None) -> bool:
    """A gateway that runs what we never wrote: this database is an older copy, or the gateway came from elsewhere."""
    if told is None or told.version < row.version:
        return False
    return told.version > row.version or told.hash != row.hash


def _save(session: Session, gateway: Gateway, config: DesiredConfig, now_ns: int) -> None:
    row = session.get(DesiredRecord, gateway.id)
    if row is None:
        row = DesiredRecord(gateway=gateway.id)
        session.add(row)
    content: Mapping[str, Any] = config.content
    row.version, row.hash, row.made_ns = config.version, config.hash, now_ns
    row.feedback, row.promote = content["feedback"], content["promote"]
    session.flush()
    detail = {"version": str(config.version), "hash": config.hash, "assets": sorted(map(str, config.assets))}
    audit.append(
        session,
        actor=_ACTOR,
        action="gateway.config",
        subject=gateway.id,
        at_ns=now_ns,
        enterprise=gateway.enterprise,
        detail=detail,
    )


def _state(row: DesiredRecord | None, told: ReportedConfig | None) -> ConfigState:
    if row is None:
        return "none"
    if told is None:
        return "silent"
    if (told.version, told.hash) == (row.version, row.hash):
        return "applied"
    return "refused" if told.refused else "waiting"
