from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading

import duckdb
import pytest
from ovoo_cloud.stores.embedded import EmbeddedStore
from ovoo_contract.errors import StoreError, StoreUnavailable
from ovoo_contract.samples import SampleBatch

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, T0, S, address, steady

_WRITE_AND_DIE = """
import os, pathlib, signal, sys
from ovoo_cloud.stores.embedded import EmbeddedStore
from tests.cloud import builders
store = EmbeddedStore(pathlib.Path(sys.argv[1]))
store.write(builders.delivery(builders.steady(1, 500), 1))
print("stored", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

_OPEN = """
import pathlib, sys
from ovoo_cloud.stores.embedded import EmbeddedStore
try:
    EmbeddedStore(pathlib.Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_killed_between_write_and_ack_the_redelivery_leaves_exactly_one_copy(tmp_path: pathlib.Path) -> None:
    root = str(pathlib.Path(__file__).parents[3])
    dead = subprocess.run(
        [sys.executable, "-c", _WRITE_AND_DIE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (dead.returncode, dead.stdout) == (-signal.SIGKILL, "stored\n"), dead.stderr

    store = EmbeddedStore(tmp_path)
    again = store.write(builders.delivery(steady(1, 500), 1))

    assert again.known
    assert len(store.raw(address(), T0, T0 + 1000 * S, 2000)) == 500
    store.close()


def test_a_redelivery_merged_differently_adds_only_its_new_rows(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    first, second = steady(1, 10), steady(1, 10, start_ns=T0 + 10 * S, first=10.0)
    store.write(builders.delivery(first, 1))

    outcome = store.write(builders.delivery(SampleBatch.concat([first, second]), 1, merged=2))

    assert (outcome.stored, outcome.duplicates, outcome.known) == (10, 10, False)
    assert store.raw(address(), T0, T0 + 99 * S, 100).value.tolist() == [float(n) for n in range(20)]
    store.close()


def test_reopened_it_knows_series_newest_samples_and_deliveries(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    for seq in range(1, 6):
        store.write(builders.delivery(steady(1, 3, start_ns=T0 + seq * 10 * S), seq))
    store.write(builders.delivery(builders.batch([(2, T0, None, 0)], {0: "停"}), 6))
    before = store.latest([address("power"), address("state")])
    store.close()

    again = EmbeddedStore(tmp_path)

    after = again.latest([address("power"), address("state")])
    assert [(item.time_ns, repr(item.value), item.text) for item in after] == [
        (item.time_ns, repr(item.value), item.text) for item in before
    ]
    assert before[1].text == "停"
    assert again.write(builders.delivery(steady(1, 3), 4)).known
    assert not again.write(builders.delivery(steady(1, 3, start_ns=T0 + 90 * S), 7)).known
    assert again.health().figures["series"] == 3
    again.close()


def test_a_second_owner_is_told_to_use_the_server(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", _OPEN, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.startswith("StoreUnavailable")
    assert "ovoo-cloud serve" in done.stdout
    store.close()


def test_a_file_of_another_format_is_refused(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    store._connection.execute("UPDATE main.ovoo_format SET version = 99")
    store.close()

    with pytest.raises(StoreError, match="another version"):
        EmbeddedStore(tmp_path)


def test_after_close_it_says_so(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.close()

    assert store.health().state == "down"
    with pytest.raises(StoreUnavailable, match="closed"):
        store.raw(address(), T0, T0 + S, 10)


def test_readers_run_beside_the_writer_and_see_whole_deliveries_only(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.ensure_enterprise(ENTERPRISE)
    lengths: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                lengths.append(len(store.raw(address(), T0, T0 + 100_000 * S, 10_000)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seq in range(1, 31):
        store.write(builders.delivery(steady(1, 100, start_ns=T0 + seq * 200 * S), seq))
    done.set()
    for thread in threads:
        thread.join(10)

    assert not failures
    assert all(length % 100 == 0 for length in lengths)
    assert len(store.raw(address(), T0, T0 + 100_000 * S, 10_000)) == 3000
    store.close()


def test_a_failed_group_leaves_neither_rows_nor_memory(tmp_path: pathlib.Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.write(builders.delivery(steady(1, 3), 1))
    store._connection.execute(f'ALTER TABLE "ovoo_{ENTERPRISE}".deliveries RENAME TO hidden')

    with pytest.raises(duckdb.CatalogException, match="deliveries"):
        store.write(builders.delivery(steady(1, 3, start_ns=T0 + 50 * S), 2))
    store._connection.execute(f'ALTER TABLE "ovoo_{ENTERPRISE}".hidden RENAME TO deliveries')
    outcome = store.write(builders.delivery(steady(1, 3, start_ns=T0 + 50 * S), 2))

    assert (outcome.stored, outcome.known) == (3, False)
    assert len(store.raw(address(), T0, T0 + 99 * S, 100)) == 6
    store.close()


def test_a_gateways_figures_are_kept_and_an_older_file_gets_their_table(tmp_path: pathlib.Path) -> None:
    with duckdb.connect(str(tmp_path / "telemetry.duckdb")) as older:
        older.execute("SELECT 1")
    store = EmbeddedStore(tmp_path, max_points=1000)
    store.ensure_enterprise("heishan-coal")
    store.close()
    with duckdb.connect(str(tmp_path / "telemetry.duckdb")) as older:
        older.execute('DROP TABLE "ovoo_heishan-coal".gateway')
    store = EmbeddedStore(tmp_path, max_points=1000)

    store.note_gateway("heishan-coal", "heishan-gw1", 7, {"backlog": 3.0, "buffer_h": 41.5})
    store.close()

    with duckdb.connect(str(tmp_path / "telemetry.duckdb"), read_only=True) as file:
        columns = 'SELECT gateway, time_ns, backlog, buffer_h, cpu FROM "ovoo_heishan-coal".gateway'
        assert file.execute(columns).fetchall() == [("heishan-gw1", 7, 3.0, 41.5, None)]
