"""Bills of a site as people enter them: what a baseline of bills is made from."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.savings.bill_periods import KINDS, Bill, BillKind
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.bill_tables import EnteredBill

__all__ = ["NewBill", "bill_of", "bills", "enter", "withdraw"]

_LARGEST: Final = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class NewBill:
    """A bill as entered: `kwh` and `amounts` are decimal text; a difference (`adds`) may be below nought."""

    start_ns: int
    end_ns: int
    kwh: str
    kind: str
    document: str
    amounts: Mapping[str, str] = field(default_factory=dict)


def enter(
    session: Session, scope: Scope, enterprise: str, site: str, given: Sequence[NewBill], now_ns: int
) -> list[EnteredBill]:
    """Keeps bills, all or none. What contradicts another bill is kept and told when a baseline is made.

    Raises:
        ConfigError: no document, a number that is none, no such kind, or a bill that ends before it starts.
    """
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    rows = []
    for number, each in enumerate(given, start=1):
        _check(each, f"bill {number}")
        row = EnteredBill(
            id=f"bill_{secrets.token_hex(8)}", enterprise=enterprise, site=site, start_ns=each.start_ns,
            end_ns=each.end_ns, kwh=each.kwh, kind=each.kind, document=each.document.strip(),
            amounts=dict(each.amounts), entered_by=scope.user, entered_ns=now_ns, withdrawn_by="", withdrawn_ns=None,
        )  # fmt: skip
        session.add(row)
        rows.append(row)
    session.flush()
    for row in rows:
        detail = {"document": row.document, "kwh": row.kwh, "kind": row.kind, "start_ns": str(row.start_ns)}
        _audit(session, scope, row, "energy.bill_entered", now_ns, detail)
    return rows


def bills(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[EnteredBill]:
    """The bills of a site that count, by period, then as they were entered."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(EnteredBill).where(EnteredBill.enterprise == enterprise, EnteredBill.site == site)
    query = query.where(EnteredBill.withdrawn_ns.is_(None))
    order = (EnteredBill.start_ns, EnteredBill.end_ns, EnteredBill.entered_ns, EnteredBill.id)
    return session.scalars(query.order_by(*order)).all()


def withdraw(session: Session, scope: Scope, enterprise: str, site: str, bill_id: str, now_ns: int) -> None:
    """Takes a bill out that was entered by mistake; once more changes nothing. NotFound unless it is of the site."""
    scope = scope.under(Permission.SET_ENERGY)
    scope.require_site(enterprise, site, bill_id)
    row = session.get(EnteredBill, bill_id)
    if row is None or (row.enterprise, row.site) != (enterprise, site):
        raise absent(f"bill {bill_id}")
    if row.withdrawn_ns is not None:
        return
    row.withdrawn_by, row.withdrawn_ns = scope.user, now_ns
    _audit(session, scope, row, "energy.bill_withdrawn", now_ns, {"document": row.document, "kwh": row.kwh})
    session.flush()


def bill_of(row: EnteredBill) -> Bill:
    """The bill as the models take it."""
    return Bill(row.start_ns, row.end_ns, float(row.kwh), cast("BillKind", row.kind), row.document)


def _check(bill: NewBill, offender: str) -> None:
    if not bill.document.strip():
        raise ConfigError("a bill without its document", offender=offender, value="", remedy="its number or file")
    if bill.kind not in KINDS:
        raise ConfigError("no such bill", offender=f"{offender} kind", value=bill.kind, remedy=f"one of {KINDS}")
    if bill.end_ns <= bill.start_ns:
        value = f"{bill.start_ns} to {bill.end_ns}"
        raise ConfigError("a bill ends before it starts", offender=offender, value=value, remedy="swap the dates")
    for name, text in {"kwh": bill.kwh, **bill.amounts}.items():
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > _LARGEST:
            remedy = 'a decimal number as text: "12500.5"'
            raise ConfigError("not an amount", offender=f"{offender} {name}", value=text, remedy=remedy)


def _audit(
    session: Session, scope: Scope, row: EnteredBill, action: str, now_ns: int, detail: Mapping[str, Any]
) -> None:
    audit.append(
        session, actor=scope.user, action=action, subject=row.id, at_ns=now_ns, enterprise=row.enterprise, detail=detail
    )
