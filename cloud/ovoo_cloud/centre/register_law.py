"""Rules of registers that look at other rows: bids and their calls, certificates and the courses that were held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.centre_tables import RegisterEntry

__all__ = ["bid_fault", "call_fault", "certificate_fault"]

_DECIDED: Final = ("awarded", "rejected")


def call_fault(session: Session, call_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """A call is awarded to somebody whose bid was chosen, and accepted with its document."""
    state, winner = content["state"], content["claimed_by"]
    if state in ("claimed", "accepted"):
        if winner is None:
            return ConfigError("awarded to nobody", offender="claimed_by", remedy="name the provider of the chosen bid")
        bids = [row for row in _rows(session, "bid") if row["call"] == call_id and row["state"] == "awarded"]
        if not any(row["bidder"] == winner for row in bids):
            remedy = "register the bid of that provider and choose it first"
            return ConfigError("no bid of theirs is chosen", offender="claimed_by", value=winner, remedy=remedy)
    if state == "accepted" and not (content["acceptance_document"] and content["accepted_on"]):
        return ConfigError(
            "accepted without its document", offender="acceptance_document", remedy="name document and date"
        )
    return None


def bid_fault(session: Session, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """A bid comes before the deadline, a decision has reason and document, and one bid of a call is chosen."""
    call = session.get(RegisterEntry, ("open_bid", content["call"]))
    deadline = None if call is None else call.content.get("deadline")
    if deadline is not None and content["date"] > deadline:
        return ConfigError("after the deadline", offender="date", value=content["date"], remedy=f"until {deadline}")
    if content["state"] in _DECIDED and not (content["reason"] and content["award_document"]):
        remedy = "write the reason, and name the document of the decision"
        return ConfigError("decided without evidence", offender="award_document", remedy=remedy)
    if content["state"] == "awarded":
        others = [
            row for row in _rows(session, "bid")
            if row["call"] == content["call"] and row["state"] == "awarded" and row["bidder"] != content["bidder"]
        ]  # fmt: skip
        if others:
            return ConfigError(
                "another bid is chosen", offender="state", value=others[0]["bidder"], remedy="take that one back first"
            )
    return None


def certificate_fault(session: Session, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """Certificates belong to a course that was held, and are not more than the heads that attended."""
    if content["valid_until"] is not None and content["valid_until"] < content["date"]:
        return ConfigError(
            "ends before it begins", offender="valid_until", value=content["valid_until"], remedy="swap them"
        )

    def same(row: Mapping[str, Any]) -> bool:
        return all(row.get(name) == content[name] for name in ("course", "date", "enterprise"))

    heads = sum(row["heads"] for row in _rows(session, "attendance") if same(row))
    if not heads:
        remedy = "enter the attendance of that course, day and enterprise first"
        return ConfigError("no such attendance", offender="date", value=content["date"], remedy=remedy)
    given = [row for row in _rows(session, "certificate") if same(row) and row["number"] != content["number"]]
    if len(given) >= heads:
        return ConfigError(
            "more certificates than heads", offender="number", value=content["number"], remedy=f"{heads} attended"
        )
    return None


def _rows(session: Session, kind: str) -> Sequence[Mapping[str, Any]]:
    query = select(RegisterEntry.content).where(RegisterEntry.kind == kind, RegisterEntry.withdrawn.is_(False))
    return session.scalars(query).all()
