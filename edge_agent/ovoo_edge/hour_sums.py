"""Hours of machines as sums by regime: they become durable with the figures that they are made of."""

from __future__ import annotations

import logging
import threading
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import DataClass, SignalEntry
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import AddressError, ArtifactError
from ovoo_contract.hour_sums import HourSums, hour_start
from ovoo_contract.samples import SampleBatch

from ovoo_edge.row_writer import Output
from ovoo_edge.spool_rows import EVENT_RANK, RowMeta

if TYPE_CHECKING:
    from ovoo_models.artifact import ModelSet
    from ovoo_models.machine_sums import MachineSums

__all__ = ["POSITION", "Followed", "SumsBook"]

_LOG = logging.getLogger(__name__)
POSITION = "#sums/"
"""Before the machine's address: names under which the spool keeps what is under way; no source can be called that."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A machine with a monitor: its model, what that gives, and where this stands in the catalogue."""

    asset: AssetAddress
    model_set: ModelSet
    outputs: Sequence[SignalEntry]
    out_base: int
    data_class: DataClass


@dataclass(slots=True)
class _Machine:
    sums: MachineSums
    out_base: int = 0
    energy: int = -1
    figures: frozenset[int] = frozenset()
    changed: bool = False


class SumsBook:
    """Takes the minute figures of every machine and writes, with them, how far its hours are and those that are over.

    Both stand in one transaction with the figures, so after a crash neither holds a minute that the other lacks.
    """

    def __init__(self, timezone: str, catalogue_id: str, largest: int) -> None:
        self._hour_start = partial(hour_start, zone=zoneinfo.ZoneInfo(timezone))
        self._catalogue_id = catalogue_id
        self._largest = largest
        self._machines: dict[AssetAddress, _Machine] = {}
        self._told: dict[AssetAddress, int] = {}
        # a promotion comes on a thread of its own
        self._busy = threading.Lock()

    @classmethod
    def of(
        cls,
        followed: Sequence[Followed],
        positions: Mapping[str, bytes],
        timezone: str,
        catalogue_id: str,
        largest: int,
    ) -> SumsBook | None:
        """The book that goes on from the spool's positions; None where there is neither machine nor open hour.

        Args:
            followed: machines with a monitor.
            positions: of the spool; hours of machines without a monitor are still sent.
            timezone: of the site.
            catalogue_id: of the gateway.
            largest: bytes a group may have.
        """
        left = {name.removeprefix(POSITION): body for name, body in positions.items() if name.startswith(POSITION)}
        if not followed and not left:
            return None
        book = cls(timezone, catalogue_id, largest)
        for machine in followed:
            book.follow(machine)
        for name, body in left.items():
            book._restore(name, body)
        return book

    def follow(self, machine: Followed) -> None:
        """From now on the machine's rows are of this model."""
        with self._busy:
            known = self._machine(machine.asset)
            known.out_base = machine.out_base
            place = known.sums.follow(machine.model_set, machine.outputs, machine.data_class)
            known.energy = -1 if place is None else machine.out_base + place
            known.figures = frozenset(
                machine.out_base + place
                for place, entry in enumerate(machine.outputs)
                if entry.measurement == "telemetry_1m"
            )

    def _machine(self, asset: AssetAddress) -> _Machine:
        from ovoo_models.machine_sums import MachineSums

        if asset not in self._machines:
            self._machines[asset] = _Machine(MachineSums(asset, self._hour_start))
        return self._machines[asset]

    def _restore(self, name: str, body: bytes) -> None:
        try:
            asset = AssetAddress.parse(name)
            sums = self._machine(asset).sums
            sums.load(body)
            self._told[asset] = sums.last_ns
        except (AddressError, ArtifactError) as error:
            _LOG.warning("event=sums_not_restored asset=%s detail=%r", name, str(error))

    @property
    def waiting(self) -> bool:
        """Whether an hour holds what was not sent yet, or something was taken that is not durable."""
        return any(machine.changed or machine.sums.waiting for machine in self._machines.values())

    def take(self, scores: SampleBatch, now_ns: int) -> SampleBatch:
        """Take the minute figures in derived samples of one call of the monitors.

        Returns what is to be stored: all but figures of minutes that were stored before the gateway died. Its models
        go on from a state that may be a minute old, and would tell such a minute again, without what they missed.
        """
        with self._busy:
            if self._told:
                scores = self._untold(scores)
            present = set(scores.signal)
            for asset, machine in self._machines.items():
                if machine.energy in present and machine.sums.take(scores, machine.out_base, now_ns):
                    machine.changed = True
                    self._told.pop(asset, None)
        return scores

    def _untold(self, scores: SampleBatch) -> SampleBatch:
        told = {
            place: last_ns for asset, last_ns in self._told.items() for place in self._machines[asset].figures
        }  # fmt: skip
        pairs = zip(scores.signal, scores.time_ns, strict=True)
        fresh = [row for row, (signal, time_ns) in enumerate(pairs) if time_ns > told.get(signal, -1)]
        return scores if len(fresh) == len(scores) else scores.take(fresh)

    def write(self, now_ns: int, output: Output) -> None:
        """Adds the hours that are due, and after them what must be remembered."""
        changed: dict[str, bytes] = {}
        with self._busy:
            for asset, machine in self._machines.items():
                for hour in machine.sums.due(now_ns):
                    self._append(hour, output)
                    machine.changed = True
                if machine.changed:
                    changed[f"{POSITION}{asset}"] = machine.sums.state()
                    machine.changed = False
        output.groups[-1].positions.update(changed)

    def _append(self, hour: HourSums, output: Output) -> None:
        payload = hour.to_bytes()
        meta = RowMeta(1, hour.start_ns, hour.start_ns + HOUR_NS - 1, EVENT_RANK, 0, hour.made_ns)
        output.group_for(len(payload), self._largest).append("sums", self._catalogue_id, payload, meta)
