"""A site that `docker/prepare` made in a temporary copy, and the paths that the containers see put on this machine."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tests.servers.process import ServerProcess, find_program, port_answers

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docker"
PROGRAMS = pathlib.Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class PreparedSite:
    """The copy of `docker/` with its `secrets` and `state`."""

    folder: pathlib.Path

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text(encoding="utf-8")

    def rewritten(self, source: str, replacements: Mapping[str, str], target: pathlib.Path) -> pathlib.Path:
        """A settings file with container paths replaced; each of them must occur."""
        text = (self.folder / source).read_text(encoding="utf-8")
        for container, here in replacements.items():
            assert container in text, f"{source}: {container}"
            text = text.replace(container, here)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def broker(self, service: str, port: int, folder: pathlib.Path) -> ServerProcess:
        """A Mosquitto with the settings of the service `mosquitto` or `plant-broker` on a loopback port."""
        paths = {"/mosquitto/data/": f"{folder}/", "/mosquitto/config/acl": str(self.folder / service / "acl")}
        if service == "mosquitto":
            paths |= {
                "/mosquitto/certificates/": f"{self.folder}/state/broker/",
                "listener 8883": f"listener {port} 127.0.0.1",
            }
        else:
            paths |= {
                "/run/secrets/plant_users": f"{self.folder}/secrets/plant_users",
                "listener 1883": f"listener {port} 127.0.0.1",
            }
        settings = self.rewritten(f"{service}/mosquitto.conf", paths, folder / "mosquitto.conf")
        settings.write_text("user root\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
        return ServerProcess(
            [find_program("mosquitto"), "-c", str(settings)], log=folder / "log", ready=lambda: port_answers(port)
        )


def prepare(folder: pathlib.Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Runs `prepare` of a copy of `docker/`."""
    environment = {**os.environ, "OVOO_PYTHON": sys.executable}
    return subprocess.run(
        [str(folder / "prepare"), *names], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def copy_folder(target: pathlib.Path) -> pathlib.Path:
    """A copy of `docker/` without what a run of `prepare` here may have left."""
    return pathlib.Path(shutil.copytree(FOLDER, target, ignore=shutil.ignore_patterns("secrets", "state")))
