"""The three demonstration plants."""

from __future__ import annotations

from collections.abc import Mapping

from ovoo_contract.errors import ConfigError

from ovoo_simulator.plants.coal_chemical import COAL_CHEMICAL
from ovoo_simulator.plants.coal_mine import COAL_MINE
from ovoo_simulator.plants.dairy import DAIRY
from ovoo_simulator.plants.model import PlantModel
from ovoo_simulator.plants.plant import DEFAULT_ORIGIN_NS, Plant, PlantColumns

__all__ = ["DEFAULT_ORIGIN_NS", "PLANTS", "Plant", "PlantColumns", "create_plant"]

PLANTS: Mapping[str, PlantModel] = {model.name: model for model in (COAL_MINE, COAL_CHEMICAL, DAIRY)}


def create_plant(name: str, *, seed: int = 1, copies: int = 1, origin_ns: int = DEFAULT_ORIGIN_NS) -> Plant:
    """The plant of a pack (`coal_mine`, `coal_chemical`, `dairy`); raises ConfigError for another name."""
    model = PLANTS.get(name)
    if model is None:
        raise ConfigError("unknown plant", offender="plant", value=name, remedy=f"one of {', '.join(PLANTS)}")
    return Plant(model, seed=seed, copies=copies, origin_ns=origin_ns)
