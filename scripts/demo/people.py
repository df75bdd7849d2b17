"""The people of the demo, all made up: head, deputy and expert of the centre, an engineer in each enterprise."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Final

from scripts.demo.place import PLANTS, DemoPlant, Place
from scripts.demo.site import Api, accept_invitation, console_url, read_secret

__all__ = ["ADMIN", "DEPUTY", "EXPERT", "Parties", "engineer_of", "enter", "names", "parties", "sign_in_file"]

ADMIN: Final = "admin"
"""The head of the centre; `ovoo-cloud init` made the account."""
DEPUTY: Final = "deputy"
"""Who vouches with the head for the first person of an enterprise; made on the server too, as the rule asks."""
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
    head, deputy = Api(place, ADMIN), Api(place, DEPUTY)
    _expert_account(head, place)
    for plant in PLANTS:
        _enterprise_account(head, deputy, place, plant)
    path = sign_in_file(place)
    path.touch(mode=0o600)
    lines = [f"console  {console_url(place)}", *(f"{name:<18}{read_secret(place, name)}" for name in names())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _expert_account(head: Api, place: Place) -> None:
    body = {"name": EXPERT, "password": read_secret(place, EXPERT), "role": "centre_expert", "enterprises": []}
    head.post("/api/v1/users", {**body, "display_name": _EXPERT_NAME})


def _enterprise_account(head: Api, deputy: Api, place: Place, plant: DemoPlant) -> None:
    """The engineer of an enterprise takes both codes of the centre's invitation and sets an own password."""
    home, person = f"/api/v1/enterprises/{plant.enterprise}/invitations", engineer_of(plant)
    first = head.post(home, {"person": person, "display_name": _ENGINEER_NAMES[plant.site]})
    second = deputy.post(f"{home}/{first['id']}/second", {})
    accept_invitation(place, first["code"], second["code"], read_secret(place, person))


def parties(place: Place, plant: DemoPlant) -> Parties:
    """Signs in everybody who acts in a plant's case."""
    return Parties(Api(place, ADMIN), Api(place, EXPERT), Api(place, engineer_of(plant)))


def names() -> list[str]:
    """Everybody's sign-in name."""
    return [ADMIN, DEPUTY, EXPERT, *map(engineer_of, PLANTS)]


def sign_in_file(place: Place) -> pathlib.Path:
    """Where address, names and passwords stand; its owner alone can read it."""
    return place.state / "sign-ins.txt"
