"""The hours of one machine as sums by regime, built from the minute figures that its monitor gives."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json
from ovoo_contract.catalogue import DataClass, SignalEntry
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import ArtifactError, OvooError
from ovoo_contract.hour_sums import HourSums, SumsLayout
from ovoo_contract.samples import SampleBatch

from ovoo_models.artifact import ModelSet
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.hour_content import sums_of
from ovoo_models.minute_rows import MinuteColumns, MinuteRow, figures_of, layout_of, minute_rows, push_row

__all__ = ["MachineSums"]

_VERSION: Final = 1
_MINUTE_NS: Final = 60_000_000_000
_ALLOWANCE_NS: Final = 120_000_000_000
"""After the end of an hour in which nothing more came, and after the last minute that came late."""


@dataclass(slots=True)
class _Hour:
    """An hour under way: what is sent once it is over, and whether anything came since it was sent."""

    start_ns: int
    model: str
    layout: SumsLayout
    data_class: DataClass
    sums: RegimeSums
    minutes: int = 0
    changed: bool = False
    touched_ns: int = 0

    def take(self, row: MinuteRow, now_ns: int) -> None:
        if row.measured:
            self.minutes |= 1 << (row.start_ns - self.start_ns) // _MINUTE_NS
            push_row(self.sums, row)
            self.changed, self.touched_ns = True, now_ns

    def is_due(self, last_ns: int, now_ns: int) -> bool:
        end_ns = self.start_ns + HOUR_NS
        return self.changed and (last_ns >= end_ns or now_ns >= max(end_ns, self.touched_ns) + _ALLOWANCE_NS)


class MachineSums:
    """Each minute counts once, in whichever model's hour it came; what `state` holds and what was sent is all there is.

    Fixed memory: of hours that are over only the last is kept, until it has been sent and the next has begun.

    Args:
        asset: the machine.
        hour_start: the start of the hour of the site's clock in which a time lies, both in ns UTC.
    """

    def __init__(self, asset: AssetAddress, hour_start: Callable[[int], int]) -> None:
        self.asset = asset
        self._hour_start = hour_start
        self._hours: dict[tuple[int, str], _Hour] = {}
        self._last_ns = -1
        self._model = ""
        self._layout: SumsLayout | None = None
        self._places: tuple[int, ...] = ()
        self._data_class: DataClass = "core"

    def follow(self, model_set: ModelSet, outputs: Sequence[SignalEntry], data_class: DataClass) -> int | None:
        """From now on rows are of this model; `outputs` of its monitor.

        Returns the place of the energy figure among the outputs: a batch without it holds no row; None = no sums.
        """
        names = {entry.address.signal: place for place, entry in enumerate(outputs)}
        layout = layout_of(model_set)
        figures = figures_of(layout) if layout else ()
        if not figures or not all(name in names for name in figures):
            self._layout = None
            return None
        self._model, self._layout, self._data_class = model_set.fingerprint, layout, data_class
        self._places = tuple(names[name] for name in figures)
        return self._places[0]

    @property
    def last_ns(self) -> int:
        """Start of the last minute that was taken, -1 before the first."""
        return self._last_ns

    @property
    def waiting(self) -> bool:
        """Whether an hour holds what was not sent yet."""
        return any(hour.changed for hour in self._hours.values())

    def take(self, batch: SampleBatch, out_base: int, now_ns: int) -> bool:
        """Take the minutes in a batch of the monitor's derived samples; False where there is none."""
        if self._layout is None or out_base + self._places[0] not in batch.signal:
            return False
        columns = [_column(batch, out_base + place) for place in self._places]
        for row in minute_rows(columns):
            if row.start_ns > self._last_ns:
                self._last_ns = row.start_ns
                self._hour(row.start_ns, self._layout).take(row, now_ns)
        return True

    def _hour(self, at_ns: int, layout: SumsLayout) -> _Hour:
        start_ns = self._hour_start(at_ns)
        key = (start_ns, self._model)
        if key not in self._hours:
            names = [name for name, _unit in layout.variables]
            sums = RegimeSums(names, layout.target[0], len(layout.regimes))
            self._hours[key] = _Hour(start_ns, self._model, layout, self._data_class, sums)
        return self._hours[key]

    def due(self, now_ns: int) -> list[HourSums]:
        """The hours to be sent now, oldest first; they count as sent."""
        found = []
        for _key, hour in sorted(self._hours.items()):
            if hour.is_due(self._last_ns, now_ns):
                hour.changed = False
                found.append(self._report(hour, now_ns))
        past = self._hour_start(self._last_ns) if self._last_ns >= 0 else 0
        self._hours = {key: hour for key, hour in self._hours.items() if hour.changed or hour.start_ns >= past}
        return found

    def _report(self, hour: _Hour, now_ns: int) -> HourSums:
        return HourSums(
            asset=self.asset,
            model=hour.model,
            layout=hour.layout,
            start_ns=hour.start_ns,
            made_ns=now_ns,
            minutes=hour.minutes,
            rows=tuple(hour.sums.rows(code) for code in range(len(hour.layout.regimes))),
            data_class=hour.data_class,
            sums=json.loads(hour.sums.to_json()),
        )

    def state(self) -> bytes:
        """Everything, for the spool; `load` goes on bit for bit."""
        hours = [
            {
                "changed": hour.changed,
                "touched_ns": str(hour.touched_ns),
                **self._report(hour, 0).to_document(),
            }
            for _key, hour in sorted(self._hours.items())
        ]
        return zlib.compress(canonical_json({"version": _VERSION, "last_ns": str(self._last_ns), "hours": hours}), 6)

    def load(self, data: bytes) -> None:
        """Take `state()`; ArtifactError for anything else, and then nothing is taken."""
        try:
            document: Mapping[str, Any] = json.loads(zlib.decompress(data))
            if document["version"] != _VERSION:
                raise ArtifactError("foreign version", offender="machine_sums", value=document["version"])
            last_ns = int(document["last_ns"])
            hours = [_read_hour(item) for item in document["hours"]]
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError("not sums of a machine", offender=f"machine_sums {self.asset}") from error
        except OvooError as error:
            raise ArtifactError(str(error), offender=f"machine_sums {self.asset}") from error
        self._last_ns = last_ns
        self._hours = {(hour.start_ns, hour.model): hour for hour in hours}


def _read_hour(item: Mapping[str, Any]) -> _Hour:
    report = HourSums.from_document(item)
    sums = sums_of(report)
    return _Hour(
        report.start_ns, report.model, report.layout, report.data_class, sums, report.minutes, bool(item["changed"]),
        int(item["touched_ns"]),
    )  # fmt: skip


def _column(batch: SampleBatch, signal: int) -> MinuteColumns:
    """The rows of one signal, which stand together."""
    count = batch.signal.count(signal)
    if not count:
        return {}
    first = batch.signal.index(signal)
    span = slice(first, first + count)
    pairs = zip(batch.value[span], batch.quality[span], strict=True)
    return dict(zip(batch.time_ns[span], pairs, strict=True))
