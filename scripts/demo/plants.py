"""The plants' side of the demo: faults, commissioning, model training, gateways, history, live signals."""

from __future__ import annotations

import dataclasses
import datetime
import shutil

from ovoo_models import artifact
from ovoo_models.train import fit
from ovoo_packs import load_pack
from ovoo_simulator.faults import FaultPlan
from ovoo_simulator.history import training_columns
from ovoo_simulator.plants import create_plant
from ovoo_simulator.times import HOUR_NS

from scripts.demo.children import Child, Children, program
from scripts.demo.place import PLANTS, DemoPlant, Place, free_port

_COMMISSIONING_DAYS = 14
_FINE_HOURS = 2
_SOUND_DAYS = 2
"""Days of a plant's past before a fault that is mended later begins."""


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    """The demo's past: minutes up to `fine_ns`, seconds from there to `end_ns`."""

    start_ns: int
    fine_ns: int
    end_ns: int

    @classmethod
    def ending(cls, now_ns: int, days: int) -> Timeline:
        """`days` days that end at the last full minute."""
        end_ns = now_ns // 60_000_000_000 * 60_000_000_000
        return cls(end_ns - days * 24 * HOUR_NS, end_ns - _FINE_HOURS * HOUR_NS, end_ns)

    def of(self, plant: DemoPlant) -> Timeline:
        """The past of a plant that may begin before the others'."""
        return dataclasses.replace(self, start_ns=self.start_ns - plant.earlier_days * 24 * HOUR_NS)


def draw_faults(children: Children, place: Place, plant: DemoPlant, timeline: Timeline, seed: int) -> None:
    """Lets the simulator draw what will break; nothing but the summary reads the result."""
    path = place.faults(plant, "history")
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["--start", iso(timeline.of(plant).start_ns), "--end", iso(timeline.fine_ns), "--out", str(path)]
    command = program("ovoo-simulator", "faults", "draw", plant.pack, *arguments, "--fault-seed", str(seed))
    children.run(f"faults-{plant.site}", command)
    if plant.mended_fault is not None:
        _add_mended(children, place, plant, timeline)


def _add_mended(children: Children, place: Place, plant: DemoPlant, timeline: Timeline) -> None:
    """Adds the fault that lasts until the others' past begins, in place of what was drawn for its machine there."""
    assert plant.mended_fault is not None
    (kind, asset, size), path = plant.mended_fault, place.faults(plant, "history")
    start_ns, end_ns = timeline.of(plant).start_ns + _SOUND_DAYS * 24 * HOUR_NS, timeline.start_ns
    drawn = FaultPlan.load(path)
    # two faults of one machine at a time could not be told apart by whoever counts which were found
    rest = tuple(each for each in drawn.faults if each.asset != asset or each.start_ns >= end_ns + 6 * HOUR_NS)
    dataclasses.replace(drawn, faults=rest).save(path)
    arguments = ["--file", str(path), "--kind", kind, "--asset", asset, "--size", str(size), "--start", iso(start_ns)]
    arguments += ["--duration-s", str((end_ns - start_ns) // 10**9)]
    children.run(f"mended-{plant.site}", program("ovoo-simulator", "faults", "add", plant.pack, *arguments))


def train(place: Place, plant: DemoPlant, timeline: Timeline) -> list[str]:
    """Fits the models of every machine on two normal weeks before the plant's past; gives the assets."""
    models = place.folder(plant) / "models"
    models.mkdir(parents=True, exist_ok=True)
    templates = {template.default_path: template for template in load_pack(plant.pack).templates.values()}
    history = training_columns(create_plant(plant.pack), _COMMISSIONING_DAYS, end_ns=timeline.of(plant).start_ns)
    assets = [path for path in history if path in templates and templates[path].models]
    for path in assets:
        model_set = fit(templates[path], history[path], trained_by="make demo")
        name = path.replace("/", "-")
        artifact.save(models / f"{name}.json", model_set)
    return assets


def write_gateway(children: Children, place: Place, plant: DemoPlant, assets: list[str]) -> int:
    """agent.toml and signals.csv of a plant's gateway; gives the port its OPC UA server will use."""
    folder = place.folder(plant)
    number = PLANTS.index(plant)
    port = free_port(4840 + number)
    source = ["--opcua", opcua_endpoint(plant, port)]
    if plant.transport == "mqtt":
        source = ["--mqtt", f"127.0.0.1:{place.broker_port}"]
    cloud = ["--cloud", f"127.0.0.1:{place.broker_port}", "--health", f"127.0.0.1:{free_port(9108 + number)}"]
    command = program("ovoo-simulator", "gateway-config", plant.pack, "--out", str(folder), *source, *cloud)
    children.run(f"config-{plant.site}", command)
    text = (folder / "agent.toml").read_text(encoding="utf-8")
    password = place.secret(plant.gateway)
    text = text.replace(
        'name = "cloud"\n', f'name = "cloud"\nusername = "{plant.gateway}"\npassword_file = "{password}"\n'
    )
    if plant.transport == "mqtt":
        text = text.replace(
            'client_id = "', f'user = "{plant.gateway}"\npassword_file = "{password}"\nversion = "3.1.1"\nclient_id = "'
        )
    (folder / "agent.toml").write_text(text + "".join(_model_table(path) for path in assets), encoding="utf-8")
    return port


def opcua_endpoint(plant: DemoPlant, port: int) -> str:
    """Where the plant's OPC UA server is."""
    return f"opc.tcp://127.0.0.1:{port}/ovoo/{plant.site}"


def start_history(children: Children, place: Place, plant: DemoPlant, timeline: Timeline) -> list[Child]:
    """Writes the plant's past: minutes, then seconds."""
    parts = (
        ("minutes", timeline.of(plant).start_ns, timeline.fine_ns, 60),
        ("seconds", timeline.fine_ns, timeline.end_ns, 1),
    )
    started = []
    for part, start_ns, end_ns, step_s in parts:
        window = ["--start", iso(start_ns), "--end", iso(end_ns), "--step-s", str(step_s)]
        files = ["--out", str(place.history(plant, part)), "--ledger", str(place.ledger(plant, part))]
        faults = ["--faults", str(place.faults(plant, "history"))]
        command = program("ovoo-simulator", "history", plant.pack, *window, *files, *faults)
        started.append(children.start(f"history-{part}-{plant.site}", command))
    return started


def start_replay(children: Children, place: Place, plant: DemoPlant, part: str) -> Child:
    """Plays a part of the past through the plant's gateway, as fast as it goes."""
    arguments = ["--config", str(place.folder(plant) / "agent.toml"), str(place.history(plant, part))]
    return children.start(f"replay-{part}-{plant.site}", program("ovoo-edge", "replay", *arguments))


def go_live(children: Children, place: Place, plant: DemoPlant, port: int) -> tuple[Child, Child]:
    """Starts the plant at 1 Hz and its gateway; gives plant and gateway."""
    config = place.folder(plant) / "agent.toml"
    # counters are integrals: the live plant must know what broke before, or its meter falls back
    shutil.copyfile(place.faults(plant, "history"), place.faults(plant, "live"))
    serve = ["--opcua-port", str(port), "--pki", str(place.folder(plant) / "pki")]
    if plant.transport == "mqtt":
        user, password = f"{plant.site}-plc", str(place.secret(f"{plant.site}-plc"))
        address = f"127.0.0.1:{place.broker_port}"
        serve = ["--mqtt", address, "--mqtt-protocol", "311", "--user", user, "--password-file", password]
    truth = ["--faults", str(place.faults(plant, "live")), "--ledger", str(place.ledger(plant, "live"))]
    wait = ["--wait-for-subscription"] if plant.transport == "opcua" else []
    simulator = children.start(
        f"plant-{plant.site}", program("ovoo-simulator", "plant", plant.pack, *serve, *truth, *wait)
    )
    gateway = children.start(f"gateway-{plant.site}", program("ovoo-edge", "run", "--config", str(config)))
    return simulator, gateway


def trigger_fault(children: Children, place: Place, plant: DemoPlant, duration_s: int) -> None:
    """Lets the plant's fault begin now."""
    kind, asset, size = plant.live_fault
    arguments = ["--file", str(place.faults(plant, "live")), "--kind", kind, "--asset", asset]
    arguments += [] if size is None else ["--size", str(size)]
    command = program("ovoo-simulator", "faults", "add", plant.pack, *arguments, "--duration-s", str(duration_s))
    children.run(f"trigger-{plant.site}", command)


def iso(time_ns: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.datetime.fromtimestamp(time_ns // 10**9, datetime.UTC).isoformat()


def _model_table(asset: str) -> str:
    name = f"{asset.replace('/', '-')}.json"
    return f'\n[[model]]\nasset = "{asset}"\nartifact = "models/{name}"\n'
