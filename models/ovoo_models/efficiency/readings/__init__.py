"""A meter's export made into clean intervals; what is wrong in it is listed by row, and nothing is silently used."""

from ovoo_models.efficiency.readings.export import Inspection, inspect, read_export
from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.problem import Problem
from ovoo_models.efficiency.readings.series import Readings

__all__ = ["Inspection", "Problem", "ReadingOptions", "Readings", "inspect", "read_export"]
