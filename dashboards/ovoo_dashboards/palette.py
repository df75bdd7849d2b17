"""Quiet greys for what is normal, colour only for what is not (ISA-101); never colour alone: states carry words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["IDLE", "LEVELS", "LINE", "NONE", "NORMAL"]

LINE: Final = "#5b7083"
"""Series; several in one panel are shades of it."""
NORMAL: Final = "#8a939b"
IDLE: Final = "#c9ced3"
NONE: Final = "transparent"
LEVELS: Final = MappingProxyType({"info": "#3d7ea6", "warning": "#c98a1b", "critical": "#b3342d"})
