"""Weather of central Inner Mongolia: cold dry winters, warm summers, wide days; air as an ideal gas at 1,300 m."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovoo_simulator import noise
from ovoo_simulator.arrays import FloatArray
from ovoo_simulator.times import DAY_S, Times

__all__ = ["AIR_PRESSURE_PA", "Weather", "air_density", "wet_bulb"]

AIR_PRESSURE_PA = 86_500.0
_GAS_CONSTANT = 287.05
_MEAN_C = 5.5
_SEASON_C = 18.0
_DAY_C = 5.5
_FRONT_C = 3.0
_COLDEST_ANGLE = 2.0 * np.pi * 18.0 / 365.2425  # 18 January
_WARMEST_S = 15 * 3600


@dataclass(frozen=True, slots=True)
class Weather:
    """Outdoor columns: `ambient_c` degC, `humidity` %, `wet_bulb_c` degC."""

    ambient_c: FloatArray
    humidity: FloatArray
    wet_bulb_c: FloatArray

    @classmethod
    def at(cls, times: Times, key: int) -> Weather:
        """Season, time of day and passing fronts (a smooth process of two days)."""
        hour = np.cos((times.second_of_day - _WARMEST_S) * (2.0 * np.pi / DAY_S))
        season = np.cos(times.year_angle - _COLDEST_ANGLE)
        front = noise.smooth(key, times.seconds, 2.0 * DAY_S)
        ambient = _MEAN_C - _SEASON_C * season + _DAY_C * hour + _FRONT_C * front
        spread = noise.smooth(key + 1, times.seconds, 1.5 * DAY_S)
        humidity = np.clip(48.0 - 13.0 * hour + 8.0 * spread, 12.0, 95.0)
        return cls(ambient, humidity, wet_bulb(ambient, humidity))


def wet_bulb(ambient_c: FloatArray, humidity: FloatArray) -> FloatArray:
    """Wet-bulb temperature in degC from air temperature and relative humidity in %.

    Stull (2011), J. Appl. Meteor. Climatol. 50, 2267; valid for 5-99 % and -20..50 degC, error within 1 K.

    >>> float(wet_bulb(np.array([20.0]), np.array([50.0]))[0].round(1))
    13.7
    """
    result: FloatArray = (
        ambient_c * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(ambient_c + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )
    return np.minimum(result, ambient_c)


def air_density(ambient_c: FloatArray) -> FloatArray:
    """Density of the air in kg/m3 at the plants' height."""
    return AIR_PRESSURE_PA / (_GAS_CONSTANT * (ambient_c + 273.15))
