"""A gateway's pipeline with its models over a simulated fan, up to the messages it sends."""

from __future__ import annotations

import pathlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ovoo_cloud.ingest.intake import Message
from ovoo_contract import topics
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.delivery import EventEnvelope
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import decode_batch, encode_batch
from ovoo_edge.config import ModelSettings
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import rules_of
from ovoo_edge.sources.base import Chunk
from ovoo_edge.watermark import Watermark
from ovoo_models import artifact
from ovoo_models.artifact import ModelSet
from ovoo_models.train import fit
from ovoo_packs import instantiate, load_pack
from ovoo_simulator.faults import Fault
from ovoo_simulator.history import training_columns
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS

SECOND = 1_000_000_000
PATH = "ventilation/main/fan1"
TEMPLATE = load_pack("coal_mine").template("main_fan")
START = DEFAULT_ORIGIN_NS + 210 * DAY_NS
HOURS = 4
END = START + HOURS * HOUR_NS
STEP = 5 * SECOND


@cache
def trained() -> ModelSet:
    """The models of the fan, fitted on a week of ordinary days."""
    history = training_columns(create_plant("coal_mine"), 7, end_ns=DEFAULT_ORIGIN_NS + 200 * DAY_NS)
    return fit(TEMPLATE, history[PATH], PATH)


@cache
def readings() -> SampleBatch:
    """The fan's signals in the order of its template, every 5 s; the bearing wears from the second hour on."""
    plant = create_plant("coal_mine")
    fault = Fault("bearing_wear", PATH, "", START + HOUR_NS, END, 1.0, ("vibration", "bearing_temp"))
    columns = plant.simulate(START, STEP, HOURS * HOUR_NS // STEP, [fault])
    places = {entry.address.signal: row for row, entry in enumerate(plant.entries) if entry.address.asset_path == PATH}
    batch = SampleBatch.empty()
    for index, signal in enumerate(TEMPLATE.signals):
        row = places[signal.name]
        batch.signal.extend(array("I", [index]) * len(columns.time_ns))
        batch.time_ns.frombytes(columns.time_ns.tobytes())
        batch.value.frombytes(columns.value[row].tobytes())
        batch.quality.frombytes(columns.quality[row].tobytes())
    return batch


def pieces(span_ns: int, start_ns: int = START, end_ns: int = END) -> Iterator[SampleBatch]:
    """The readings in chunks of a span, each sorted by (signal, time)."""
    batch = readings()
    count = len(batch) // len(TEMPLATE.signals)
    for first_ns in range(start_ns, end_ns, span_ns):
        low, high = ((at - START) // STEP for at in (first_ns, min(first_ns + span_ns, end_ns)))
        rows = [signal * count + step for signal in range(len(TEMPLATE.signals)) for step in range(low, high)]
        yield batch.take(rows)


@dataclass
class FanGateway:
    """One enrolled gateway of an enterprise with the fan, with or without models."""

    enterprise: str
    folder: pathlib.Path
    name: str = "heishan-gw1"
    models: bool = True
    uplink: str = "raw"
    seq: int = 0

    def __post_init__(self) -> None:
        self.model = self.folder / "fan1.json"
        artifact.save(self.model, trained())
        self.asset = AssetAddress(self.enterprise, "heishan", *PATH.split("/"))
        self.entries: Sequence[SignalEntry] = [
            replace(entry, uplink=self.uplink)  # type: ignore[arg-type]
            for entry in instantiate(TEMPLATE, self.asset)
        ]
        self.start()

    def start(self, state: pathlib.Path | None = None) -> None:
        """Starts the pipeline, with the state of before if there is one."""
        self.scoring = Scoring.load([ModelSettings(self.asset, self.model)] if self.models else [], self.entries)
        if state is not None:
            self.scoring.restore(state)
        self.catalogue = Catalogue([*self.entries, *self.scoring.outputs])
        rules = rules_of([], [], self.catalogue.entries)
        limits = (1 << 20, 1 << 23)
        watermark = Watermark(len(self.catalogue), 0, START)
        self._stage = Stage(self.catalogue, rules, self.scoring.scorer(self.catalogue), watermark, 600, limits)

    def listing(self) -> Message:
        """The catalogue as published."""
        return Message(topics.catalog(self.name, self.catalogue.id), self.catalogue.to_json())

    def send(self, batches: Iterator[SampleBatch]) -> list[Message]:
        """What the pipeline makes of these chunks, as messages with their numbers."""
        messages = []
        for batch in batches:
            result = self._stage.process([Chunk(batch, None, "plant")], max(batch.time_ns))
            for row in (row for group in result.groups for row in group.rows):
                self.seq += 1
                messages.append(self._message(row.kind, row.payload))
        return messages

    def _message(self, kind: str, payload: object) -> Message:
        assert isinstance(payload, bytes)
        if kind == "event":
            envelope = EventEnvelope(9, self.seq, Finding.from_json(payload))
            return Message(topics.event(self.name), envelope.to_json())
        header, batch = decode_batch(payload)
        return Message(topics.batch(self.name), encode_batch(replace(header, epoch=9, seq=self.seq), batch))
