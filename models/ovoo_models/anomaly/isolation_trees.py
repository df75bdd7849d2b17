"""The trees of an isolation forest as columns, and how they are grown without numpy."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ovoo_contract.errors import ArtifactError

__all__ = ["Forest", "Split", "grow", "mean_path", "pack"]

_EULER: Final = 0.577_215_664_901_532_9
_MOST_NODES: Final = 65_535


class Split(NamedTuple):
    """A node on its way into a forest: the rows of training there; at a split the input, the cut and its two sides."""

    samples: int
    pick: int = 0
    cut: float = math.inf
    sides: tuple[Split, Split] | None = None


@dataclass(slots=True)
class Forest:
    """Nodes of all trees, by tree and level; the two sides of a node stand side by side, `left` counts from its tree.

    cut: single precision, infinite at a leaf, whose `left` is itself. length: what a leaf adds to a path. start: first
    node of each tree; depth (steps to the deepest leaf) and mean_length (of a random tree) stand once a tree.
    """

    cut: array[float] = field(default_factory=lambda: array("f"))
    pick: array[int] = field(default_factory=lambda: array("H"))
    left: array[int] = field(default_factory=lambda: array("H"))
    node_samples: array[int] = field(default_factory=lambda: array("i"))
    length: array[float] = field(default_factory=lambda: array("d"))
    start: array[int] = field(default_factory=lambda: array("i"))
    depth: array[int] = field(default_factory=lambda: array("i"))
    mean_length: array[float] = field(default_factory=lambda: array("d"))

    def check(self, inputs: int) -> None:
        """ValueError unless every turn stays within its tree and every cut is on an input below `inputs`."""
        if not len(self.start) or self.start[0] != 0 or not self.mean_length[0] > 0 or self.depth[0] < 0:
            raise ValueError("no trees, or no path length")
        if any(not math.isfinite(x) for x in self.length):
            raise ValueError("path lengths must be finite")
        for first, stop in zip(self.start, [*self.start[1:], len(self.cut)], strict=True):
            if not 0 <= first < stop <= len(self.cut):
                raise ValueError("trees do not follow each other")
            for at in range(stop - first):
                left, cut = self.left[first + at], self.cut[first + at]
                leaf = left == at
                inside = leaf or at < left < stop - first - 1
                if not inside or cut != cut or (leaf and cut != math.inf) or self.pick[first + at] >= inputs:
                    raise ValueError(f"node {at} leads out of its tree or has no cut")


def mean_path(rows: int) -> float:
    """Mean path length of an unsuccessful search in a binary tree of that many rows, as scikit-learn computes it."""
    if rows <= 1:
        return 0.0
    if rows == 2:
        return 1.0
    return 2.0 * (math.log(rows - 1.0) + _EULER) - 2.0 * (rows - 1.0) / rows


def pack(roots: Sequence[Split], samples: int) -> Forest:
    """The forest of these trees, each grown on `samples` rows; ArtifactError for a tree of more than 65,535 nodes."""
    forest, deepest = Forest(), 0
    for root in roots:
        start = len(forest.cut)
        forest.start.append(start)
        level, depth = [root], 0
        while level:
            below = [side for node in level if node.sides for side in node.sides]
            after = len(forest.cut) - start + len(level)
            _append(forest, level, len(forest.cut) - start, after, depth)
            deepest = max(deepest, depth)
            level, depth = below, depth + 1
        if len(forest.cut) - start > _MOST_NODES:
            raise ArtifactError("tree too large", offender="isolation", value=len(forest.cut) - start)
    forest.depth.extend([deepest] * len(roots))
    forest.mean_length.extend([mean_path(samples)] * len(roots))
    return forest


def _append(forest: Forest, level: Sequence[Split], at: int, after: int, depth: int) -> None:
    for place, node in enumerate(level):
        forest.cut.append(node.cut if node.sides else math.inf)
        forest.pick.append(node.pick)
        forest.left.append(min(after if node.sides else at + place, _MOST_NODES))
        forest.node_samples.append(node.samples)
        forest.length.append(0.0 if node.sides else depth + mean_path(node.samples))
        after += 2 if node.sides else 0


def grow(rows: Sequence[Sequence[float]], trees: int, samples: int, seed: int) -> Forest:
    """A forest of random cuts, each tree on its own draw of `samples` rows (all where there are fewer), finite cells.

    Source: Liu, Ting and Zhou 2008. The same rows and seed give the same forest everywhere.
    """
    rng = random.Random(seed)  # noqa: S311  # cuts are no secret, and must be the same everywhere
    size = min(samples, len(rows))
    height = max(math.ceil(math.log2(max(size, 2))), 1)
    return pack([_branch(rng, rng.sample(rows, size), height) for _tree in range(trees)], size)


def _branch(rng: random.Random, rows: Sequence[Sequence[float]], height: int) -> Split:
    spans = [(k, min(column), max(column)) for k, column in enumerate(zip(*rows, strict=True))]
    open_to = [(k, low, high) for k, low, high in spans if low < high]
    if height == 0 or len(rows) <= 1 or not open_to:
        return Split(len(rows))
    k, low, high = open_to[int(rng.random() * len(open_to))]
    cut = array("f", [max(min(low + rng.random() * (high - low), 3e38), -3e38)])[0]
    sides = [row for row in rows if row[k] <= cut], [row for row in rows if not row[k] <= cut]
    return Split(len(rows), k, cut, (_branch(rng, sides[0], height - 1), _branch(rng, sides[1], height - 1)))
