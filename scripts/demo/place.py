"""Where the demo keeps things, and the three plants it shows."""

from __future__ import annotations

import pathlib
import secrets
import socket
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class DemoPlant:
    """One plant of the demo: how it is collected, and kind, machine and size of the fault that comes while one watches.

    The size lies above what wear does in months, since nobody watches for months; None takes the usual one.

    Attributes:
        earlier_days: its past begins so many days before the others'; they are the window of a first diagnosis, and
            what the others are diagnosed by is the window of a second one.
        mended_fault: kind, machine and size of a fault of those days, repaired when they end.
    """

    pack: str
    enterprise: str
    site: str
    gateway: str
    name_zh: str
    name_en: str
    transport: str
    live_fault: tuple[str, str, float | None]
    earlier_days: int = 0
    mended_fault: tuple[str, str, float] | None = None


PLANTS = (
    DemoPlant(
        "coal_mine", "heishan-coal", "heishan", "heishan-gw1", "黑山煤业（虚构）", "Heishan Coal (fictitious)", "opcua",
        ("bearing_wear", "ventilation/main/fan1", 4.0),
    ),
    DemoPlant(
        "coal_chemical", "bayan-chem", "bayan", "bayan-gw1", "巴彦甲醇（虚构）", "Bayan Methanol (fictitious)", "opcua",
        ("bearing_wear", "airsep/train1/comp1", 4.0),
    ),
    DemoPlant(
        "dairy", "xilin-dairy", "xilin", "xilin-gw1", "锡林乳业（虚构）", "Xilin Dairy (fictitious)", "mqtt",
        ("leak", "storage/cold/store1", 1.0), 30, ("fouling", "powder/line1/dryer1", 0.2),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Folders of one run; ports are free ones of loopback."""

    state: pathlib.Path
    out: pathlib.Path
    broker_port: int
    console_port: int

    def folder(self, plant: DemoPlant) -> pathlib.Path:
        """The gateway's folder of a plant."""
        return self.state / plant.site

    def history(self, plant: DemoPlant, part: str) -> pathlib.Path:
        """A replay file of a plant."""
        return self.folder(plant) / f"{part}.ovb"

    def ledger(self, plant: DemoPlant, part: str) -> pathlib.Path:
        """The simulator's count of what it emitted."""
        return self.folder(plant) / f"{part}-ledger.json"

    def faults(self, plant: DemoPlant, part: str) -> pathlib.Path:
        """The truth about faults; only the summary reads it."""
        return self.state / "truth" / f"{plant.site}-{part}.json"

    def secret(self, name: str) -> pathlib.Path:
        """A random password of this run, made on first use, readable by its owner only."""
        path = self.state / "secrets" / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        return path


def free_port(preferred: int) -> int:
    """The preferred loopback port, or any free one."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigError("no free port", offender="127.0.0.1", remedy="close some programs")
