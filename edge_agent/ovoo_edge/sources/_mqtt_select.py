"""Chooses the compiled kernels of the MQTT source where they were built, else their twins.

See `ovoo_contract._select`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_edge.sources._mqtt_scan import MessageReader
    from ovoo_edge.sources._mqtt_split import split_block

__all__ = ["COMPILED", "MessageReader", "split_block"]

_NAMES = ("ovoo_edge.sources._mqtt_scan", "ovoo_edge.sources._mqtt_split")
COMPILED: bool = os.environ.get("OVOO_PURE_PYTHON") != "1" and all(
    importlib.util.find_spec(name) is not None for name in _NAMES
)
if not TYPE_CHECKING:
    _scan, _split = (importlib.import_module(name + ("" if COMPILED else "_py")) for name in _NAMES)
    MessageReader, split_block = _scan.MessageReader, _split.split_block
