from __future__ import annotations

import pathlib
import struct

import numpy as np
import pytest
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, BatchHeader, decode_batch
from ovoo_simulator.faults import Fault
from ovoo_simulator.history import training_columns, write_history
from ovoo_simulator.ledger import tally
from ovoo_simulator.plants import Plant, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_midnight_ns

ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)


@pytest.fixture(scope="module")
def mine() -> Plant:
    return create_plant("coal_mine", seed=3, origin_ns=ORIGIN_NS)


def records(path: pathlib.Path) -> list[bytes]:
    data, found, place = path.read_bytes(), [], 0
    while place < len(data):
        (length,) = struct.unpack_from("<I", data, place)
        found.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    assert place == len(data)
    return found


def read(path: pathlib.Path) -> tuple[Catalogue, list[tuple[BatchHeader, SampleBatch]]]:
    first, *rest = records(path)
    return Catalogue.from_json(first), [decode_batch(each) for each in rest]


def test_replay_file_holds_what_the_ledger_says(mine: Plant, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "h.ovb"
    fault = Fault("leak", "utilities/air/comp1", "", ORIGIN_NS + HOUR_NS, ORIGIN_NS + 5 * HOUR_NS, 0.2, ())

    written, ledger = write_history(mine, path, ORIGIN_NS, ORIGIN_NS + 30 * HOUR_NS, MINUTE_NS, (fault,))

    catalogue, batches = read(path)
    batch = SampleBatch.concat([each for _, each in batches])
    signal = np.array(batch.signal)
    found = {
        str(entry.address): tally(
            *(np.array(column)[signal == index] for column in (batch.time_ns, batch.value, batch.quality))
        )
        for index, entry in enumerate(catalogue.entries)
    }
    assert catalogue == mine.catalogue
    assert ledger.compare(found).exact
    assert written.samples == ledger.count == 30 * 60 * 42
    assert written.records == len(batches) == 30


def test_records_are_sorted_hours_of_backfill_in_one_number_space(mine: Plant, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "h.ovb"

    write_history(mine, path, ORIGIN_NS, ORIGIN_NS + 3 * HOUR_NS, MINUTE_NS)

    catalogue, batches = read(path)
    assert all(batch.is_sorted() for _, batch in batches)
    assert all(header.flags == FLAG_BACKFILL and header.catalogue_id == catalogue.id for header, _ in batches)
    assert [header.seq for header, _ in batches] == [1, 2, 3]
    assert len({header.epoch for header, _ in batches}) == 1
    assert all(len({time // HOUR_NS for time in batch.time_ns}) == 1 for _, batch in batches)


def test_mqtt_plants_leave_silence_out_and_opcua_plants_write_it(mine: Plant, tmp_path: pathlib.Path) -> None:
    end = ORIGIN_NS + 2 * DAY_NS
    opcua, _ = write_history(mine, tmp_path / "a.ovb", ORIGIN_NS, end, MINUTE_NS)
    mqtt, _ = write_history(mine, tmp_path / "b.ovb", ORIGIN_NS, end, MINUTE_NS, transport="mqtt")

    assert opcua.samples == 2 * 1440 * 42
    assert 0 < opcua.samples - mqtt.samples < opcua.samples * 0.003
    assert all(quality == 0 for _, batch in read(tmp_path / "b.ovb")[1] for quality in batch.quality)


def test_history_is_what_the_live_plant_would_have_said(mine: Plant, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "h.ovb"
    start = ORIGIN_NS + 9 * HOUR_NS

    write_history(mine, path, start, start + 2 * MINUTE_NS, SECOND_NS, record_ns=MINUTE_NS)

    (_, first), (_, second) = read(path)[1]
    live = mine.simulate(start + MINUTE_NS, SECOND_NS, 60)
    assert len(first) == len(second) == 2520
    assert np.array_equal(np.array(second.value).reshape(42, 60), live.value, equal_nan=True)


def test_training_columns_are_good_samples_of_whole_local_days(mine: Plant) -> None:
    columns = training_columns(mine, 2, end_ns=ORIGIN_NS + 5 * DAY_NS + 3 * HOUR_NS)

    times, values, quality = columns["ventilation/main/fan1"]["power"]
    assert set(columns) == {machine.path for machine in mine.machines} | {mine.meter_path}
    assert ORIGIN_NS + 3 * DAY_NS <= times[0] < times[-1] < ORIGIN_NS + 5 * DAY_NS
    assert 2870 <= len(times) <= 2880
    assert not np.isnan(values).any()
    assert not quality.any()
