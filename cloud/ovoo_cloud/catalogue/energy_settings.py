"""What a site chose for its energy figures."""

from __future__ import annotations

from ovoo_contract.errors import ConfigError
from ovoo_packs import load_tariffs
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.tables import EnergySetting

__all__ = ["choose_tariff", "chosen_tariff"]


def chosen_tariff(session: Session, scope: Scope, enterprise: str, site: str) -> EnergySetting | None:
    """The tariff of a site, None where nobody chose one: then no cost is shown."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    found = session.get(EnergySetting, (enterprise, site))
    return found if found is not None and found.tariff else None


def choose_tariff(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    *,
    tariff: str,
    source: str,
    flat_price_yuan: float | None = None,
    now_ns: int,
) -> EnergySetting:
    """Sets the tariff of a site, the price of its flat band in yuan per kWh and the document it comes from.

    Without a price the bands are shown in kWh only; an empty tariff takes the choice back.
    """
    scope = scope.under(Permission.SET_ENERGY)
    if tariff:
        load_tariffs().get(tariff)
    if flat_price_yuan is not None and not (0 < flat_price_yuan < 100 and source):
        raise ConfigError(
            "a price needs its document", code="tariff.price_needs_its_document", offender="flat_price_yuan",
            value=flat_price_yuan, remedy="name the source",
        )  # fmt: skip
    enterprises.site(session, scope, enterprise, site)
    found = session.get(EnergySetting, (enterprise, site))
    if found is None:
        found = EnergySetting(enterprise=enterprise, site=site)
        session.add(found)
    found.tariff, found.source, found.flat_price_yuan = tariff, source, flat_price_yuan
    found.updated_by, found.updated_ns = scope.user, now_ns
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="energy.tariff",
        subject=f"{enterprise}/{site}",
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"tariff": tariff, "source": source, "flat_price_yuan": flat_price_yuan},
    )
    return found
