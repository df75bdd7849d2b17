"""A diagnosis report of forty pages: time and memory from the snapshot to PDF, Word, Excel, web page and JSON.

The plant is a mine with many machines whose samples go through the real measuring and scoring; rendering runs in a
process of its own, so that its peak memory is that of rendering alone. `seconds` is one language in all formats, as
an expert waits for it; the time of the PDF alone and of measuring stand beside it.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_cloud.diagnosis.snapshot import Issue, freeze

from benchmarks import frame
from benchmarks.large_mine import large_mine

MEASURES = (
    "cloud/ovoo_cloud/reports",
    "cloud/ovoo_cloud/diagnosis",
    "models/ovoo_models/svg.py",
    "benchmarks/large_mine.py",
)
PAGES = 40
REPEATS = 5
CHILD = """
import hashlib, io, json, pathlib, resource, sys, time
from pypdf import PdfReader
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.pdf import render_pdf
from ovoo_cloud.reports.resolve import resolve
from ovoo_cloud.reports.tree import build_tree
snapshot = Snapshot(json.loads(pathlib.Path(sys.argv[1]).read_bytes()))
start = time.perf_counter()
files = render_files(snapshot, ["zh"])
seconds = time.perf_counter() - start
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start = time.perf_counter()
render_pdf(resolve(build_tree(snapshot.data, "0" * 64), "zh", draw), number="N-1", code="0" * 64, issued="2026-06-08")
pdf_s = time.perf_counter() - start
digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()
pages = len(PdfReader(io.BytesIO(files["report.pdf"])).pages)
print(json.dumps({"seconds": seconds, "pdf_s": pdf_s, "peak_mb": peak_mb, "pages": pages, "digest": digest}))
"""


def measure(options: frame.Options, result: frame.Result) -> int:
    """Freezes the snapshot once, renders it in fresh processes."""
    case, source = large_mine(options.arguments.machines)
    start = time.perf_counter()
    snapshot = freeze(case, source, Issue("OVOO-BENCH-1", "2026-06-08", 1, "benchmark"))
    freeze_s = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "snapshot.json"
        path.write_bytes(snapshot.to_bytes())
        runs = [_render(path) for _ in range(2 if options.quick else REPEATS)]
    result.add("pages", float(runs[0]["pages"]), "pages")
    result.add_repeats("seconds", [float(run["seconds"]) for run in runs], "s")
    result.add("peak_mb", max(float(run["peak_mb"]) for run in runs), "MB")
    result.add("identical_rerun", float(len({run["digest"] for run in runs}) == 1), "1")
    result.add_repeats("pdf_s", [float(run["pdf_s"]) for run in runs], "s")
    result.add("freeze_s", freeze_s, "s")
    result.add("figures", len(snapshot.data["figures"]), "figures")
    result.notes.append(
        "PDF/A-2a and PDF/UA-1, Word, Excel, web page and JSON, one language, every font subset embedded"
    )
    if int(runs[0]["pages"]) < PAGES:
        result.notes.append(f"fewer than {PAGES} pages: use more --machines")
        return 1
    return 0


def _render(snapshot: pathlib.Path) -> dict[str, float | str]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(snapshot)], cwd=frame.ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float | str] = json.loads(done.stdout)
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--machines", type=int, default=60, help="connected machines of the plant (default 60)")


if __name__ == "__main__":
    sys.exit(frame.run("report", measure, description=__doc__ or "", measures=MEASURES, extra=_arguments))
