"""Where the planned time of a machine goes: stops, slow running, rejects, and what is left as good running hours.

Slow running and rejects are output that is missing at the ideal rate, written as hours of it.
"""

from __future__ import annotations

from typing import Final

from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input

__all__ = ["LOSSES", "loss_figures"]

LOSSES: Final = ("availability", "performance", "quality")
"""The steps of the waterfall in order; each is a figure `<stem>.loss_<step>_h`."""


def loss_figures(stem: str, book: FigureBook) -> None:
    """Hours lost by cause, `<stem>.net_h` at the ideal rate, and `<stem>.good_h` of good output.

    What one of them lacks makes it insufficient, with the reason of the figure it lacks.

    Args:
        stem: of the machine's OEE figures.
        book: holds planned and running hours, ideal rate, output and good output under `stem`.
    """
    planned, running = book[f"{stem}.planned_h"], book[f"{stem}.running_h"]
    net = _hours_of(f"{stem}.net_h", f"{stem}.output", stem, book)
    good = _hours_of(f"{stem}.good_h", f"{stem}.good", stem, book)
    for loss, (before, after) in zip(LOSSES, ((planned, running), (running, net), (net, good)), strict=True):
        book.derived(f"{stem}.loss_{loss}_h", "difference/1", [before, after], unit="h", digits=1)


def _hours_of(name: str, amount: str, stem: str, book: FigureBook) -> Figure:
    inputs: list[Figure | Input] = [book[amount], book[f"{stem}.ideal_per_h"]]
    return book.derived(name, "ratio/1", inputs, unit="h", digits=1)
