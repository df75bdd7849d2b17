"""The public data sets of real_input: how each is replayed, collected and watched."""

from __future__ import annotations

import csv
import json
import pathlib
import shutil
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_models import artifact
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.train import fit_frames
from ovoo_packs.templates import ModelBinding
from ovoo_simulator.datasets import DataSet, read_dataset
from ovoo_simulator.ledger import Ledger
from ovoo_simulator.replay import dataset_catalogue
from ovoo_simulator.serve_opcua import namespace_uri, node_name

from benchmarks.boards.line_models import TEP_PARAMS, TEP_STEP_S
from benchmarks.boards.skab import SKAB_PARAMS, SKAB_TRAINING_ROWS
from benchmarks.frame import DATA
from tests.servers.process import ServerProcess, free_port, port_answers
from tests.system import programs
from tests.system.gateway import Gateway
from tests.system.line import Line

__all__ = ["SETS", "RealSet", "Replay", "training_rows"]

TEP_TRAINING_ROWS = 300


@dataclass(frozen=True, slots=True)
class RealSet:
    """One data set: its file, the asset it becomes, its transport, and rows of a quick run (0: all)."""

    name: str
    file: str
    asset: AssetAddress
    transport: str
    sector: str
    quick_rows: int = 0
    others: tuple[str, ...] = ()
    times: str = "keep"

    @property
    def path(self) -> pathlib.Path:
        """The file."""
        return DATA / self.file

    def missing(self) -> list[str]:
        """Files that are not there."""
        return [name for name in (self.file, *self.others) if not (DATA / name).exists()]


SETS = (
    RealSet("skab", "skab/valve1/0.csv", AssetAddress("skab", "lab", "bench", "water", "valve1"), "opcua", "other"),
    RealSet(
        "tep", "tep/d05.dat", AssetAddress("tep", "plant", "process", "main", "unit1"), "opcua", "coal_chemical",
        others=("tep/d00.dat",),
    ),
    RealSet(
        "steel", "steel-energy/Steel_industry_data.csv",
        AssetAddress("gwangyang-steel", "works", "utilities", "power", "meter1"), "mqtt", "steel",
        quick_rows=40 * 96, times="end_now",
    ),
)  # fmt: skip


@dataclass(slots=True)
class Replay:
    """One data set on its way: the replayed file, its plant and its gateway."""

    real: RealSet
    data: DataSet
    catalogue: Catalogue
    gateway: Gateway
    plant: ServerProcess
    ledger_path: pathlib.Path
    models: list[str] = field(default_factory=list)

    @classmethod
    def prepare(cls, real: RealSet, folder: pathlib.Path, line: Line, plant_broker_port: int, quick: bool) -> Replay:
        """Writes everything a replay needs and enrols its gateway."""
        folder.mkdir(parents=True)
        source = _slice(real, folder, real.quick_rows if quick else 0)
        data = read_dataset(source)
        catalogue = dataset_catalogue(data, real.asset)
        port = free_port() if real.transport == "opcua" else plant_broker_port
        models = _train(real, data, folder)
        gateway = _gateway(real, catalogue, folder, line, port, models)
        line.enrol(f"{real.name}-gw1", real.asset.enterprise, real.asset.site, real.sector)
        ledger = folder / "ledger.json"
        serve = ("--opcua-port", str(port)) if real.transport == "opcua" else ("--mqtt", f"127.0.0.1:{port}")
        plant = programs.started(
            "ovoo-simulator", "replay", source, "--asset", str(real.asset), "--speed", "0", "--ledger", ledger,
            "--times", real.times, "--wait-for-subscription", *serve,
            log=folder / "plant.log", ready=lambda: port_answers(port),
        )  # fmt: skip
        return cls(real, data, catalogue, gateway, plant, ledger, models)

    def ledger(self) -> Ledger:
        """What the replay says it emitted."""
        return Ledger.load(self.ledger_path)

    def settle_times(self) -> int:
        """Takes the shift of a whole replay over into `data`; gives it in nanoseconds."""
        signals = json.loads(self.ledger_path.read_text(encoding="utf-8"))["signals"]
        shift = min(int(entry["first_ns"]) for entry in signals.values()) - int(self.data.time_ns[0])
        self.data = replace(self.data, time_ns=self.data.time_ns + shift)
        return shift


def _slice(real: RealSet, folder: pathlib.Path, rows: int) -> pathlib.Path:
    """The file itself, or its first rows in a copy of this run."""
    if not rows:
        return real.path
    target = folder / real.path.name
    with real.path.open(encoding="utf-8-sig") as whole, target.open("w", encoding="utf-8") as part:
        for number, text in enumerate(whole):
            if number > rows:
                break
            part.write(text)
    shutil.copystat(real.path, target)
    return target


def training_rows(real: RealSet, data: DataSet) -> tuple[np.ndarray, Mapping[str, float | str]] | None:
    """(rows x signals to learn from, parameters of the multivariate model), or None where none is sensible."""
    if real.name == "skab":
        return data.value.T[:SKAB_TRAINING_ROWS], SKAB_PARAMS
    if real.name == "tep":
        normal = read_dataset(DATA / "tep" / "d00.dat")
        return normal.value.T[:TEP_TRAINING_ROWS], TEP_PARAMS
    return None


def _train(real: RealSet, data: DataSet, folder: pathlib.Path) -> list[str]:
    wanted = training_rows(real, data)
    if wanted is None:
        return []
    rows, params = wanted
    period_s = TEP_STEP_S if real.name == "tep" else 1.0
    step_ns = round(period_s * 1e9)
    times = array("q", (int(data.time_ns[0]) + n * step_ns for n in range(len(rows))))
    block = FrameBlock(times, array("d", np.ascontiguousarray(rows).tobytes()), rows.shape[1])
    uses = tuple(
        SignalUse(name, unit, hold_s=2.5 * period_s) for name, unit in zip(data.names, data.units, strict=True)
    )
    binding = ModelBinding("mewma", "mewma", data.names, params)
    model_set = ModelSet(str(real.asset), period_s, uses, (binding,))
    artifact.save(folder / "mewma.json", fit_frames(model_set, block, {"trained_by": "benchmarks/real_input.py"}))
    return ["mewma.json"]


def _gateway(
    real: RealSet, catalogue: Catalogue, folder: pathlib.Path, line: Line, port: int, models: list[str]
) -> Gateway:
    health = free_port()
    if real.transport == "opcua":
        source = (
            f'driver = "opcua"\nendpoint = "opc.tcp://127.0.0.1:{port}/ovoo/{real.asset.site}"\n'
            "publishing_interval_ms = 50\nsampling_interval_ms = 0\n"
        )
    else:
        source = (
            f'driver = "mqtt"\nhost = "127.0.0.1"\nport = {port}\ntopics = ["{real.asset.site}/#"]\n'
            f'topic_template = "{{site}}/{{area}}/{{line}}/{{asset}}"\n'
            f'address = {{ enterprise = "{real.asset.enterprise}" }}\n'
        )
    text = (
        f'[gateway]\nid = "{real.name}-gw1"\nenterprise = "{real.asset.enterprise}"\nsite = "{real.asset.site}"\n'
        f'state_dir = "state"\nsignals = ["signals.csv"]\n'
        f'[health]\nlisten = "127.0.0.1:{health}"\n'
        f'[[source]]\nname = "plant"\n{source}'
        f'[[sink]]\nname = "cloud"\ndriver = "mqtt"\nhost = "127.0.0.1"\nport = {line.broker.port}\n'
        'scope = "site"\nresend_s = 5\n'
    )
    for name in models:
        text += f'[[model]]\nasset = "{real.asset.path}"\nartifact = "{name}"\n'
    (folder / "agent.toml").write_text(text, encoding="utf-8")
    with (folder / "signals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("address", "unit", "source", "reference", "path", "scale", "period_s", "uplink"))
        for entry in catalogue.entries:
            reference = (
                f"nsu={namespace_uri(real.asset.site)};s={node_name(entry)}" if real.transport == "opcua" else ""
            )
            # a short period makes a long queue at the server: the replay is faster than the plant was
            period = 1 if real.transport == "opcua" else int(entry.period_s)
            writer.writerow((str(entry.address), entry.unit, "plant", reference, "", 1, period, "raw"))
        if real.name == "steel":  # kWh of a quarter hour as its mean power: what the report's energy section reads
            topic = f"{real.asset.site}/{real.asset.path}"
            power = str(real.asset.signal("power"))
            writer.writerow((power, "kW", "plant", topic, "values.usage_kwh", 4, 900, "raw"))
    return Gateway(folder, health)
