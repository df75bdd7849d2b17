"""The numbers of the method: weights of the parts of the score and the limits they are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.editions import LATEST

__all__ = ["PARTS", "Limits"]

PARTS: Final = ("coverage", "continuity", "clock", "movement", "plausibility", "quality", "order", "catalogue")
"""Parts of the score, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Weights by part, limits in the units of their names, and the edition of our measuring rules."""

    weights: dict[str, Decimal]
    gap_min: int
    clock_ms: int
    flat_ns: int
    on_change_hold_s: float
    rows: tuple[str, ...]
    edition: int = LATEST

    @classmethod
    def of(cls, methods: MethodTable, edition: int = LATEST) -> Limits:
        """From the pack of our own methods."""
        names = [f"readiness_weight_{part}" for part in PARTS]
        gap, clock, flat, hold = (
            methods.get(f"readiness_{name}") for name in ("gap_limit", "clock_limit", "flat_limit", "on_change_hold")
        )
        return cls(
            weights={part: methods.get(name).exact for part, name in zip(PARTS, names, strict=True)},
            gap_min=int(gap.exact * 60),
            clock_ms=int(clock.exact),
            flat_ns=int(flat.exact * 3_600_000_000_000),
            on_change_hold_s=float(hold.exact * 60),
            rows=(*names, gap.id, clock.id, flat.id, hold.id),
            edition=edition,
        )
