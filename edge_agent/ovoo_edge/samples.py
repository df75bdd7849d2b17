"""Sample settings, shown by `ovoo-edge sample`, used by the documentation and by the tests: one source for all."""

from __future__ import annotations

from importlib import resources

from ovoo_contract.errors import ConfigError

__all__ = ["sample", "sample_names"]


def sample_names() -> tuple[str, ...]:
    """Names of all samples: `agent`, and `source-<driver>` or `sink-<driver>`."""
    folder = resources.files("ovoo_edge").joinpath("example_configs")
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def sample(name: str) -> str:
    """The sample of that name; a bare driver name gives every sample of that driver.

    Raises:
        ConfigError: there is none.
    """
    known = sample_names()
    wanted = [item for item in known if item == name or item in (f"source-{name}", f"sink-{name}")]
    if not wanted:
        raise ConfigError("no such sample", offender="sample", value=name, remedy="one of " + ", ".join(known))
    folder = resources.files("ovoo_edge").joinpath("example_configs")
    return "\n".join(folder.joinpath(f"{item}.toml").read_text(encoding="utf-8") for item in wanted)
