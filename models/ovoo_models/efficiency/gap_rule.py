"""The one rule of gaps for energy: what the gateway integrates and what the cloud integrates leave out the same."""

from __future__ import annotations

from typing import Final

__all__ = ["GAP_NS"]

GAP_NS: Final = 900_000_000_000
"""Between samples further apart than a quarter hour nothing is integrated: a gap, missing from what is covered.

A signal that stands is still sent each quarter hour, so a shorter silence is a power that did not change.
"""
