"""Words and states that several chapters share."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from ovoo_cloud.reports.nodes import Facts, Inline, key, name, plain

__all__ = ["change_words", "insufficient_words", "machine", "place", "state_of"]

_COMPLETE = Decimal(98)
State = Literal["complete", "partial", "insufficient"]


def state_of(facts: Facts) -> State:
    """How complete the meters' data is: 98 % of minutes or more, less, or too little for a month's figure."""
    share = facts.figures["data.percent"]["value"]
    energy = facts.figures["energy.kwh"]
    if share is None or (energy["value"] is None and energy["low"] is None):
        return "insufficient"
    return "complete" if Decimal(share) >= _COMPLETE else "partial"


def insufficient_words(facts: Facts) -> Inline:
    """That the month is not known, with the part that was metered where there is one."""
    share, part = facts.figure("data.percent"), facts.figure("energy.measured")
    if facts.known("energy.measured"):
        return key("month.energy.insufficient", share=share, part=part)
    return key("month.energy.silent")


def machine(facts: Facts, which: str) -> Inline:
    """The name of a machine of the register."""
    return name(facts.machine_names().get(which), which)


def place(address: str) -> Inline:
    """An address without the enterprise."""
    return plain(address.partition("/")[2])


def change_words(facts: Facts) -> Inline:
    """The change of energy a day against the month before, or that it is not known."""
    if not facts.known("energy.change"):
        return key("month.card.no_change")
    value = Decimal(facts.figures["energy.change"]["value"])
    which = "more" if value > 0 else "less" if value < 0 else "same"
    return key(f"month.card.{which}", change=facts.figure("energy.change"))
