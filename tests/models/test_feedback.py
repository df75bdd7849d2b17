"""What people say of findings changes limits within bounds, mutes, keeps faults out of training, and can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.findings import Finding
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.feedback import MOST_RELIEF, Adjustments, Verdict
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train import fit, fit_frames
from ovoo_packs import load_pack
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, machine, to_batch

ASSET = AssetAddress("e", "s", "drainage", "main", "pump1")
OPINIONS = st.builds(
    lambda opinion, model, at: Verdict(
        opinion, str(ASSET), "anomaly.multivariate", model, at, at + 5, at + 9 if opinion == "known" else 0
    ),
    st.sampled_from(["confirmed", "false", "known"]),
    st.sampled_from(["mewma", "baseline"]),
    st.integers(1, 50),
)


@given(st.lists(OPINIONS, max_size=12), st.randoms(use_true_random=False))
def test_the_sum_does_not_depend_on_order_and_survives_the_document(said: list[Verdict], random: object) -> None:
    mixed = [*said]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    total = Adjustments.of(said)

    assert Adjustments.of(mixed) == total
    assert Adjustments.from_json(total.to_json()) == total
    assert all(1.0 < factor <= MOST_RELIEF for factor in total.relief.values())


def false(count: int, code: str = "anomaly.multivariate") -> Adjustments:
    return Adjustments.of([Verdict("false", str(ASSET), code, "mewma", 0, 1)] * count)


def test_each_false_raises_the_limit_by_a_quarter_up_to_two_and_a_half_times() -> None:
    assert [false(n).relief.get("mewma", 1.0) for n in (0, 1, 2, 20)] == [1.0, 1.25, 1.5625, 2.5]


def test_an_alarm_limit_cannot_be_talked_away() -> None:
    with pytest.raises(ConfigError, match="talked away"):
        false(1, "limit.high")
    assert not Adjustments(muted={"limit.high": 10}).mutes("limit.high", 5)


@pytest.mark.parametrize(
    "text", ["[]", "{}", "no", '{"format":"ovoo-feedback","version":9}', Adjustments(relief={"m": 9.0}).to_json()]
)
def test_a_foreign_document_is_refused(text: str) -> None:
    with pytest.raises(ArtifactError):
        Adjustments.from_json(text)


def pump() -> ModelSet:
    signals = tuple(SignalUse(name) for name in ("running", "load", "power", "temperature"))
    gate = {"gate": "running", "gate_above": 0.5}
    bindings = (
        ModelBinding("mewma", "mewma", ("load", "power", "temperature"), gate),
        ModelBinding("range", "limit-power-high", ("power",), {"high": 150.0, "kind": "limit", **gate}),
    )
    return fit_frames(ModelSet("a", 5.0, signals, bindings), machine(8000), {})


def run(models: ModelSet, rows: FrameBlock, said: Adjustments) -> list[Finding]:
    monitor = AssetMonitor(models, ASSET, adjustments=said)
    index = {use.name: k for k, use in enumerate(models.signals)}
    found = [*monitor.process(to_batch(rows), index, 10).findings, *monitor.flush(2**62, 10).findings]
    return [*{each.id: each for each in found}.values()]


def test_relief_and_mute_act_on_the_stream_and_end_when_taken_back() -> None:
    models, rows = pump(), machine(600, seed=5, fault_from=300)
    plain = [each for each in run(models, rows, Adjustments()) if each.code == "anomaly.multivariate"]
    known = Verdict("known", str(ASSET), plain[0].code, "mewma", plain[0].start_ns, plain[0].end_ns, 2**62)

    muted = [each for each in run(models, rows, Adjustments.of([known])) if each.code == "anomaly.multivariate"]
    relieved = [each for each in run(models, rows, false(20)) if each.code == "anomaly.multivariate"]
    undone = [each for each in run(models, rows, Adjustments.of([])) if each.code == "anomaly.multivariate"]

    assert {each.severity for each in plain} == {"warning"}
    assert {each.severity for each in muted} == {"info"}
    assert relieved[0].start_ns > plain[0].start_ns
    assert undone == plain


def test_relief_shows_in_the_limit_that_is_stored() -> None:
    models, rows = pump(), machine(100, seed=5)

    def limits(said: Adjustments) -> set[float]:
        monitor = AssetMonitor(models, ASSET, adjustments=said)
        batch = monitor.process(to_batch(rows), {use.name: k for k, use in enumerate(models.signals)}, 0).batch
        column = next(k for k, entry in enumerate(monitor.outputs) if entry.address.signal == "mewma-limit")
        return {value for value, signal in zip(batch.value, batch.signal, strict=True) if signal == column}

    (trained,), (raised,) = limits(Adjustments()), limits(false(20))
    assert raised == pytest.approx(2.5 * trained)


def test_a_mute_ends_on_its_day() -> None:
    models, rows = pump(), machine(600, seed=5, fault_from=300)
    known = Verdict("known", str(ASSET), "anomaly.multivariate", "mewma", 0, 1, START + 200 * 60 * SECOND)

    found = run(models, rows, Adjustments.of([known]))

    assert {each.severity for each in found if each.code == "anomaly.multivariate"} == {"warning"}


def test_rows_of_a_confirmed_fault_are_not_learned() -> None:
    rows = machine(9000, fault_from=7000)
    names = ("running", "speed", "flow", "static_pressure", "power", "current", "bearing_temp", "vibration")
    history = {
        name: (list(rows.time_ns), [rows.values[4 * i + min(k, 3)] for i in range(len(rows))], [0] * len(rows))
        for k, name in enumerate(names)
    }
    fault = Verdict("confirmed", str(ASSET), "anomaly.multivariate", "mewma", rows.time_ns[7000], rows.time_ns[-1] + 1)

    template = load_pack("coal_mine").template("main_fan")
    with_fault = fit(template, history)
    without = fit(template, history, adjustments=Adjustments.of([fault]))

    assert (with_fault.card["rows"], without.card["rows"]) == (9000, 7000)
    assert without.card["feedback"]["left_out"] == [[fault.start_ns, fault.end_ns]]
    assert "feedback" not in with_fault.card


def test_what_people_say_while_it_runs_counts_from_the_next_row_as_if_said_before() -> None:
    models, rows = pump(), machine(600, seed=5, fault_from=300)
    index = {use.name: k for k, use in enumerate(models.signals)}
    monitor = AssetMonitor(models, ASSET)

    early = monitor.process(to_batch(rows.rows(0, 200)), index, 10).findings
    monitor.adjust(false(20))
    found = [*early, *monitor.process(to_batch(rows.rows(200, 600)), index, 10).findings]
    found += monitor.flush(2**62, 10).findings

    assert early == ()
    assert [*{each.id: each for each in found}.values()] == run(models, rows, false(20))
    assert monitor.adjustments == false(20)
