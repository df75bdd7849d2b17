"""Meter trees drawn at random, weeks of flows through them, and meters with errors of their class and one more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from ovoo_models.efficiency.balance import Meter, MeterTree
from ovoo_models.efficiency.balance.tree import Carrier

__all__ = ["Plant", "draw_plant"]

METERS, CLASS_PERCENT, NOISE = 40, 0.5, 0.002
STEPS_A_DAY = 96
UNITS: tuple[tuple[Carrier, str], ...] = (("electricity", "kWh"), ("steam", "t"), ("water", "m3"), ("air", "m3"))
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Plant:
    """A tree, the true flows (rows x meters) and its meters' own gains, which lie anywhere within their class."""

    tree: MeterTree
    truth: Doubles
    gains: Doubles

    def readings(self, rng: np.random.Generator, biased: int, form: Literal["gain", "offset"], size: float) -> Doubles:
        """With `size` (a share) on one meter: of each reading, or of its mean as a fixed amount."""
        read = self.truth * (1.0 + self.gains) * (1.0 + NOISE * rng.standard_normal(self.truth.shape))
        if form == "gain":
            read[:, biased] *= 1.0 + size
        else:
            read[:, biased] += size * self.truth[:, biased].mean()
        read = np.maximum(read, 0.0)
        read[rng.random(read.shape) < 0.002] = np.nan
        return read

    def snapshot(self, rng: np.random.Generator, biased: int, size: float) -> dict[str, float]:
        """One reading each: the sums of a day, errors within the class and `size` on one meter."""
        day = self.truth[:STEPS_A_DAY].sum(axis=0)
        errors = rng.uniform(-1.0, 1.0, len(day)) * CLASS_PERCENT / 100.0
        read = day * (1.0 + errors)
        read[biased] *= 1.0 + size
        return dict(zip((each.name for each in self.tree.meters), read.tolist(), strict=True))


def draw_plant(rng: np.random.Generator, days: int = 30, meters: int = METERS) -> Plant:
    """Two to four carriers, two to six meters under a node, loads that follow production and a life of their own."""
    carriers = rng.permutation(4)[: rng.integers(2, 5)]
    shares = rng.dirichlet(np.full(len(carriers), 4.0))
    counts = np.maximum(np.round(shares * meters).astype(int), 5)
    while counts.sum() != meters:
        counts[np.argmax(counts) if counts.sum() > meters else np.argmin(counts)] += 1 if counts.sum() < meters else -1
    made: list[Meter] = []
    columns: list[Doubles] = []
    production = _production(rng, days)
    for carrier, count in zip(carriers, counts, strict=True):
        name, unit = UNITS[carrier]
        part = _tree(rng, name, unit, int(count))
        made += part
        columns += _flows(rng, part, production)
    gains = rng.uniform(-1.0, 1.0, meters) * CLASS_PERCENT / 100.0
    return Plant(MeterTree(tuple(made)), np.stack(columns, axis=1), gains)


def _tree(rng: np.random.Generator, carrier: Carrier, unit: str, count: int) -> list[Meter]:
    made = [Meter(f"{carrier} 0", carrier, unit, CLASS_PERCENT)]
    open_nodes = [0]
    while len(made) < count:
        at = open_nodes.pop(int(rng.integers(len(open_nodes))))
        room = count - len(made)
        children = int(rng.integers(2, 7))
        if room - children < 2:
            children = room
        for _ in range(min(children, room)):
            open_nodes.append(len(made))
            made.append(Meter(f"{carrier} {len(made)}", carrier, unit, CLASS_PERCENT, parent=made[at].name))
    parents = {each.parent for each in made}
    leaves = [i for i, each in enumerate(made) if each.name not in parents]
    for i in leaves:
        if rng.random() < 0.1:
            siblings = [k for k in leaves if made[k].parent == made[i].parent and made[k].direction == "use"]
            if len(siblings) > 2:
                made[i] = replace(made[i], direction="feed")
    return made


def _flows(rng: np.random.Generator, part: list[Meter], production: Doubles) -> list[Doubles]:
    at = {each.name: k for k, each in enumerate(part)}
    parents = {each.parent for each in part}
    flows = [np.zeros(len(production)) for _ in part]
    for k in range(len(part) - 1, -1, -1):
        each = part[k]
        if each.name not in parents:
            flows[k] = _load(rng, production)
            if each.direction == "feed":
                least = min(f.mean() for f, m in zip(flows, part, strict=True) if m.parent == each.parent and f.any())
                flows[k] *= 0.3 * least / max(flows[k].mean(), 1e-9)
        if each.parent is not None:
            flows[at[each.parent]] += flows[k] if each.direction == "use" else -flows[k]
    smallest = min(float(f.min()) for f in flows)
    if smallest < 0.0:  # a feed that carries more than its node uses: the next draw of loads
        return _flows(rng, part, production)
    return flows


def _production(rng: np.random.Generator, days: int) -> Doubles:
    steps = np.arange(days * STEPS_A_DAY)
    daily = 1.0 + 0.25 * np.sin(2 * np.pi * (steps / STEPS_A_DAY + rng.random()))
    return daily * np.exp(0.1 * _wander(rng, len(steps), 0.99))


def _load(rng: np.random.Generator, production: Doubles) -> Doubles:
    size = np.exp(0.8 * rng.standard_normal())
    follows = rng.random()
    own = np.exp(rng.uniform(0.1, 0.4) * _wander(rng, len(production), rng.uniform(0.9, 0.995)))
    load = size * (follows * production + 1.0 - follows) * own
    if rng.random() < 0.25:
        hours = np.arange(len(production)) % STEPS_A_DAY
        start = rng.integers(STEPS_A_DAY)
        load = np.where((hours - start) % STEPS_A_DAY < rng.integers(24, 80), load, 0.02 * size)
    return np.asarray(load, dtype=np.float64)


def _wander(rng: np.random.Generator, n: int, keep: float) -> Doubles:
    """A first-order process of unit variance."""
    from scipy.signal import lfilter  # type: ignore[import-untyped]

    driven = rng.standard_normal(n) * np.sqrt(1.0 - keep * keep)
    driven[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], driven), dtype=np.float64)
