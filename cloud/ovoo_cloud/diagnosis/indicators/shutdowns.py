"""Planned shutdowns that a case tells, as minutes: checked ones leave the window, claimed ones widen the range."""

from __future__ import annotations

import numpy as np

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.observe import MINUTE_NS, Flags, Window

__all__ = ["stops_of"]


def stops_of(case: Case, machine: Machine, window: Window) -> tuple[Flags, Flags]:
    """Minutes in which the machine was planned to stand: (verified by documents, only declared).

    A minute that both tell is verified.
    """
    checked, claimed = (np.zeros(window.minutes, dtype=np.bool_) for _ in range(2))
    for stop in case.operation.shutdowns:
        if stop.machines and machine.id not in stop.machines:
            continue
        begin = max(0, -((window.start_ns - stop.start_ns) // MINUTE_NS))
        end = max(0, (stop.end_ns - window.start_ns) // MINUTE_NS)
        (checked if stop.cls == "verified" else claimed)[begin:end] = True
    return checked, claimed & ~checked
