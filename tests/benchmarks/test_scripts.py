"""Every benchmark starts; committed results are well-formed."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from ovoo_simulator.faults import DRAWN_KINDS

from benchmarks.energy_trial import CASES
from benchmarks.savings_speed import METERS

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if "frame.run(" in path.read_text(encoding="utf-8"))
RESULTS = sorted((FOLDER / "results").glob("*.json"))
KEYS = {
    "real_input": {
        "emitted", "stored", "suppressed", "lost", "duplicated", "mismatched", "skab_f1", "tep_detection", "report_ok",
    },
    "accuracy": {
        "n_files", "skab_outlier_f1", "skab_far", "skab_mar", "skab_cp_standard", "skab_cp_lowfp",
        "skab_cp_false_alarms", "skab_always_on_f1", "skab_clock_lowfp", "nab_standard", "nab_low_fp", "nab_low_fn",
        "tep_mean_detection", "tep_mean_without_3_9_15", "tep_normal_alarm_share", "false_alarms_per_signal_day",
    },
    "pipeline": {
        "values_per_s", "direct_values_per_s", "limit_db", "backlog_growth", "db_share", "bytes_per_sample",
        "agent_cpu", "cloud_cpu", "p50_delay_ms", "p99_delay_ms",
    },
    "opcua_decode": {"compiled", "compiled_single_item", "twin", "asyncua", "ratio"},
    "opcua_ingest": {"values_per_s", "cpu_us_per_value", "asyncua_values_per_s", "node_opcua_values_per_s"},
    "footprint": {"opcua_5000_rss_mb", "mqtt_5000_rss_mb", "idle_rss_mb", "install_mb", "start_s"},
    "spool": {
        "open_s", "peak_of_budget", "full_commit_max_s", "drain_ratio", "live_wait_p50_s", "live_wait_p99_s",
        "live_wait_max_s",
    },
    "processing": {"values_per_s", "scale", "deadband", "swinging_door", "aggregate"},
    "anomaly_speed": {
        "hst_blocks", "hst_single", "iforest_single", "iforest_p99_us", "iforest_max_error", "mewma_blocks", "c_limit",
        "mewma_blocks_of_limit", "mewma_single_us", "pipeline40_us", "pipeline40_p99_us", "import_s", "import_mb",
        "model40_kb",
    },
    "centre_scale": {"enterprises", "inprocess_s", "dask_s", "equal"},
    "energy_cases": {"total", "passed", "refused_as_expected", "failed"},
    "energy_speed": {
        "kernel_ns", "kernel_many_ns", "plain_c_ns", "stability_max_ratio", "restart_samples", "if97_hpt_ns",
        "if97_tph_ns", "equipment_set_us", "cp_search_ms", "cp_fit_ms", "tow_fit_ms", "rebaseline_10k_s",
        *(f"cp_cvrmse_{meter}" for meter in METERS), "vent_1001_ms", "vent_a_kw", "vent_b_kw",
    },
    "energy_faults": {
        "false_findings", "seeds",
        *(f"{case}_{what}" for case in CASES for what in ("found", "sized_within_band", "false_findings", "seeds")),
    },
    "versus_thingsboard": {"ovoo_values_per_s", "ovoo_cpu_cores", "ovoo_rss_mb", "ovoo_lost", "ovoo_duplicated"},
    "simulator_faults": {
        "false_alarms_per_signal_day", "false_per_plant_week", "found_share", "seeds",
        *(f"{kind}_{what}" for kind in DRAWN_KINDS for what in ("found", "missed", "delay_s")),
    },
    "reconciliation": {"named_share", "tied_share", "remaining_imbalance"},
    "ventilation": {"vent_1001_ms", "vent_a_kw", "vent_b_kw"},
    "wire_size": {"steel", "tep", "compressor", "simulators", "json", "line_protocol_gzip"},
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_script_starts_and_explains_itself(script: pathlib.Path) -> None:
    done = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, text=True, timeout=60, cwd="/")

    assert done.returncode == 0, done.stderr
    assert "--quick" in done.stdout
    assert "--no-peers" in done.stdout


def test_the_catalogue_of_this_stage_is_there() -> None:
    assert {path.stem for path in SCRIPTS} >= KEYS.keys()


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_committed_result_is_well_formed(path: pathlib.Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))

    assert document["benchmark"] == path.stem
    assert not document["version"].endswith("-dirty"), "measured on a changed tree"
    assert {"cpu", "cores", "python"} <= document["machine"].keys()
    assert document["seconds"] > 0
    keys = [row["key"] for row in document["rows"]]
    assert len(keys) == len(set(keys))
    assert all(isinstance(row["value"], int | float) and row["unit"] for row in document["rows"])
    assert set(keys) >= KEYS.get(path.stem, set())
    assert all(isinstance(note, str) for note in document["notes"])
