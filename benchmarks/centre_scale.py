"""Sector benchmark over 5,000 enterprises: reports read and checked in this process and on dask.distributed.

Each enterprise gets one report folder whose snapshot is a whole one (the sample case, measured on the simulated mine)
with its figures drawn anew, so that every file is read, hashed and parsed as in an installation. Both ways must give
the same bytes.
"""

from __future__ import annotations

import json
import pathlib
import random
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import orjson
from ovoo_cloud.centre.benchmark import Place, compute, read_all
from ovoo_cloud.centre.issued import Issued
from ovoo_cloud.cli_centre import cluster_mapper
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_contract.canonical import canonical_json, sha256_hex

from benchmarks import frame
from tests.cloud.diagnosis import mine

MEASURES = ("cloud/ovoo_cloud/centre", "models/ovoo_models/train/cluster.py", "contract")
LIMIT_S = 60.0
MINIMUM = 5
SECTORS, SIZES, REGIONS = ("coal_mine", "coal_chemical", "dairy"), ("micro", "small", "medium"), 12
DRAWN = ("score.total", "equipment.networked_percent", "equipment.digitised_percent", "load.factor_percent")


def whole_snapshot() -> dict[str, Any]:
    """A snapshot as the product freezes it."""
    case = mine.case()
    frozen = freeze(case, mine.source(case), Issue("B-1", "2026-06-08", 1, "benchmark"))
    plain: dict[str, Any] = json.loads(frozen.to_bytes())
    return plain


def issue_all(folder: pathlib.Path, count: int) -> tuple[list[Issued], dict[str, Place], int]:
    """Writes the folders; gives the reports, where their enterprises stand, and the bytes written."""
    draw, base = random.Random(2026), whole_snapshot()
    reports: list[Issued] = []
    places: dict[str, Place] = {}
    written = 0
    for number in range(count):
        name = f"plant-{number:05}"
        for figure in DRAWN:
            base["figures"][figure].update(value=f"{draw.uniform(5, 95):.1f}", low=None, high=None)
        raw = orjson.dumps(base, option=orjson.OPT_SORT_KEYS)
        (folder / name).mkdir()
        (folder / name / "snapshot.json").write_bytes(raw)
        written += len(raw)
        reports.append(Issued(name, name, "", name, 1, number, str(folder / name), sha256_hex(raw), 1))
        places[name] = Place(draw.choice(SECTORS), draw.choice(SIZES), f"region-{draw.randrange(REGIONS)}")
    return reports, places, written


def measure(options: frame.Options, result: frame.Result) -> int:
    """One run each way; 1 where the results differ, a report was lost, or a way took longer than a minute."""
    count = 100 if options.quick else 5000
    with tempfile.TemporaryDirectory() as folder:
        reports, places, written = issue_all(pathlib.Path(folder), count)
        start = time.perf_counter()
        here = compute(read_all(reports), places, MINIMUM)
        here_s = time.perf_counter() - start
        with cluster_mapper("local") as mapper:
            start = time.perf_counter()
            spread = compute(read_all(reports, mapper), places, MINIMUM)
            dask_s = time.perf_counter() - start
    equal = canonical_json(here) == canonical_json(spread)
    result.add("enterprises", count, "count")
    result.add("inprocess_s", here_s, "s")
    result.add("dask_s", dask_s, "s")
    result.add("equal", int(equal), "0/1")
    result.add("groups", len(here["groups"]), "count")
    result.notes += [
        f"{written / 1e6:.0f} MB of snapshots, one a report; every file is read, hashed and parsed",
        "dask_s: worker processes on this machine, one thread each; starting them is not counted",
        "one run each way: the reading of files just written dominates, and repeats would read the page cache",
    ]
    whole = here["groups"][0]["figures"]["score.total"]["n"] if here["groups"] else 0
    return int(not equal or whole != count or max(here_s, dask_s) > LIMIT_S)


if __name__ == "__main__":
    sys.exit(frame.run("centre_scale", measure, description=__doc__ or "", measures=MEASURES))
