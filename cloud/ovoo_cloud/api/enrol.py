"""Enrolment of gateways: a one-time token is exchanged for a certificate."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from ovoo_contract.errors import Unauthenticated
from pydantic import BaseModel, Field, SecretStr

from ovoo_cloud.access import enrolment
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedByToken, KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.settings import Settings

__all__ = ["redemption", "router"]

router = APIRouter(prefix="/api/v1", tags=["enrolment"], route_class=KeyedRoute)
redemption = APIRouter(prefix="/api/v1", tags=["enrolment"], route_class=KeyedByToken)
Inviter = Annotated[Scope, Depends(require(Permission.ENROL))]


class Invitation(BaseModel):
    """How long a one-time token may be used."""

    hours: int = Field(24, ge=1, le=720)


class EnrolBody(BaseModel):
    """What a gateway sends: its token and a certificate request (PEM) with its id as common name."""

    token: SecretStr = Field(max_length=200)
    gateway: str = Field(max_length=63)
    csr_pem: str = Field(max_length=16_384)


@router.post("/gateways/{gateway}/enrol-tokens", status_code=201)
def invite(gateway: str, body: Invitation, services: ServicesDep, scope: Inviter) -> dict[str, Any]:
    """A one-time token for a registered gateway; its text is shown this once. An earlier unused one ends."""
    with services.database.write() as session:
        issued = enrolment.invite(session, scope, gateway, lifetime_s=body.hours * 3600, now_ns=services.clock())
    return {"id": issued.id, "gateway": issued.gateway, "token": issued.text, "expires": to_iso(issued.expires_ns)}


@redemption.post("/enrol", status_code=201)
def enrol(body: EnrolBody, services: ServicesDep) -> dict[str, Any]:
    """Signs the request and uses the token up; no other credential is needed."""
    authority = Authority(services.settings.authority_dir)
    with services.database.write() as session:
        done = enrolment.redeem(
            session, authority, body.token.get_secret_value(), body.csr_pem.encode(), services.clock()
        )
        if done.gateway != body.gateway:  # raised inside the transaction: the token stays usable
            raise Unauthenticated(
                "this token is for another gateway", offender=body.gateway, remedy="use the gateway's own token"
            )
    return {
        "gateway": done.gateway,
        "enterprise": done.enterprise,
        "sites": list(done.sites),
        "certificate_pem": done.certificate.certificate_pem.decode("ascii"),
        "ca_pem": done.certificate.ca_pem.decode("ascii"),
        "serial": done.certificate.serial,
        "expires": to_iso(done.certificate.expires_ns),
        "broker": _broker(services.settings),
    }


def _broker(settings: Settings) -> dict[str, Any]:
    """Where the gateway will deliver to; empty where this cloud has no broker."""
    broker = settings.gateway_broker
    return {} if broker is None else dataclasses.asdict(broker)
