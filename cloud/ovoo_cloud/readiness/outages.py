"""Whose fault missing minutes are: everything of the site silent, one machine's source, or a single signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ovoo_cloud.readiness.survey import MachineSurvey

__all__ = ["Outages", "outages"]


@dataclass(frozen=True, slots=True)
class Outages:
    """Signal-minutes without good data: while nothing of the site came, nothing of the machine, or only not this.

    They add up to all that is missing.
    """

    site: int
    machine: int
    signal: int


def outages(machines: Sequence[MachineSurvey]) -> Outages:
    """Counts over all machines of a site; a machine of one signal counts as its source."""
    if not machines:
        return Outages(0, 0, 0)
    alive = np.logical_or.reduce([each.alive for each in machines])
    dark = int(np.count_nonzero(~alive))
    site = source = missing = 0
    for each in machines:
        count = len(each.signals)
        site += dark * count
        source += int(np.count_nonzero(alive & ~each.alive)) * count
        missing += sum(one.facts.minutes - one.facts.covered for one in each.signals)
    return Outages(site, source, missing - site - source)
