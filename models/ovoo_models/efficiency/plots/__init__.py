"""Pictures of energy as SVG: lines carry their names, limits are drawn, gaps stay open, uncertainty is a band."""

from ovoo_models.efficiency.plots.duration import Duration, draw_duration
from ovoo_models.efficiency.plots.flows import Flow, draw_flows
from ovoo_models.efficiency.plots.friction import FrictionBar, draw_friction
from ovoo_models.efficiency.plots.intensity import Intensity, draw_intensity
from ovoo_models.efficiency.plots.saving import Course, draw_saving
from ovoo_models.efficiency.plots.scatter import Line, Scatter, draw_scatter
from ovoo_models.efficiency.plots.shape import Shape, draw_heat_map, draw_typical_days
from ovoo_models.efficiency.plots.tariff_day import TariffDay, draw_tariff_day

__all__ = [
    "Course",
    "Duration",
    "Flow",
    "FrictionBar",
    "Intensity",
    "Line",
    "Scatter",
    "Shape",
    "TariffDay",
    "draw_duration",
    "draw_flows",
    "draw_friction",
    "draw_heat_map",
    "draw_intensity",
    "draw_saving",
    "draw_scatter",
    "draw_tariff_day",
    "draw_typical_days",
]
