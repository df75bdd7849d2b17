"""CoolProp's IF97 in an environment of its own: a line of JSON for a line of text.

`steam.py DATA`: DATA holds n pressures in MPa, n temperatures in K and n enthalpies in kJ/kg, as doubles. Times are
processor seconds a point, the best of a few goes, as for our own kernels; the loop's own time is taken off.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any


def best(work: Callable[[], None], points: int, goes: int = 5) -> float:
    """Least processor seconds a point."""
    found = []
    for _ in range(goes):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) / points)
    return min(found)


class Peer:
    """One AbstractState, updated point by point: CoolProp has no columns for IF97."""

    def __init__(self, path: str) -> None:
        import CoolProp  # only where this script runs

        data = array("d")
        with open(path, "rb") as file:
            data.frombytes(file.read())
        n = len(data) // 3
        self._pt = [(1e6 * data[i], data[n + i]) for i in range(n)]
        self._hp = [(1e3 * data[2 * n + i], 1e6 * data[i]) for i in range(n)]
        self._state: Any = CoolProp.AbstractState("IF97", "Water")
        self._kinds = (CoolProp.PT_INPUTS, CoolProp.HmassP_INPUTS)

    def empty(self) -> None:
        """The loop alone."""
        for _a, _b in self._pt:
            pass

    def hpt(self) -> None:
        """h(p, T) of every point."""
        state, kind = self._state, self._kinds[0]
        for p, t in self._pt:
            state.update(kind, p, t)
            state.hmass()

    def tph(self) -> None:
        """T(p, h) of every point."""
        state, kind = self._state, self._kinds[1]
        for h, p in self._hp:
            state.update(kind, h, p)
            state.T()

    def values(self) -> list[list[float]]:
        """h and T of the first points, to compare."""
        found: list[list[float]] = [[], []]
        for (p, t), (h, _) in zip(self._pt[:500], self._hp[:500], strict=True):
            self._state.update(self._kinds[0], p, t)
            found[0].append(self._state.hmass() / 1e3)
            self._state.update(self._kinds[1], h, p)
            found[1].append(self._state.T())
        return found


def main() -> None:
    """Answers `run` and `values` until the input ends."""
    peer = Peer(sys.argv[1])
    points = len(peer._pt)
    for line in sys.stdin:
        if line.strip() == "values":
            answer: Any = peer.values()
        else:
            loop = best(peer.empty, points)
            answer = {name: best(getattr(peer, name), points) - loop for name in ("hpt", "tph")}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
