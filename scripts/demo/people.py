"""The people of the demo: the centre's head and expert, an engineer in each enterprise. All of them are made up."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Final

from scripts.demo.place import PLANTS, DemoPlant, Place
from scripts.demo.site import Api, console_url, read_secret

__all__ = ["ADMIN", "EXPERT", "Parties", "engineer_of", "enter", "names", "parties", "sign_in_file"]

ADMIN: Final = "admin"
"""The head of the centre; `ovoo-cloud init` made the account."""
EXPERT: Final = "expert"
_EXPERT_NAME: Final = "陈专家（虚构）"
_ENGINEER_NAMES: Final = {"heishan": "王工（虚构）", "bayan": "李工（虚构）", "xilin": "乌工（虚构）"}


@dataclass(frozen=True, slots=True)
class Parties:
    """Who acts in a plant's case, each signed in: head and expert of the centre, engineer of the enterprise."""

    head: Api
    expert: Api
    engineer: Api


def engineer_of(plant: DemoPlant) -> str:
    """The sign-in name of a plant's engineer."""
    return f"{plant.site}-engineer"


def enter(place: Place) -> None:
    """Makes the accounts, each with a random password of this run, and writes them down for who watches."""
    head = Api(place, ADMIN)
    _account(head, place, EXPERT, "centre_expert", [], _EXPERT_NAME)
    for plant in PLANTS:
        _enterprise_account(head, place, plant)
    path = sign_in_file(place)
    path.touch(mode=0o600)
    lines = [f"console  {console_url(place)}", *(f"{name:<18}{read_secret(place, name)}" for name in names())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _enterprise_account(head: Api, place: Place, plant: DemoPlant) -> None:
    """The account of an enterprise's own engineer: the only place where the demo makes one."""
    _account(head, place, engineer_of(plant), "enterprise_engineer", [plant.enterprise], _ENGINEER_NAMES[plant.site])


def _account(head: Api, place: Place, name: str, role: str, enterprises: list[str], display_name: str) -> None:
    body = {"name": name, "password": read_secret(place, name), "role": role, "enterprises": enterprises}
    head.post("/api/v1/users", {**body, "display_name": display_name})


def parties(place: Place, plant: DemoPlant) -> Parties:
    """Signs in everybody who acts in a plant's case."""
    return Parties(Api(place, ADMIN), Api(place, EXPERT), Api(place, engineer_of(plant)))


def names() -> list[str]:
    """Everybody's sign-in name."""
    return [ADMIN, EXPERT, *map(engineer_of, PLANTS)]


def sign_in_file(place: Place) -> pathlib.Path:
    """Where address, names and passwords stand; its owner alone can read it."""
    return place.state / "sign-ins.txt"
