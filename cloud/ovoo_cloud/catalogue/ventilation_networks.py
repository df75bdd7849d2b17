"""The ventilation networks of mine sites: every version stays, with its author and document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ovoo_contract.address import Address
from ovoo_contract.errors import ConfigError, NotFound, OvooError
from ovoo_models.efficiency.ventilation import Instrument, mine_table, solve
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.energy_tables import VentilationNetwork
from ovoo_cloud.catalogue.tables import Site

__all__ = ["LONGEST_CSV", "address_of", "network", "save_network", "versions"]

LONGEST_CSV: Final = 1_000_000
"""Characters of the longest table that is kept."""
_LISTED: Final = 100
_YEAR_HOURS: Final = 8784


def network(
    session: Session, scope: Scope, enterprise: str, site: str, version: int | None = None
) -> VentilationNetwork | None:
    """The newest version, None where nobody gave a network; or the version asked for.

    Raises:
        NotFound: the site is outside the scope, or has no such version.
    """
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if version is None:
        newest = _of(enterprise, site).limit(1)
        return session.scalars(newest).first()
    found = session.get(VentilationNetwork, (enterprise, site, version))
    if found is None:
        raise NotFound(
            "not found", code="ventilation.no_network", offender=f"{enterprise}/{site} version {version}",
            remedy="list the versions",
        )  # fmt: skip
    return found


def versions(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[VentilationNetwork]:
    """The newest hundred versions, newest first."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    return session.scalars(_of(enterprise, site).limit(_LISTED)).all()


def save_network(
    session: Session, scope: Scope, enterprise: str, site: str, *, csv: str, document: str,
    hours_per_year: float | None, now_ns: int,
) -> VentilationNetwork:  # fmt: skip
    """Adds a version; the versions before it stay.

    Raises:
        ConfigError: the table is no network that can be solved, names a signal of another site, or has no document.
    """
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if not document:
        raise ConfigError(
            "a network needs its document", code="ventilation.network_needs_its_document", offender="document",
            value=document, remedy="name the survey",
        )  # fmt: skip
    if len(csv) > LONGEST_CSV:
        raise ConfigError(
            "the table is too long", code="ventilation.table_too_long", slots={"most": LONGEST_CSV}, offender="csv",
            value=len(csv), remedy=f"at most {LONGEST_CSV}",
        )  # fmt: skip
    if hours_per_year is not None and not 0 < hours_per_year <= _YEAR_HOURS:
        raise ConfigError(
            "no such hours", code="ventilation.no_such_hours", offender="hours_per_year", value=hours_per_year,
            remedy="0 to 8784",
        )  # fmt: skip
    table = mine_table(csv)
    for each in table.instruments:
        address_of(each, enterprise, site)
    solve(table.network)
    # two people who upload at once get two versions
    session.execute(select(Site.id).where(Site.enterprise == enterprise, Site.id == site).with_for_update())
    last = session.scalars(_of(enterprise, site).limit(1)).first()
    row = VentilationNetwork(
        enterprise=enterprise, site=site, version=last.version + 1 if last else 1, csv=csv,
        sha256=table.sha256, document=document, hours_per_year=hours_per_year, made_by=scope.user, made_ns=now_ns,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="energy.ventilation",
        subject=f"{enterprise}/{site}",
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"version": row.version, "sha256": row.sha256, "document": document, "hours_per_year": hours_per_year},
    )
    return row


def address_of(instrument: Instrument, enterprise: str, site: str) -> Address:
    """The signal of an instrument, written whole or from the area on; ConfigError where it is not of the site."""
    words, home = instrument.signal, f"{enterprise}/{site}/"
    try:
        found = Address.parse(words if words.count("/") > 3 else home + words)
    except OvooError as error:
        raise ConfigError(
            "no address of a signal", code="ventilation.no_address_of_signal", offender=f"airway {instrument.airway}",
            value=words,
            remedy="area/line/asset/signal of this site",
        ) from error  # fmt: skip
    if not str(found).startswith(home):
        raise ConfigError(
            "a signal of another site", code="ventilation.signal_of_another_site",
            offender=f"airway {instrument.airway}", value=words,
            remedy="area/line/asset/signal of this site",
        )  # fmt: skip
    return found


def _of(enterprise: str, site: str) -> Select[VentilationNetwork]:
    mine = (VentilationNetwork.enterprise == enterprise, VentilationNetwork.site == site)
    return select(VentilationNetwork).where(*mine).order_by(VentilationNetwork.version.desc())
