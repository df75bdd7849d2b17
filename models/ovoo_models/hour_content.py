"""The sums inside an hour that was delivered, opened and held against what the hour says of itself."""

from __future__ import annotations

from typing import Final

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ArtifactError
from ovoo_contract.hour_sums import HourSums

from ovoo_models.efficiency.regime_sums import RegimeSums

__all__ = ["sums_of"]

_GREATEST: Final = 1e100
"""No moment of a machine is near it; sums of such numbers would leave the range of doubles when they are merged."""


def sums_of(hour: HourSums) -> RegimeSums:
    """The hour's sums.

    Raises:
        ArtifactError: they are damaged, of other variables than the layout names, of other numbers of rows, or of
            numbers that no machine has.
    """
    layout = hour.layout
    found = RegimeSums.from_json(canonical_json(hour.sums))
    told = (tuple(name for name, _unit in layout.variables), layout.target[0], len(layout.regimes))
    if (found.variables, found.target, found.regimes) != told:
        raise ArtifactError(
            "sums of another layout", offender=f"sums {hour.asset}", value=[*found.variables, found.target],
            remedy=f"{', '.join(told[0])}, {told[1]}",
        )  # fmt: skip
    rows = tuple(found.rows(code) for code in range(found.regimes))
    if rows != hour.rows:
        raise ArtifactError("other numbers of rows", offender=f"sums {hour.asset}", value=rows, remedy=f"{hour.rows}")
    if found.greatest > _GREATEST:
        raise ArtifactError(
            "beyond all numbers of machines", offender=f"sums {hour.asset}", value=found.greatest,
            remedy="check the ranges of the signals",
        )  # fmt: skip
    return found
