"""Which groups of a tree may be shown so that neither a group nor the difference of groups shows fewer than a minimum.

The tree is one chain of partitions (all, by sector, then by size, then by region), never a cross-table: then all that
can be computed from shown groups is the sum of the hidden children of a shown group, and that is kept at 0 or at the
minimum at least. What lies below a hidden group is hidden too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["Node", "shown_nodes"]

Node = tuple[str, ...]


def shown_nodes(counts: Mapping[Node, int], minimum: int) -> frozenset[Node]:
    """The nodes that may be shown.

    Args:
        counts: members of every leaf and inner node; the root is `()`, a child is its parent and one more name.
        minimum: least members of a group, at least 1.
    """
    children: dict[Node, list[Node]] = {}
    for node in sorted(counts):
        if node:
            children.setdefault(node[:-1], []).append(node)
    shown: set[Node] = set()
    waiting: list[Node] = [()] if counts.get((), 0) >= minimum else []
    while waiting:
        parent = waiting.pop()
        shown.add(parent)
        waiting += _children_shown(children.get(parent, ()), counts, minimum)
    return frozenset(shown)


def _children_shown(children: Sequence[Node], counts: Mapping[Node, int], minimum: int) -> list[Node]:
    """Children of a shown node: small ones are hidden, and then the smallest of the others until they hide together."""
    kept = sorted((each for each in children if counts[each] >= minimum), key=lambda each: (counts[each], each))
    hidden = sum(counts[each] for each in children if counts[each] < minimum)
    while 0 < hidden < minimum and kept:
        hidden += counts[kept.pop(0)]
    return kept
