"""Hours as sums in the gateway: durable with the figures they are made of, and sent once over, whatever dies."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from ovoo_contract.canonical import canonical_json
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.hour_sums import HourSums
from ovoo_contract.wire import decode_batch
from ovoo_edge.config import ModelSettings
from ovoo_edge.hour_sums import POSITION, SumsBook
from ovoo_edge.pipeline import complete_groups
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import rules_of
from ovoo_edge.sources.base import Chunk
from ovoo_edge.spool import Spool
from ovoo_edge.watermark import Watermark
from ovoo_models import artifact
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.minute_rows import POWER, figures_of, layout_of, minute_rows, push_row

from tests.edge_agent.support import SECOND, open_spool
from tests.models.conftest import START
from tests.models.test_machine_minutes import ASSET, SIGNALS, batch_of, compressor, trained

MINUTE = 60 * SECOND
ZONE = "Asia/Shanghai"
ENTRIES = [SignalEntry(ASSET.signal(use.name), use.unit, data_class=use.data_class, period_s=20.0) for use in SIGNALS]


@dataclass
class Gateway:
    """Scoring, stage and spool of one life; the source hands over again what was not committed."""

    folder: pathlib.Path
    spool: Spool
    scoring: Scoring
    stage: Stage
    catalogue: Catalogue
    hours: list[HourSums] = field(default_factory=list)

    def take(self, first: int, past: int, now_ns: int | None = None) -> None:
        """Rows [first, past) of the machine, committed together."""
        rows = ROWS.rows(first, past)
        chunks = [Chunk(batch_of(rows).sorted(), None, "plc", position=lambda: str(past).encode())] if len(rows) else []
        self.commit(chunks, rows.time_ns[-1] + SECOND if now_ns is None else now_ns)

    def commit(self, chunks: list[Chunk], now_ns: int) -> None:
        for group in complete_groups(chunks, self.stage.process(chunks, now_ns)):
            self.hours += [HourSums.from_bytes(row.payload) for row in group.rows if row.kind == "sums"]
            self.spool.commit(group)

    @property
    def committed(self) -> int:
        return int(self.spool.positions().get("plc", b"0"))


@contextmanager
def living(folder: pathlib.Path, zone: str = ZONE) -> Iterator[Gateway]:
    path = folder / "comp1.json"
    if not path.exists():
        artifact.save(path, trained())
    scoring = Scoring.load([ModelSettings(ASSET, path)], ENTRIES)
    catalogue = Catalogue([*ENTRIES, *scoring.outputs])
    scoring.restore(folder / "models.json")
    with open_spool(folder, budget_mib=32) as spool:
        spool.add_catalogue(catalogue)
        scorer = scoring.scorer(catalogue)
        sums = SumsBook.of(scoring.followed(), spool.positions(), zone, catalogue.id, 1 << 22)
        scoring.sums = sums
        stage = Stage(
            catalogue, rules_of([], [], catalogue.entries), scorer, Watermark(len(catalogue), spool.high_ns, START),
            600, (1 << 20, 1 << 22), None, sums,
        )  # fmt: skip
        yield Gateway(folder, spool, scoring, stage, catalogue)


ROWS = compressor(1500, 7)


def stored(spool: Spool, catalogue: Catalogue) -> tuple[list[HourSums], dict[int, tuple[int, tuple[float, ...]]]]:
    """What a receiver gets: hours of sums, and the rows of minutes by their start, read from the samples."""
    layout = layout_of(trained())
    assert layout is not None
    places = {catalogue.index(ASSET.signal(name)): k for k, name in enumerate(figures_of(layout))}
    columns: list[dict[int, tuple[float, int]]] = [{} for _ in places]
    hours = []
    for row in spool.pending("cloud", 100_000):
        if row.kind == "sums":
            hours.append(HourSums.from_bytes(row.payload))
        elif row.kind == "batch":
            _, batch = decode_batch(row.payload)
            for signal, at, value, quality in zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True):
                if signal in places:
                    assert at not in columns[places[signal]], "a minute is told once"
                    columns[places[signal]][at] = (value, quality)
    return hours, {row.start_ns: (row.regime, row.values) for row in minute_rows(columns) if row.values}


def newest(hours: list[HourSums]) -> dict[int, HourSums]:
    """The last report of each hour, as a receiver keeps it."""
    return {hour.start_ns: hour for hour in sorted(hours, key=lambda each: each.made_ns)}


def assert_the_hours_are_the_rows(hours: list[HourSums], rows: dict[int, tuple[int, tuple[float, ...]]]) -> None:
    told = newest(hours)
    for hour in told.values():
        alone = RegimeSums(("flow",), POWER[0], 3)
        own = {at: row for at, row in sorted(rows.items()) if 0 <= at - hour.start_ns < HOUR_NS}
        for row in minute_rows(_columns(own)):
            assert push_row(alone, row)
        assert sum(hour.rows) == len(own)
        assert canonical_json(hour.sums) == alone.to_json()
    assert {at for at in rows if at // HOUR_NS * HOUR_NS not in told} == set()


def _columns(rows: dict[int, tuple[int, tuple[float, ...]]]) -> list[dict[int, tuple[float, int]]]:
    return [
        {at: (values[-1] / 60.0, 0) for at, (_, values) in rows.items()},
        {at: (float(regime), 0) for at, (regime, _) in rows.items()},
        {at: (values[0], 0) for at, (_, values) in rows.items()},
    ]


def test_hours_that_are_over_are_spooled_and_hold_the_rows_that_stand_beside_them(tmp_path: pathlib.Path) -> None:
    with living(tmp_path) as gateway:
        for first in range(0, len(ROWS), 50):
            gateway.take(first, first + 50)
        waited = gateway.stage.holds
        gateway.commit([], ROWS.time_ns[-1] + 2 * HOUR_NS)
        hours, rows = stored(gateway.spool, gateway.catalogue)

        assert (waited, gateway.stage.holds) == (True, False)
    assert [hour.start_ns for hour in hours] == sorted({at // HOUR_NS * HOUR_NS for at in rows})
    assert {hour.data_class for hour in hours} == {"important"}
    assert_the_hours_are_the_rows(hours, rows)


def test_the_hours_are_those_of_the_sites_clock(tmp_path: pathlib.Path) -> None:
    with living(tmp_path, "Asia/Kolkata") as gateway:
        gateway.take(0, 400)
        hours, _rows = stored(gateway.spool, gateway.catalogue)

    assert hours
    assert all((hour.start_ns + 19_800 * SECOND) % HOUR_NS == 0 for hour in hours)


@pytest.mark.parametrize("seed", range(6))
def test_no_minute_is_lost_or_counted_twice_by_deaths_at_any_moment(tmp_path: pathlib.Path, seed: int) -> None:
    rng = random.Random(seed)
    lives = 0
    done = 0
    while done < len(ROWS):
        lives += 1
        with living(tmp_path) as gateway:
            done = gateway.committed
            end = len(ROWS) if lives == 12 else min(len(ROWS), done + rng.randint(1, 300))
            while done < end:
                step = rng.randint(1, 40)
                gateway.take(done, min(done + step, end))
                done = min(done + step, end)
                if rng.random() < 0.2:
                    # the models' state is saved now and then, not with every commit
                    gateway.scoring.save(tmp_path / "models.json")
            if done < len(ROWS) and rng.random() < 0.7:
                # scored, and dead before the commit
                chunk = Chunk(batch_of(ROWS.rows(done, min(done + 30, len(ROWS)))).sorted(), None, "plc")
                gateway.stage.process([chunk], ROWS.time_ns[done] + SECOND)
                if rng.random() < 0.5:
                    gateway.scoring.save(tmp_path / "models.json")
    with living(tmp_path) as gateway:
        gateway.commit([], ROWS.time_ns[-1] + 2 * HOUR_NS)
        hours, rows = stored(gateway.spool, gateway.catalogue)

    assert lives > 3
    assert len(rows) > 300
    assert_the_hours_are_the_rows(hours, rows)


def test_what_cannot_be_restored_begins_anew_and_a_machine_without_model_is_still_sent(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    with living(tmp_path) as gateway:
        gateway.take(0, 100)
        positions = gateway.spool.positions()
    (name,) = (name for name in positions if name.startswith(POSITION))
    hour_end = ROWS.time_ns[0] // HOUR_NS * HOUR_NS + HOUR_NS

    alone = SumsBook.of([], positions, ZONE, "0" * 16, 1 << 20)
    broken = SumsBook.of([], {name: b"x", f"{POSITION}no address": b""}, ZONE, "0" * 16, 1 << 20)

    assert alone is not None
    waited = alone.waiting
    group = Stage(
        Catalogue(ENTRIES), rules_of([], [], ENTRIES), None, Watermark(3, 0, START), 600, (9**6, 9**7), None, alone
    )
    (row,) = group.process([], hour_end + 2 * HOUR_NS).groups[0].rows
    assert sum(HourSums.from_bytes(row.payload).rows) > 20
    assert (waited, alone.waiting) == (True, False)
    assert broken is not None
    assert not broken.waiting
    assert caplog.text.count("sums_not_restored") == 2
    assert SumsBook.of([], {"#known": b""}, ZONE, "0" * 16, 1 << 20) is None
