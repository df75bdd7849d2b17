"""The estimator's face: any buffer of doubles in, columns out, saved and loaded as one file."""

from __future__ import annotations

import doctest
import json
import math
import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
import pytest
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models import artifact, estimator
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.specific import SpecificConsumption
from ovoo_models.estimator import Estimator, InputError
from ovoo_models.registry import create

from tests.models.conftest import machine

COLUMNS = ("running", "load", "power", "temperature")
GATE = {"gate": "running", "gate_above": 0.5, "learn_rows": 1500}


def mewma() -> Estimator:
    rows = machine(7000)
    return Estimator("mewma", GATE, columns=COLUMNS).learn_many(rows.values, rows.time_ns)


def table(rows: FrameBlock) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(rows.values).reshape(len(rows), rows.width)


def test_the_example_in_the_docstring_is_true() -> None:
    assert doctest.testmod(estimator).failed == 0


def test_scores_are_those_of_the_detector_underneath() -> None:
    rows = machine(500, seed=3)
    model = mewma()
    plain = create("mewma", GATE, Place((1, 2, 3), 0, 4, 60_000_000_000))
    plain.learn_many(machine(7000))
    out = ScoreBlock()
    plain.score_many(rows, out)

    scores = model.score_many(rows.values, rows.time_ns)

    assert scores.score.tobytes() == out.score[:500].tobytes()
    assert scores.limit.tobytes() == out.limits[:500].tobytes()
    assert scores.state.tobytes() == out.state[:500].tobytes()
    assert len(scores) == 500


def test_numpy_arrays_of_any_layout_give_the_same_scores() -> None:
    rows = machine(300, seed=3)
    x = table(rows)
    sealed = x.copy()
    sealed.setflags(write=False)
    shapes = {
        "C": x,
        "F": np.asfortranarray(x),
        "sealed": sealed,
        "strided": np.repeat(x, 2, axis=0)[::2],
        "reversed twice": x[::-1].copy()[::-1],
        "a part of wider": np.hstack([x, x])[:, :4],
    }
    expected = mewma().score_many(rows.values).score.tobytes()

    assert {name: mewma().score_many(each).score.tobytes() == expected for name, each in shapes.items()} == (
        dict.fromkeys(shapes, True)
    )


def test_times_may_be_numpy_and_change_the_result() -> None:
    rows = machine(200, seed=3)
    times = np.array(rows.time_ns)

    timed = mewma().score_many(table(rows), times)

    assert timed.score.tobytes() == mewma().score_many(rows.values, rows.time_ns).score.tobytes()
    # an hour between rows forgets the running average
    sparse = mewma().score_many(table(rows), times * 60)
    assert sparse.score.tobytes() != timed.score.tobytes()


def test_a_model_that_is_not_ready_scores_nothing() -> None:
    model = Estimator("mewma", columns=2)
    scores = model.score_many(np.ones((3, 2)))

    assert not model.ready
    assert all(math.isnan(x) for x in scores.score)
    assert set(scores.state) == {UNKNOWN}
    with pytest.raises(NotReady, match="row was not scored"):
        model.explain(1)


def test_causes_have_names_direction_and_size() -> None:
    model = mewma()
    fault = machine(900, seed=6, fault_from=300)
    scores = model.score_many(fault.values, fault.time_ns)
    row = max((i for i in range(900) if scores.state[i] == NORMAL), key=lambda i: scores.score[i])

    first = model.explain(row)[0]

    assert first.column == "power"
    assert first.sigma > 0
    # 12 % of what the pump drew
    assert 5 < first.change < 25
    assert sum(each.share for each in model.explain(row)) == pytest.approx(1.0)


def test_wrong_columns_are_named_with_what_is_expected() -> None:
    model = mewma()
    with pytest.raises(InputError, match=r"another number of columns.*3.*4 columns: running, load, power, temperature"):
        model.score_many(np.zeros((5, 3)))
    with pytest.raises(InputError, match="exactly running, load, power, temperature"):
        model.score_many({"load": array("d", [1.0])})
    with pytest.raises(InputError, match="float64"):
        model.score_many(np.zeros((5, 4), dtype=np.float32))
    with pytest.raises(InputError, match="not a whole number of rows"):
        model.score_many(array("d", [1.0] * 5))
    with pytest.raises(InputError, match="more than two dimensions"):
        model.score_many(np.zeros((1, 1, 4)))
    with pytest.raises(InputError, match="columns differ in length"):
        model.score_many({name: array("d", [1.0] * (1 + (name == "load"))) for name in COLUMNS})
    with pytest.raises(InputError, match="not a buffer"):
        model.score_many([[1.0, 2.0, 3.0, 4.0]])
    with pytest.raises(InputError, match="one time a row"):
        model.score_many(np.zeros((5, 4)), np.arange(4))
    with pytest.raises(InputError, match="64-bit integers"):
        model.score_many(np.zeros((5, 4)), np.arange(5.0))
    with pytest.raises(InputError, match="view"):
        model.score_many(np.zeros((5, 4)), np.arange(5).astype("datetime64[ns]"))
    with pytest.raises(InputError, match="native byte order"):
        model.score_many(np.zeros((5, 4), dtype=">f8"))


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(ConfigError, match="inputs, gate and load must be columns"):
        Estimator("mewma", {"gate": "runing"}, columns=COLUMNS)
    with pytest.raises(ConfigError, match="different column names"):
        Estimator("mewma", columns=("a", "a"))
    with pytest.raises(ConfigError, match="different column names"):
        Estimator("mewma", columns=0)
    with pytest.raises(ConfigError, match="positive period"):
        Estimator("range", period_s=0)
    with pytest.raises(ConfigError, match="no such model"):
        Estimator("oracle")


def test_infinities_are_counted_as_missing() -> None:
    rows = np.ones((4, 1))
    rows[1], rows[2] = math.inf, 1e300
    check = Estimator("range", {"high": 2.0})

    scores = check.score_many(rows)

    assert scores.missing == 2
    assert list(scores.state) == [NORMAL, UNKNOWN, UNKNOWN, NORMAL]


def test_a_file_goes_on_bit_for_bit_and_any_part_of_a_set_can_be_taken(tmp_path: Path) -> None:
    rows = machine(600, seed=4)
    model = mewma()
    model.score_many(rows.rows(0, 300).values)
    model.save(tmp_path / "pump.json", trained_by="Li")

    again = Estimator.load(tmp_path / "pump.json")

    rest = rows.rows(300, 600).values
    assert again.columns == COLUMNS
    assert again.score_many(rest).score.tobytes() == model.score_many(rest).score.tobytes()
    assert artifact.load(tmp_path / "pump.json").card["trained_by"] == "Li"
    with pytest.raises(ArtifactError, match="no such model in the file"):
        Estimator.load(tmp_path / "pump.json", binding="other")


def test_files_of_foreign_detectors_need_their_factory(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    Estimator(SpecificConsumption, columns=2).save(path)

    with pytest.raises(ArtifactError, match="cannot be made from this file"):
        Estimator.load(path)
    assert Estimator.load(path, SpecificConsumption).ready
    Estimator("range").save(path)
    with pytest.raises(ArtifactError, match="another model"):
        Estimator.load(path, SpecificConsumption)


def test_no_byte_of_a_file_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    Estimator("range", {"high": 1.0}).save(path)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(ArtifactError) as caught:
            Estimator.load(path)
        assert caught.value.remedy
    path.write_bytes(json.dumps({**json.loads(data), "version": 99}).encode())
    with pytest.raises(ArtifactError, match="update ovoo-models"):
        Estimator.load(path)


def test_numpy_is_not_imported_for_plain_arrays() -> None:
    code = (
        "import sys; from array import array; from ovoo_models.estimator import Estimator; "
        "Estimator('range', {'high': 1.0}).score_many(array('d', [1.0])); sys.exit('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
