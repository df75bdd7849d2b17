"""The order in which a network's junctions are eliminated; it depends on what is joined to what, not on resistances."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError

from ovoo_models._select import ventilation_kernels
from ovoo_models.efficiency.ventilation.network import Airway, FixedFlow, Network

__all__ = ["Structure"]

SURFACE = -1


@dataclass(frozen=True, slots=True)
class Structure:
    """Numbers of a network for the kernels: `solved` airways by position, junctions in the order of elimination.

    node: number by junction, -1 for the surface (or the reference of a closed circuit). fixed: airways of given flow,
    which are no part of the equations.
    """

    node: dict[str, int]
    solved: tuple[int, ...]
    fixed: tuple[int, ...]
    tail: array[int]
    head: array[int]
    edge_start: array[int]
    edge_of: array[int]
    column_start: array[int]
    row_start: array[int]
    row_column: array[int]

    @property
    def nodes(self) -> int:
        """Junctions whose pressure is to be found."""
        return len(self.edge_start) - 1

    @classmethod
    def of(cls, network: Network) -> Structure:
        """Of a network; ConfigError where a part of it has no way to the rest."""
        given = {fan.airway for fan in network.fans if isinstance(fan.drive, FixedFlow)}
        solved: list[int] = []
        fixed: list[int] = []
        for i, airway in enumerate(network.airways):
            (fixed if airway.name in given else solved).append(i)
        first = _numbered(network)
        ends = [(first[network.airways[i].start], first[network.airways[i].end]) for i in solved]
        count = max(first.values(), default=-1) + 1
        _refuse_parts(network, first, ends, count)
        place, pattern = _eliminated(ends, count)
        tail = array("i", [place[a] if a >= 0 else SURFACE for a, _ in ends])
        head = array("i", [place[b] if b >= 0 else SURFACE for _, b in ends])
        edge_start, edge_of = _by_later_end(tail, head, count)
        node = {name: place[k] if k >= 0 else SURFACE for name, k in first.items()}
        return cls(node, tuple(solved), tuple(fixed), tail, head, edge_start, edge_of, *pattern)


def _numbered(network: Network) -> dict[str, int]:
    surface = network.surface or (network.airways[0].start,)
    numbers = dict.fromkeys(surface, SURFACE)
    count = 0
    for airway in network.airways:
        for name in (airway.start, airway.end):
            if name not in numbers:
                numbers[name] = count
                count += 1
    return numbers


def _refuse_parts(network: Network, numbers: dict[str, int], ends: list[tuple[int, int]], count: int) -> None:
    """ConfigError that names the junctions of a part without a way to the surface."""
    near: list[list[int]] = [[] for _ in range(count + 1)]
    for a, b in ends:
        near[a].append(b)
        near[b].append(a)
    reached = bytearray(count + 1)
    reached[SURFACE] = 1
    waiting = [SURFACE]
    while waiting:
        for other in near[waiting.pop()]:
            if not reached[other]:
                reached[other] = 1
                waiting.append(other)
    if all(reached):
        return
    lost = sorted(name for name, number in numbers.items() if not reached[number])
    cut = [each.airway for each in network.fans if isinstance(each.drive, FixedFlow)]
    crossing = [each.name for each in network.airways if each.name in cut and _crosses(each, set(lost))]
    if crossing:
        raise ConfigError(
            "fixed flows alone lead into a part: it has no solution, or any pressure is one",
            code="ventilation.fixed_flows_alone_lead_into_part",
            offender=", ".join(lost[:8]), value=crossing[:8], remedy="give one of these fans a curve or a pressure",
        )  # fmt: skip
    raise ConfigError(
        "a part is not connected to the surface", code="ventilation.part_not_connected_to_surface",
        offender=", ".join(lost[:8]), value=len(lost),
        remedy="add the missing airway, or name its opening to the surface",
    )  # fmt: skip


def _crosses(airway: Airway, lost: set[str]) -> bool:
    return airway.start in lost or airway.end in lost


def _eliminated(ends: list[tuple[int, int]], n: int) -> tuple[array[int], tuple[array[int], array[int], array[int]]]:
    words = max(n + 63 >> 6, 1)
    bits = array("Q", bytes(8 * n * words))
    tail, head = array("i", [a for a, _ in ends]), array("i", [b for _, b in ends])
    ventilation_kernels.mark_neighbours(n, len(ends), tail, head, words, bits)
    degree, order, place = (array("i", bytes(4 * n)) for _ in range(3))
    cells = ventilation_kernels.minimum_degree(n, words, bits, degree, order, place)
    column_start, row_start = (array("i", bytes(4 * (n + 2))) for _ in range(2))
    row_column = array("i", bytes(4 * cells))
    ventilation_kernels.factor_pattern(n, words, bits, order, place, column_start, row_start, row_column)
    return place, (column_start, row_start, row_column)


def _by_later_end(tail: array[int], head: array[int], n: int) -> tuple[array[int], array[int]]:
    """By node, the airways between it and an earlier one: the entries of its row of the matrix."""
    lists: list[list[int]] = [[] for _ in range(n)]
    for e, (a, b) in enumerate(zip(tail, head, strict=True)):
        if a >= 0 and b >= 0 and a != b:
            lists[a if a > b else b].append(e)
    start, of = array("i", [0]), array("i")
    for each in lists:
        of.extend(each)
        start.append(len(of))
    return start, of
