"""Mine ventilation: networks of airways, fans and regulators, their flows, and what moving one of them changes."""

from ovoo_models.efficiency.ventilation.advice import Move, advise
from ovoo_models.efficiency.ventilation.assessment import Assessment, assess
from ovoo_models.efficiency.ventilation.band import SurveyErrors, fan_power_slopes, saving_of
from ovoo_models.efficiency.ventilation.curve import FanCurve
from ovoo_models.efficiency.ventilation.network import Airway, Fan, FixedFlow, FixedPressure, Network
from ovoo_models.efficiency.ventilation.solution import FanPoint, Notice, Solution
from ovoo_models.efficiency.ventilation.solve import Solver, solve
from ovoo_models.efficiency.ventilation.table import Instrument, MineTable, mine_table, read_mine_table

__all__ = [
    "Airway",
    "Assessment",
    "Fan",
    "FanCurve",
    "FanPoint",
    "FixedFlow",
    "FixedPressure",
    "Instrument",
    "MineTable",
    "Move",
    "Network",
    "Notice",
    "Solution",
    "Solver",
    "SurveyErrors",
    "advise",
    "assess",
    "fan_power_slopes",
    "mine_table",
    "read_mine_table",
    "saving_of",
    "solve",
]
