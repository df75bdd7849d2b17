"""Networks of airways in plain Python: the digits of _ventilation_kernels.pyx.

Nodes are numbered in the order of elimination, -1 is the node of given pressure (the surface). An airway leads from
`tail` to `head`; its flow q (m3/s) obeys p_tail - p_head + source + fan(q) = resistance q |q| (Pa).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ovoo_models._lanes_py import dot8

__all__ = ["factor_pattern", "mark_neighbours", "minimum_degree", "solve_network"]

LEAST_FLOW = 1e-4
LEAST_SLOPE = 1e-9
FIRST_FLOW = 10.0
SEARCHES = 12
TERMS = 6


def _numbers(bits: array[int], words: int, n: int) -> list[int]:
    return [sum(bits[v * words + w] << (64 * w) for w in range(words)) for v in range(n)]


def _members(number: int) -> list[int]:
    found = []
    while number:
        lowest = number & -number
        found.append(lowest.bit_length() - 1)
        number ^= lowest
    return found


def mark_neighbours(n: int, m: int, tail: array[int], head: array[int], words: int, bits: array[int]) -> None:
    """Set a bit for each neighbour: `words` 64-bit words a node, for airways between two numbered nodes."""
    for e in range(m):
        a, b = tail[e], head[e]
        if a >= 0 and b >= 0 and a != b:
            bits[a * words + (b >> 6)] |= 1 << (b & 63)
            bits[b * words + (a >> 6)] |= 1 << (a & 63)


def minimum_degree(
    n: int, words: int, bits: array[int], degree: array[int], order: array[int], place: array[int]
) -> int:
    """Eliminate the node of least degree, the first of equals, until none is left; give the cells below the diagonal.

    bits: `words` 64-bit words a node, a bit for each neighbour; afterwards the neighbours at its elimination.
    order: node by step; place: step by node.
    """
    sets = _numbers(bits, words, n)
    for v in range(n):
        place[v], degree[v] = -1, sets[v].bit_count()
    total = 0
    for step in range(n):
        v = min((u for u in range(n) if place[u] < 0), key=lambda u: (max(degree[u], 1), u))
        order[step], place[v] = v, step
        total += degree[v]
        for u in _members(sets[v]):
            sets[u] = (sets[u] | sets[v]) & ~((1 << u) | (1 << v))
            degree[u] = sets[u].bit_count()
    mask = (1 << 64) - 1
    for v in range(n):
        for w in range(words):
            bits[v * words + w] = (sets[v] >> (64 * w)) & mask
    return total


def factor_pattern(
    n: int,
    words: int,
    bits: array[int],
    order: array[int],
    place: array[int],
    column_start: array[int],
    row_start: array[int],
    row_column: array[int],
) -> None:
    """The cells of the factor: how many each column holds, and each row's columns in rising order.

    column_start and row_start have n + 2 cells, of which the first n + 1 count afterwards.
    """
    below = [[place[u] for u in _members(number)] for number in _numbers(bits, words, n)]
    rows: list[list[int]] = [[] for _ in range(n)]
    column_start[0] = row_start[0] = 0
    for j in range(n):
        column_start[j + 1] = column_start[j] + len(below[order[j]])
        for r in below[order[j]]:
            rows[r].append(j)
    column_start[n + 1] = column_start[n]
    at = 0
    for r in range(n):
        for j in rows[r]:
            row_column[at] = j
            at += 1
        row_start[r + 1] = at
    row_start[n + 1] = at


def _fan(
    knots: Sequence[float], terms: Sequence[float], ends: Sequence[float], first: int, last: int, fan: int, q: float
) -> tuple[float, float]:
    if q < knots[first + fan]:
        return ends[4 * fan] + ends[4 * fan + 1] * (q - knots[first + fan]), ends[4 * fan + 1]
    if q > knots[last + fan]:
        return ends[4 * fan + 2] + ends[4 * fan + 3] * (q - knots[last + fan]), ends[4 * fan + 3]
    i = first
    while i + 1 < last and q >= knots[i + 1 + fan]:
        i += 1
    u = q - knots[i + fan]
    head, slope = terms[TERMS * i + TERMS - 1], 0.0
    for k in range(TERMS - 2, -1, -1):
        slope = slope * u + head
        head = head * u + terms[TERMS * i + k]
    return head, slope


class _Network:
    """The airways and fans of one call."""

    def __init__(
        self,
        airways: tuple[int, Sequence[float], Sequence[float]],
        fans: tuple[int, Sequence[int], Sequence[int]],
        curves: tuple[Sequence[float], Sequence[float], Sequence[float]],
    ) -> None:
        self.m, self.resistance, self.source = airways
        self.fans, self.fan_edge, self.fan_start = fans
        self.knots, self.terms, self.ends = curves

    def drops(self, q: list[float]) -> tuple[list[float], list[float]]:
        """Resistance against source, and its derivative."""
        drop, slope = [], []
        for e in range(self.m):
            size = abs(q[e])
            drop.append(self.resistance[e] * q[e] * size - self.source[e])
            slope.append(2.0 * self.resistance[e] * (size if size > LEAST_FLOW else LEAST_FLOW))
        for f in range(self.fans):
            e = self.fan_edge[f]
            head, rise = _fan(self.knots, self.terms, self.ends, self.fan_start[f], self.fan_start[f + 1], f, q[e])
            drop[e] = drop[e] - head
            own = slope[e] - (rise if rise < 0.0 else 0.0)
            slope[e] = own if own > LEAST_SLOPE else LEAST_SLOPE
        return drop, slope


class _Factor:
    """L D L' of the node matrix, row by row; what stands in a column grows downwards."""

    def __init__(
        self, n: int, ends: tuple[Sequence[int], Sequence[int]], edges: tuple[Sequence[int], Sequence[int]],
        pattern: tuple[Sequence[int], Sequence[int], Sequence[int]],
    ) -> None:  # fmt: skip
        self.n = n
        self.tail, self.head = ends
        self.edge_start, self.edge_of = edges
        self.column_start, self.row_start, self.row_column = pattern
        cells = self.column_start[n]
        self.values, self.rows = [0.0] * cells, [0] * cells

    def make(self, conduct: list[float], diagonal: list[float]) -> None:
        """Of the matrix with that diagonal; it becomes D."""
        work = [0.0] * self.n
        filled = list(self.column_start[: self.n])
        values, rows = self.values, self.rows
        for k in range(self.n):
            for i in range(self.edge_start[k], self.edge_start[k + 1]):
                e = self.edge_of[i]
                other = self.tail[e] if self.head[e] == k else self.head[e]
                work[other] = work[other] - conduct[e]
            for i in range(self.row_start[k], self.row_start[k + 1]):
                j = self.row_column[i]
                y, work[j] = work[j], 0.0
                for p in range(self.column_start[j], filled[j]):
                    work[rows[p]] = work[rows[p]] - values[p] * y
                low = y / diagonal[j]
                diagonal[k] = diagonal[k] - low * y
                values[filled[j]], rows[filled[j]] = low, k
                filled[j] += 1

    def solve(self, diagonal: list[float], x: list[float]) -> None:
        """In place."""
        values, rows, start = self.values, self.rows, self.column_start
        for j in range(self.n):
            for p in range(start[j], start[j + 1]):
                x[rows[p]] = x[rows[p]] - values[p] * x[j]
        for j in range(self.n):
            x[j] = x[j] / diagonal[j]
        for j in range(self.n - 1, -1, -1):
            for p in range(start[j], start[j + 1]):
                x[j] = x[j] - values[p] * x[rows[p]]


def _assemble(
    n: int, tail: Sequence[int], head: Sequence[int], inflow: Sequence[float], q: list[float], drop: list[float],
    conduct: list[float],
) -> tuple[list[float], list[float]]:  # fmt: skip
    diagonal, right = [0.0] * n, list(inflow[:n])
    for e in range(len(q)):
        moved = q[e] - conduct[e] * drop[e]
        if tail[e] >= 0:
            diagonal[tail[e]] = diagonal[tail[e]] + conduct[e]
            right[tail[e]] = right[tail[e]] - moved
        if head[e] >= 0:
            diagonal[head[e]] = diagonal[head[e]] + conduct[e]
            right[head[e]] = right[head[e]] + moved
    return diagonal, right


def _between(drop: list[float], p: list[float], tail: Sequence[int], head: Sequence[int]) -> list[float]:
    """What is left of each airway's pressure equation."""
    left = []
    for e in range(len(drop)):
        here = -drop[e]
        if tail[e] >= 0:
            here = here + p[tail[e]]
        if head[e] >= 0:
            here = here - p[head[e]]
        left.append(here)
    return left


def _searched(
    net: _Network, q: list[float], drop: list[float], step: list[float], free: bool
) -> tuple[list[float], list[float], list[float]]:
    """The flows after the step, shortened where the slope of the energy along it changes sign too early."""
    m = net.m
    begun = dot8(array("d", drop), array("d", step), m)
    tried = [q[e] + step[e] for e in range(m)]
    tried_drop, slope = net.drops(tried)
    here = dot8(array("d", tried_drop), array("d", step), m)
    if free or not begun < 0.0 or not here > -0.5 * begun:
        return tried, tried_drop, slope
    low, high, at_low, at_high = 0.0, 1.0, begun, here
    for search in range(SEARCHES):
        t = low + (high - low) * (-at_low / (at_high - at_low)) if search & 1 == 0 else 0.5 * (low + high)
        tried = [q[e] + t * step[e] for e in range(m)]
        tried_drop, slope = net.drops(tried)
        here = dot8(array("d", tried_drop), array("d", step), m)
        if abs(here) <= -0.3 * begun:
            break
        if here < 0.0:
            low, at_low = t, here
        else:
            high, at_high = t, here
    return tried, tried_drop, slope


def solve_network(
    n: int,
    m: int,
    tail: array[int],
    head: array[int],
    resistance: array[float],
    source: array[float],
    inflow: array[float],
    fans: int,
    fan_edge: array[int],
    fan_start: array[int],
    knots: array[float],
    terms: array[float],
    ends: array[float],
    edge_start: array[int],
    edge_of: array[int],
    column_start: array[int],
    row_start: array[int],
    row_column: array[int],
    rounds: int,
    started: int,
    flow_limit: float,
    pressure_limit: float,
    flow: array[float],
    pressure: array[float],
    work: array[float],
    places: array[int],
    residuals: array[float],
) -> int:
    """Newton on node pressures; give the rounds used, at most `rounds`.

    source: Pa along the airway; inflow: m3/s that fixed flows bring into a node. Fan f sits in airway fan_edge[f]; its
    curve has the segments fan_start[f] to fan_start[f + 1], each six terms in q - knot, and beyond its ends the values
    and slopes of `ends`. edge_start, edge_of: by node, the airways to earlier nodes. started: whether `flow` holds a
    first guess. residuals: worst m3/s of a node, worst Pa of an airway, greatest last move of a flow.
    work: 6 m + 3 n + cells doubles and places: n + cells ints for the compiled form; untouched here.
    """
    if m == 0:
        return 0
    net = _Network((m, resistance, source), (fans, fan_edge, fan_start), (knots, terms, ends))
    factor = _Factor(n, (tail, head), (edge_start, edge_of), (column_start, row_start, row_column))
    q = list(flow[:m]) if started else [0.0] * m
    p = list(pressure[:n])
    drop, slope = net.drops(q)
    done = 0
    for done in range(1, rounds + 1):
        first = done == 1 and not started
        if first:
            slope = [slope[e] + resistance[e] * FIRST_FLOW for e in range(m)]
        conduct = [1.0 / each for each in slope]
        diagonal, p = _assemble(n, tail, head, inflow, q, drop, conduct)
        factor.make(conduct, diagonal)
        factor.solve(diagonal, p)
        step = [left * each for left, each in zip(_between(drop, p, tail, head), conduct, strict=True)]
        q, drop, slope = _searched(net, q, drop, step, done == 1)
        residuals[1] = max(abs(left) for left in _between(drop, p, tail, head))
        residuals[2] = max(abs(each) for each in step)
        if residuals[1] <= pressure_limit and residuals[2] <= flow_limit:
            break
    flow[:m], pressure[:n] = array("d", q), array("d", p)
    residuals[0] = _worst_balance(n, tail, head, inflow, q)
    return done


def _worst_balance(n: int, tail: array[int], head: array[int], inflow: array[float], q: list[float]) -> float:
    balance = list(inflow[:n])
    for e in range(len(q)):
        if tail[e] >= 0:
            balance[tail[e]] = balance[tail[e]] - q[e]
        if head[e] >= 0:
            balance[head[e]] = balance[head[e]] + q[e]
    return max((abs(each) for each in balance), default=0.0)
