"""What a signal is by its name and its values: a setting that stays by right, and how finely it is resolved."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import SignalTemplate

__all__ = ["is_setting", "quantum_of", "words_of"]

_SETTING: Final = frozenset({"sp", "set", "setpoint", "target"})
_SETTING_ZH: Final = ("设定", "给定", "目标")
_WORD: Final = re.compile(r"[a-z]+")
_LEAST: Final = 100
"""Values needed before a resolution is told."""
_NEARLY: Final = 1e-6
"""A difference of 0.1 may be stored a little below it."""
_COARSE: Final = 16
"""Steps from the fifth to the ninety-fifth percentile below which a resolution hides the course."""


def words_of(name: str) -> frozenset[str]:
    """The words of an address segment or an English name, without digits.

    >>> sorted(words_of("oil_temp_set2"))
    ['oil', 'set', 'temp']
    """
    return frozenset(_WORD.findall(name.lower()))


def is_setting(entry: SignalEntry, template: SignalTemplate | None) -> bool:
    """Whether people or programs set the value, so that it may stay: by the template's role, else by its names."""
    if template is not None and template.role == "state":
        return True
    english = words_of(entry.address.signal) | words_of(entry.name_en)
    return bool(english & _SETTING) or any(word in entry.name_zh for word in _SETTING_ZH)


def quantum_of(values: npt.NDArray[np.float64]) -> tuple[str | None, bool]:
    """The smallest difference between two values that occur, to three digits, and whether it is coarse.

    None where there are too few values or only one.
    """
    distinct = np.unique(values)
    if len(values) < _LEAST or len(distinct) < 2:
        return None, False
    step = float(np.min(np.diff(distinct)))
    low, high = (float(each) for each in np.percentile(values, [5, 95], method="inverted_cdf"))
    digits = max(0, 2 - int(np.floor(np.log10(step) + _NEARLY))) if step > 0 else 0
    return decimal_text(step, min(digits, 12)), high > low and (high - low) / step < _COARSE
