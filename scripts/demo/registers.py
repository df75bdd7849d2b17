"""The registers of the demo's centre: files of examples, imported over the API by its expert.

No entry is a real company or policy; each says in its name that it is an example.
"""

from __future__ import annotations

import base64
from typing import Final

from scripts.demo.people import EXPERT
from scripts.demo.place import ROOT, Place
from scripts.demo.site import Api

__all__ = ["KINDS", "enter"]

KINDS: Final = ("provider", "solution", "scene", "course", "policy", "open_bid", "project", "profile")
"""The registers that have a file, in the order in which their rows refer to each other."""
_FILES: Final = ROOT / "scripts" / "demo" / "registers"


def enter(place: Place) -> dict[str, int]:
    """Imports every file; gives the rows that each register holds of it."""
    expert = Api(place, EXPERT)
    rows = {}
    for kind in KINDS:
        path = _FILES / f"{kind}.csv"
        body = {"name": path.name, "content": base64.b64encode(path.read_bytes()).decode()}
        rows[kind] = expert.post(f"/api/v1/centre/registers/{kind}/import", body)["added"]
    return rows
