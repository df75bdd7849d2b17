"""Rules of registers that look at other rows: bids and their calls, certificates and the courses that were held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.standing_rows import StandingRows

__all__ = ["bid_fault", "call_fault", "certificate_fault"]

_DECIDED: Final = ("awarded", "rejected")


def call_fault(rows: StandingRows, call_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """A call is awarded to somebody whose bid was chosen, and accepted with its document."""
    state, winner = content["state"], content["claimed_by"]
    if state in ("claimed", "accepted"):
        if winner is None:
            return ConfigError("awarded to nobody", offender="claimed_by", remedy="name the provider of the chosen bid")
        if not rows.alike("bid", call=call_id, state="awarded", bidder=winner):
            remedy = "register the bid of that provider and choose it first"
            return ConfigError("no bid of theirs is chosen", offender="claimed_by", value=winner, remedy=remedy)
    if state == "accepted" and not (content["acceptance_document"] and content["accepted_on"]):
        return ConfigError(
            "accepted without its document", offender="acceptance_document", remedy="name document and date"
        )
    return None


def bid_fault(rows: StandingRows, _entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """A bid comes before the deadline, a decision has reason and document, and one bid of a call is chosen."""
    call = rows.session.get(RegisterEntry, ("open_bid", content["call"]))
    deadline = None if call is None else call.content.get("deadline")
    if deadline is not None and content["date"] > deadline:
        return ConfigError("after the deadline", offender="date", value=content["date"], remedy=f"until {deadline}")
    if content["state"] in _DECIDED and not (content["reason"] and content["award_document"]):
        remedy = "write the reason, and name the document of the decision"
        return ConfigError("decided without evidence", offender="award_document", remedy=remedy)
    if content["state"] == "awarded":
        chosen = rows.alike("bid", call=content["call"], state="awarded")
        others = [row for row in chosen.values() if row["bidder"] != content["bidder"]]
        if others:
            return ConfigError(
                "another bid is chosen", offender="state", value=others[0]["bidder"], remedy="take that one back first"
            )
    return None


def certificate_fault(rows: StandingRows, entry_id: str, content: Mapping[str, Any]) -> ConfigError | None:
    """Certificates belong to a course that was held, and are not more than the heads that attended."""
    if content["valid_until"] is not None and content["valid_until"] < content["date"]:
        return ConfigError(
            "ends before it begins", offender="valid_until", value=content["valid_until"], remedy="swap them"
        )
    held = {name: content[name] for name in ("course", "date", "enterprise")}
    heads = sum(row["heads"] for row in rows.alike("attendance", **held).values())
    if not heads:
        remedy = "enter the attendance of that course, day and enterprise first"
        return ConfigError("no such attendance", offender="date", value=content["date"], remedy=remedy)
    given = rows.alike("certificate", **held)
    if len(given) - (entry_id in given) >= heads:
        return ConfigError(
            "more certificates than heads", offender="number", value=content["number"], remedy=f"{heads} attended"
        )
    return None
