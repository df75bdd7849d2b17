"""What gateways account for: every signal's samples hour by hour, and what was lost with cause and interval.

A report is kept as it came, some kilobytes an hour for a thousand signals, and opened when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.completeness import HOUR_NS, HourReport, LostInterval, SignalHour
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import CatalogueRecord, Gateway, HourReportRecord

__all__ = ["Account", "SignalAccount", "UnknownLoss", "accounts", "record"]

_NO_SIGNAL: Final = -1


@dataclass(frozen=True, slots=True)
class SignalAccount:
    """One signal in one hour as its gateway accounts for it."""

    gateway: str
    address: str
    hour_ns: int
    made_ns: int
    counts: SignalHour
    lost: tuple[LostInterval, ...]


@dataclass(frozen=True, slots=True)
class UnknownLoss:
    """Samples lost of which a damaged spool no longer tells the signal."""

    gateway: str
    interval: LostInterval


@dataclass(frozen=True, slots=True)
class Account:
    """Accounts of a site or a part of it, by address, hour and gateway.

    Attributes:
        signals: one per signal, hour and gateway that reported it.
        unknown: losses without a signal; only where the whole site was asked for.
        withheld: most signals of an hour that a gateway did not speak of because of their data class.
    """

    signals: Sequence[SignalAccount]
    unknown: Sequence[UnknownLoss]
    withheld: int


def record(session: Session, gateway: str, report: HourReport, now_ns: int) -> bool:
    """Keeps a report; False when the one that is there was made later or at the same time."""
    first = report.signals[0].signal if report.signals else _NO_SIGNAL
    key = (gateway, report.hour * HOUR_NS, report.catalogue_id, first)
    row = session.get(HourReportRecord, key, with_for_update=True)
    if row is not None and row.made_ns >= report.made_ns:
        return False
    if row is None:
        row = HourReportRecord(gateway=gateway, hour_ns=key[1], catalogue_id=report.catalogue_id, first_signal=first)
        session.add(row)
    row.made_ns, row.received_ns, row.content = report.made_ns, now_ns, report.to_bytes()
    session.flush()
    return True


def accounts(
    session: Session,
    scope: Scope,
    enterprise: str,
    site: str,
    start_ns: int,
    end_ns: int,
    *,
    asset: str | None = None,
    signal: str | None = None,
) -> Account:
    """The hours that start in [start_ns, end_ns).

    Args:
        session: of the catalogue database.
        scope: of the caller.
        enterprise, site: NotFound when absent or foreign.
        start_ns, end_ns: UTC.
        asset: full path of one machine; None = all.
        signal: full address of one signal; None = all.
    """
    scope = scope.under(Permission.READ_TELEMETRY)
    enterprises.site(session, scope, enterprise, site)
    newest: dict[tuple[str, int, str], SignalAccount] = {}
    unknown: list[UnknownLoss] = []
    withheld = 0
    prefix = f"{asset or f'{enterprise}/{site}'}/"
    for gateway, report, catalogue in _reports(session, enterprise, site, start_ns, end_ns):
        withheld = max(withheld, report.withheld)
        unknown += [UnknownLoss(gateway, item) for item in report.lost if item.signal is None]
        for found in _opened(gateway, report, catalogue):
            wanted = found.address == signal if signal else found.address.startswith(prefix)
            key = (found.address, found.hour_ns, gateway)
            if wanted and (key not in newest or newest[key].made_ns < found.made_ns):
                newest[key] = found
    whole = asset is None and signal is None
    return Account([newest[key] for key in sorted(newest)], unknown if whole else [], withheld)


def _reports(
    session: Session, enterprise: str, site: str, start_ns: int, end_ns: int
) -> Iterator[tuple[str, HourReport, Catalogue]]:
    known: dict[tuple[str, str], Catalogue | None] = {}
    gateways = session.scalars(select(Gateway).where(Gateway.enterprise == enterprise).order_by(Gateway.id)).all()
    for gateway in gateways:
        if site not in gateway.sites:
            continue
        rows = session.scalars(
            select(HourReportRecord)
            .where(
                HourReportRecord.gateway == gateway.id,
                HourReportRecord.hour_ns >= start_ns,
                HourReportRecord.hour_ns < end_ns,
            )
            .order_by(HourReportRecord.hour_ns, HourReportRecord.first_signal)
        )
        for row in rows:
            key = (gateway.id, row.catalogue_id)
            if key not in known:
                held = session.get(CatalogueRecord, key)
                known[key] = None if held is None else Catalogue.from_json(held.content)
            catalogue = known[key]
            if catalogue is not None:
                yield gateway.id, HourReport.from_bytes(row.content), catalogue


def _opened(gateway: str, report: HourReport, catalogue: Catalogue) -> Iterator[SignalAccount]:
    lost: dict[int, list[LostInterval]] = {}
    for item in report.lost:
        if item.signal is not None:
            lost.setdefault(item.signal, []).append(item)
    for row in report.signals:
        address = str(catalogue.entries[row.signal].address)
        hour_ns = report.hour * HOUR_NS
        yield SignalAccount(gateway, address, hour_ns, report.made_ns, row, tuple(lost.get(row.signal, ())))
