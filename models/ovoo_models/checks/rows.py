"""Rows for the checks: a machine at work, and whatever else a stream may hold."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

from ovoo_models.base import FrameBlock

__all__ = ["START_NS", "normal_rows", "odd_rows"]

START_NS: Final = 1_767_200_400_000_000_000
_SECOND: Final = 1_000_000_000
_WILD: Final = (0.0, -0.0, 1e29, -1e29, 1e-308, 1.0)


def normal_rows(columns: Sequence[str], rows: int = 7000, gate: str = "", seed: int = 1) -> FrameBlock:
    """A minute a row: every column follows one daily load in its own proportion, with noise; the gate is 1, 0 at night.

    Columns are positive and correlated, as signals of one machine are; without a gate the machine never stops.
    """
    rng = random.Random(seed)  # noqa: S311  # rows that are the same everywhere, no secret
    block = FrameBlock.empty(len(columns))
    slow = 0.0
    for i in range(rows):
        hour = i / 60
        running = 0.0 if gate and hour % 24 > 20 else 1.0
        slow += 0.02 * (rng.gauss(0, 1) - slow)
        load = running * (60 + 20 * math.sin(hour * math.pi / 12) + 10 * slow + rng.gauss(0, 0.5))
        block.time_ns.append(START_NS + i * 60 * _SECOND)
        for k, name in enumerate(columns):
            scale = 1.0 + 0.5 * k
            block.values.append(running if name == gate else 5.0 * k + scale * load + rng.gauss(0, 0.5 * scale))
    return block


def odd_rows(width: int, rows: int = 300, seed: int = 7) -> FrameBlock:
    """NaN, gaps and steps back in time, equal times, constants, huge and tiny values."""
    rng = random.Random(seed)  # noqa: S311  # rows that are the same everywhere, no secret
    block = FrameBlock.empty(width)
    at = START_NS
    for i in range(rows):
        at += rng.choice([5, 5, 5, 60, 60, 60, 120, 4000, 0, -30 if i % 97 == 0 else 5]) * _SECOND
        block.time_ns.append(at)
        for _ in range(width):
            kind, value = rng.random(), rng.gauss(50, 20)
            if kind < 0.08:
                value = math.nan
            elif kind < 0.12:
                value = rng.choice(_WILD)
            elif kind < 0.3:
                value = 50.0
            block.values.append(value)
    return block
