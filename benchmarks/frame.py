"""The common frame of all benchmarks: options, rows, medians, the machine and the last line of JSON."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.measured_part import commit_of, digest_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
GATEWAY = ("contract", "edge_agent", "requirements/edge.txt")
"""What a gateway's figures depend on."""
LINE = (*GATEWAY, "cloud/ovoo_cloud/ingest", "cloud/ovoo_cloud/stores", "cloud/ovoo_cloud/catalogue")
"""What figures of the whole line depend on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure under its fixed key."""

    key: str
    value: float
    unit: str


@dataclass(slots=True)
class Options:
    """What the command line asked for."""

    quick: bool
    peers: bool
    arguments: argparse.Namespace


@dataclass(slots=True)
class Result:
    """Rows and notes that a benchmark collects while it runs."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, key: str, value: float, unit: str) -> None:
        """Adds one figure, rounded to five significant digits."""
        self.rows.append(Row(key, float(f"{value:.5g}"), unit))

    def add_repeats(self, key: str, values: Sequence[float], unit: str) -> None:
        """Adds the median of repeats and notes their spread."""
        self.add(key, statistics.median(values), unit)
        if len(values) > 1:
            self.notes.append(f"{key}: {len(values)} repeats, {min(values):.5g} to {max(values):.5g} {unit}")


def machine() -> dict[str, object]:
    """Processor, cores and Python of this machine."""
    return {"cpu": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}


def run(
    name: str,
    body: Callable[[Options, Result], int | None],
    *,
    description: str,
    measures: Sequence[str],
    extra: Callable[[argparse.ArgumentParser], None] | None = None,
) -> int:
    """Parses the options, runs `body`, prints the JSON line, writes the result file when asked; gives the exit code.

    Args:
        name: of the benchmark and its result file.
        body: measures; a return value other than 0 is the exit code of a failed benchmark.
        description: for `--help`.
        measures: files and folders of the project whose change makes a committed result outdated.
        extra: adds options of its own.
    """
    options = _parse(name, description, extra)
    if options.arguments.save and commit_of(ROOT).endswith("-dirty"):
        print(f"{name}: a result is saved only of a committed tree; commit the changes first", file=sys.stderr)
        return 2
    result = Result()
    start = time.perf_counter()
    code = body(options, result) or 0
    document = _document(name, result, time.perf_counter() - start, (f"benchmarks/{name}.py", *measures))
    line = json.dumps(document, ensure_ascii=False, sort_keys=True)
    if options.arguments.save and not code:
        target = ROOT / "benchmarks" / "results" / f"{name}.json"
        target.write_text(json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    print(line, flush=True)
    return code


def data_digest(*paths: pathlib.Path) -> str:
    """SHA-256 over the data files a result was computed from, in the given order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _parse(name: str, description: str, extra: Callable[[argparse.ArgumentParser], None] | None) -> Options:
    parser = argparse.ArgumentParser(prog=f"benchmarks/{name}.py", description=description)
    parser.add_argument("--quick", action="store_true", help="one repeat within 20 s, same keys")
    parser.add_argument("--no-peers", action="store_true", help="leave other products out")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/NAME.json")
    if extra is not None:
        extra(parser)
    arguments = parser.parse_args()
    return Options(arguments.quick, not arguments.no_peers, arguments)


def _document(name: str, result: Result, seconds: float, measures: Sequence[str]) -> dict[str, object]:
    return {
        "benchmark": name,
        "version": commit_of(ROOT),
        "measured": {"paths": sorted(measures), "digest": digest_of(ROOT, measures)},
        "machine": machine(),
        "seconds": round(seconds, 1) or round(seconds, 4),
        "rows": [{"key": row.key, "value": row.value, "unit": row.unit} for row in result.rows],
        "notes": result.notes,
    }


def _processor() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
