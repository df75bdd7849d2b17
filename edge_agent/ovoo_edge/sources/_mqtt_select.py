"""Chooses the compiled reader of MQTT messages where it was built, else its twin; see `ovoo_contract._select`."""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovoo_edge.sources._mqtt_scan import MessageReader

__all__ = ["COMPILED", "MessageReader"]

COMPILED: bool = (
    os.environ.get("OVOO_PURE_PYTHON") != "1" and importlib.util.find_spec("ovoo_edge.sources._mqtt_scan") is not None
)
if not TYPE_CHECKING:
    MessageReader = importlib.import_module("ovoo_edge.sources._mqtt_scan" + ("" if COMPILED else "_py")).MessageReader
