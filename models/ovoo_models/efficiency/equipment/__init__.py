"""Efficiency of machines: one module a kind; `evaluate` takes readings and gives the result with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ovoo_models.efficiency.equipment.belt import BELT
from ovoo_models.efficiency.equipment.boiler import BOILER, BOILER_DIRECT
from ovoo_models.efficiency.equipment.chiller import CHILLER
from ovoo_models.efficiency.equipment.compressor import COMPRESSOR
from ovoo_models.efficiency.equipment.dryer import DRYER
from ovoo_models.efficiency.equipment.evaluation import Loss, Measured, SensorPart, evaluate, loss_against
from ovoo_models.efficiency.equipment.exchanger import EXCHANGER
from ovoo_models.efficiency.equipment.fan import FAN
from ovoo_models.efficiency.equipment.kind import Input, Kind
from ovoo_models.efficiency.equipment.main_fan import MAIN_FAN
from ovoo_models.efficiency.equipment.motor import MOTOR
from ovoo_models.efficiency.equipment.pasteuriser import PASTEURISER
from ovoo_models.efficiency.equipment.pump import PUMP
from ovoo_models.efficiency.equipment.reading import Reading

__all__ = ["KINDS", "Input", "Kind", "Loss", "Measured", "Reading", "SensorPart", "evaluate", "loss_against"]

_ALL: Final = (
    PUMP, FAN, COMPRESSOR, BOILER, BOILER_DIRECT, CHILLER, EXCHANGER, MOTOR, BELT, MAIN_FAN, PASTEURISER, DRYER,
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
"""The kinds by name."""
