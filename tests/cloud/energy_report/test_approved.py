"""A month against the baseline that a person signed: the same record as the console's, and every change found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.catalogue import energy_baselines, energy_savings
from ovoo_cloud.catalogue.baseline_tables import EnergyBaseline, EnergyFit, EnergySaving
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.energy.baseline_service import decide_event, define_baseline, fit_baseline, prove_saving
from ovoo_cloud.energy.baseline_spec import BaselineSpec, Driver
from ovoo_cloud.energy_report.build import build_month_report
from ovoo_cloud.energy_report.plan import MonthPlan, parse_plan
from ovoo_cloud.energy_report.site_plan import plan_of_site
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.build import ReportSettings
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import resolve
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_models.efficiency.savings.non_routine import Proposal

from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.conftest import ISSUE
from tests.cloud.energy_report.stored import SYSTEM, fill

PLACE = (dairy.ENTERPRISE, dairy.SITE)
SPEC = BaselineSpec(
    energy=(f"{dairy.METER}/energy",),
    drivers=(Driver("compressor", f"{dairy.COMP}/power", "production", "mean", 1, 0.0, 500.0),),
    splits=("none", "day_level"),
    draws=400,
)
EVENT = Proposal("nre_test", dairy.instant("2026-05-18"), dairy.instant("2026-05-21"), 10.0, 30.0, 6.0, ())


@dataclass(frozen=True, slots=True)
class Signed:
    """The dairy with a signed baseline of its site."""

    services: Services
    owner: EnergyBaseline
    fit: EnergyFit

    @property
    def evidence(self) -> StoreEvidence:
        return StoreEvidence(self.services, dairy.ENTERPRISE, SYSTEM)

    def plan(self, told: dict[str, Any] | None = None) -> MonthPlan:
        with self.services.database.read() as session:
            return plan_of_site(session, SYSTEM, *PLACE, dairy.MONTH, told)

    def month(self) -> Snapshot:
        return freeze_month(self.plan(), self.evidence, ISSUE)

    def saving(self) -> EnergySaving:
        found = prove_saving(self.services, SYSTEM, self.owner, dairy.START, dairy.END)
        assert isinstance(found, EnergySaving), found
        return found


def define(services: Services, name: str = "全厂基准", asset: str = "") -> EnergyBaseline:
    owner, fit = define_baseline(
        services, SYSTEM, *PLACE, name=name, asset=asset, spec=SPEC,
        start_ns=dairy.instant(dairy.BASELINE[0]), end_ns=dairy.instant(dairy.BASELINE[1]),
    )  # fmt: skip
    assert fit.outcome["refused"] == "", fit.outcome
    return owner


def sign(services: Services, owner: EnergyBaseline, document: str = "基准审批单.pdf") -> EnergyFit:
    with services.database.write() as session:
        draft = next(each for each in energy_baselines.fits(session, SYSTEM, owner) if each.role == "draft")
        return energy_baselines.sign(session, SYSTEM, owner, draft.id, document=document, now_ns=services.clock())


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """Three months of baseline and the month in the embedded store; the fit is signed."""
    ticks = iter(range(dairy.END + 2 * dairy.DAY_NS, dairy.END + 9 * dairy.DAY_NS, 1_000_000_000))
    with build_services(Settings(data_dir=tmp_path / "data"), clock=lambda: next(ticks)) as opened:
        fill(opened, dairy.batches())
        owner = define(opened)
        yield Signed(opened, owner, sign(opened, owner))


def text_of(snapshot: Snapshot, language: Any = "en") -> str:
    return str(resolve(build_tree(snapshot.data, "0" * 64), language, draw).blocks)


def test_the_report_has_the_record_of_the_console_and_finds_the_dryers_saving(signed: Signed) -> None:
    month, kept = signed.month(), signed.saving()
    days = range(dairy.START, dairy.END, dairy.DAY_NS)
    dried = math.fsum(dairy.dryer(day + n * dairy.STEP_NS) / 12 for day in days for n in range(288))

    assert month.data["saving"]["record"] == kept.id
    assert month.data["records"][kept.id] == kept.record
    low, high = (float(month.data["figures"][f"saving.{end}"]["value"]) for end in ("low", "high"))
    assert low < dried / 0.93 - dried < high


def test_the_report_names_edition_signature_hash_and_coefficients_of_the_fit(signed: Signed) -> None:
    month = signed.month()
    shown = month.data["saving"]["approved"]

    assert (shown["id"], shown["fit"], shown["edition"]) == (signed.owner.id, signed.fit.id, "1")
    assert (shown["signed_by"], month.data["saving"]["document"]) == ("system", "基准审批单.pdf")
    assert len(shown["sha256"]) == 64
    printed = {row["name"]: row for row in shown["coefficients"]}
    assert set(printed) == set(signed.fit.outcome["coefficients"])
    for name, row in printed.items():
        if row["figure"] is not None:
            value = float(month.data["figures"][row["figure"]]["value"])
            assert value == pytest.approx(float(signed.fit.outcome["coefficients"][name]), abs=1e-6)
    for language in ("zh", "en"):
        words = text_of(month, language)
        assert shown["sha256"] in words
        assert "全厂基准" in words


def test_a_later_signature_is_the_next_edition(signed: Signed) -> None:
    start, end = dairy.instant("2026-02-10"), dairy.instant(dairy.BASELINE[1])
    fit_baseline(signed.services, SYSTEM, signed.owner, start, end)
    second = sign(signed.services, signed.owner)

    shown = signed.month().data["saving"]["approved"]

    assert (shown["fit"], shown["edition"]) == (second.id, "2")


def test_accepted_events_give_both_results_and_a_rejected_one_gives_none(signed: Signed) -> None:
    kept = signed.saving()
    window = (dairy.START, dairy.END)
    with signed.services.database.write() as session:
        energy_savings.keep_proposals(session, SYSTEM, signed.owner, window, [EVENT], dairy.END)
    decide_event(signed.services, SYSTEM, signed.owner, EVENT.id, accepted=True, reason="停产检修")
    with signed.services.database.read() as session:
        row, _ = energy_savings.by_record(session, SYSTEM, kept.id)

    month = signed.month()
    figures = month.data["figures"]

    assert month.data["saving"]["adjusted"]["record"] == row.adjusted["id"]
    assert month.data["saving"]["adjusted"]["left_out"] == "3"
    assert figures["saving.days"]["value"] == "31"
    assert figures["saving.adjusted.days"]["value"] == "28"
    assert figures["saving.avoided"]["value"] == kept.record["results"]["avoided"]
    assert figures["saving.adjusted.avoided"]["value"] != figures["saving.avoided"]["value"]
    assert "停产检修" in text_of(month, "zh")
    decide_event(signed.services, SYSTEM, signed.owner, EVENT.id, accepted=False, reason="记错了")
    assert signed.month().data["saving"]["adjusted"] is None


def test_the_deep_check_recomputes_it_and_names_coefficients_when_samples_change(
    signed: Signed, tmp_path: Path
) -> None:
    private, public = create_key(tmp_path / "keys")
    settings = ReportSettings("E-1", "2026-06-03", load_signing_key(private), languages=("en",))
    build_month_report(signed.plan(), signed.evidence, settings, tmp_path / "out")

    assert verify_bundle(tmp_path / "out", trust=public, deep=signed.evidence).mismatches == ()

    parts = dairy.batches()
    late = dairy.source([*parts[:3], parts[3].take(range(0, len(parts[3]), 2)), *parts[4:]])
    found = {each.name for each in verify_bundle(tmp_path / "out", trust=public, deep=late).mismatches}
    assert {"saving.avoided"} < found
    assert any(name.startswith("baseline.") for name in found)


def test_samples_that_are_not_those_signed_give_no_saving_and_say_so(signed: Signed) -> None:
    parts = dairy.batches()
    values = parts[0].take(range(len(parts[0])))
    values.value[20 * 288] += 40.0  # at midnight: one day has more, the next less

    month = freeze_month(signed.plan(), dairy.source([values, *parts[1:]]), ISSUE)

    assert month.data["saving"]["reason"] == "changed"
    assert month.data["figures"]["saving.avoided"]["value"] is None
    assert "not those that were signed" in text_of(month)


def test_a_told_period_is_refused_where_a_baseline_is_signed(signed: Signed) -> None:
    with pytest.raises(ConfigError, match="has a signed one"):
        signed.plan({"baseline": dairy.told()["baseline"]})
    with pytest.raises(ConfigError, match="no signed baseline of the site"):
        signed.plan({"baseline": {"id": "bl_none"}})
    with pytest.raises(ConfigError, match="not an input"):
        signed.plan({"baseline": {"approved": {}}})


def test_of_several_signed_ones_the_last_counts_unless_another_is_named(signed: Signed) -> None:
    other = define(signed.services, "二号基准")
    sign(signed.services, other)

    by_default, named = signed.plan(), signed.plan({"baseline": {"id": signed.owner.id}})

    assert (by_default.baseline.id, by_default.baseline.others) == (other.id, ("全厂基准",))  # type: ignore[union-attr]
    assert named.baseline.id == signed.owner.id  # type: ignore[union-attr]


def test_a_baseline_of_a_machine_or_an_unsigned_one_is_not_that_of_the_site(signed: Signed, tmp_path: Path) -> None:
    with build_services(Settings(data_dir=tmp_path / "other"), clock=lambda: dairy.END + dairy.DAY_NS) as services:
        fill(services, dairy.batches())
        define(services)
        sign(services, define(services, "空压机", str(dairy.COMP)))
        with services.database.read() as session:
            plan = plan_of_site(session, SYSTEM, *PLACE, dairy.MONTH)

    assert plan.baseline is None


def test_a_changed_model_in_the_plan_is_refused(signed: Signed) -> None:
    told = dict(signed.plan().raw)
    told["baseline"]["approved"]["end_ns"] = str(dairy.START - dairy.DAY_NS)

    with pytest.raises(ConfigErrors, match="not the hash"):
        parse_plan(told)


def test_without_an_approved_baseline_the_own_fit_is_provisional(whole: Snapshot) -> None:
    words, chinese = text_of(whole), text_of(whole, "zh")

    assert whole.data["saving"]["approved"] is None
    assert "No approved baseline" in words
    assert "Provisional" in words
    assert "没有已批准的基准" in chinese
    assert "Proven" not in words
