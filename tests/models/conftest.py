"""Streams that look like a machine, for the tests of the models."""

from __future__ import annotations

import math
import random
from array import array
from pathlib import Path

import pytest
from ovoo_contract.samples import SampleBatch
from ovoo_models.base import FrameBlock

SECOND = 1_000_000_000
START = 1_767_200_400 * SECOND
DATA = Path(__file__).parents[3] / "shared" / "data"


def need_data(name: str) -> Path:
    """The shared data set, or a skip that names what is missing."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"data set missing: {path}")
    return path


def machine(rows: int, seed: int = 1, step_s: int = 60, fault_from: int | None = None) -> FrameBlock:
    """Columns running, load, power, temperature: a pump with a daily pattern; the fault adds 12 % power."""
    rng = random.Random(seed)
    block = FrameBlock.empty(4)
    slow = 0.0
    for i in range(rows):
        at = START + i * step_s * SECOND
        hour = i * step_s / 3600
        running = 0.0 if hour % 24 > 20 else 1.0
        slow += 0.02 * (rng.gauss(0, 1) - slow)
        load = running * (60 + 20 * math.sin(hour * 2 * math.pi / 24) + 10 * slow + rng.gauss(0, 0.5))
        power = running * (20 + 1.5 * load + rng.gauss(0, 0.8))
        temperature = 25 + 0.3 * power + rng.gauss(0, 0.3)
        if fault_from is not None and i >= fault_from:
            power *= 1.12
        block.time_ns.append(at)
        block.values.extend([running, load, power, temperature])
    return block


def odd_rows(rows: int, width: int, seed: int) -> FrameBlock:
    """Whatever a stream may hold: NaN, gaps and steps back in time, constants, huge and tiny values."""
    rng = random.Random(seed)
    block = FrameBlock.empty(width)
    at = START
    for i in range(rows):
        at += rng.choice([5, 5, 5, 60, 60, 60, 120, 4000, -30 if i % 97 == 0 else 5]) * SECOND
        block.time_ns.append(at)
        for _ in range(width):
            kind = rng.random()
            value = rng.gauss(50, 20)
            if kind < 0.08:
                value = math.nan
            elif kind < 0.12:
                value = rng.choice([0.0, -0.0, 1e308, -1e308, 1e-308, 1.0])
            elif kind < 0.3:
                value = 50.0
            block.values.append(value)
    return block


def to_batch(block: FrameBlock) -> SampleBatch:
    """The cells as samples in order of time; NaN becomes a bad sample."""
    batch = SampleBatch.empty()
    for i, at in enumerate(block.time_ns):
        for k in range(block.width):
            value = block.values[i * block.width + k]
            batch.signal.append(k)
            batch.time_ns.append(at)
            batch.value.append(value)
            batch.quality.append(0x80000000 if math.isnan(value) else 0)
    return batch


def doubles(*values: float) -> array[float]:
    """An array of doubles."""
    return array("d", values)
