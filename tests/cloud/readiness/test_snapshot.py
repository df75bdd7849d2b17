"""The snapshot: figures resolve and recompute, memory stays with one signal, a foreign site is not looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ovoo_cloud.diagnosis.evidence import EvidenceSource, PlatformFacts
from ovoo_cloud.diagnosis.figures import Figure, recompute
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.usage import Usage
from ovoo_cloud.readiness.plan import parse_plan
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ConfigErrors
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from tests.cloud.diagnosis.mine import Cut
from tests.cloud.readiness import plant
from tests.cloud.readiness.plant import DAY, Made, entry, every_minute, wave


def test_every_figure_resolves_and_derived_ones_recompute() -> None:
    data = freeze_readiness(plant.plan(), plant.mine_source(cuts=[Cut("*", 0.8, 0.83)]), plant.ISSUE).data
    figures = {name: Figure.from_json(name, row) for name, row in data["figures"].items()}

    for name, figure in figures.items():
        assert set(figure.evidence) <= set(data["evidence"]), name
        if figure.inputs:
            assert recompute(figure, figures) == figure, name
    assert all(figure.evidence for name, figure in figures.items())


def test_the_snapshot_holds_what_makes_it_again() -> None:
    source = plant.mine_source()
    snapshot = freeze_readiness(plant.plan(), source, plant.ISSUE)

    again = freeze_readiness(
        parse_plan(snapshot.data["plan"]), FrozenSource(snapshot.data["source"], source), plant.ISSUE
    )

    assert again.to_bytes() == snapshot.to_bytes()


class _Counting:
    """A source of many signals that counts how many sets of samples are alive at once."""

    def __init__(self, source: EvidenceSource, entries: Sequence[SignalEntry], sample: Address) -> None:
        self._source, self._entries, self._sample = source, entries, sample
        self.alive = self.most = self.asked = 0

    def signals(self) -> Sequence[SignalEntry]:
        return self._entries

    def catalogue_ids(self) -> Sequence[str]:
        return ()

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        self.asked += 1
        return _Counted(self, self._source.samples(self._sample, start_ns, end_ns))

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        return ()

    def platform(self) -> PlatformFacts:
        return PlatformFacts()

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        return Usage()


class _Counted:
    def __init__(self, owner: _Counting, columns: SampleColumns) -> None:
        self._owner = owner
        self.time_ns, self.value, self.quality, self.text = (
            columns.time_ns,
            columns.value,
            columns.quality,
            columns.text,
        )
        owner.alive += 1
        owner.most = max(owner.most, owner.alive)

    def __del__(self) -> None:
        self._owner.alive -= 1


def test_a_large_site_is_read_signal_by_signal() -> None:
    """600 signals of 30 machines: never more than the samples of two signals at once (the next is read first)."""
    one = entry("temp", "degC")
    source = plant.source_of(Made(one, every_minute(1, wave)))
    machines = [AssetAddress(plant.ENTERPRISE, plant.SITE, "hall", "line1", f"press{n}") for n in range(30)]
    entries = [
        SignalEntry(machine.signal(f"s{k}"), "degC", period_s=60.0, low=0.0, high=100.0)
        for machine in machines
        for k in range(20)
    ]
    counting = _Counting(source, entries, one.address)

    data = freeze_readiness(plant.plan(1), counting, plant.ISSUE).data

    assert counting.asked == 600
    assert counting.most <= 2
    assert data["figures"]["readiness.signals"]["value"] == "600"
    assert len(data["machines"]) == 30


def test_another_site_of_the_enterprise_is_not_looked_at() -> None:
    data = freeze_readiness(plant.plan(site="elsewhere"), plant.mine_source(), plant.ISSUE).data

    assert data["machines"] == []
    assert data["figures"]["readiness.site.score"]["value"] is None
    assert data["figures"]["readiness.site.score"]["class"] == "insufficient"


def test_a_machine_whose_units_do_not_fit_the_template_is_another_machine() -> None:
    """Names alone look like a site meter; the units say that it is none."""
    wrong = [Made(entry(name, "degC"), every_minute(1, wave)) for name in ("power", "energy", "power_factor")]
    right = [
        Made(entry("power", "kW"), every_minute(1, wave)),
        Made(entry("energy", "kWh"), every_minute(1, lambda n: float(n) / 100)),
        Made(entry("power_factor", "1", high=1.0), every_minute(1, lambda n: 0.9)),
    ]

    strange = freeze_readiness(plant.plan(1), plant.source_of(*wrong), plant.ISSUE).data["machines"][0]
    known = freeze_readiness(plant.plan(1), plant.source_of(*right), plant.ISSUE).data["machines"][0]

    assert (strange["template"], known["template"]) == ("", "site_meter")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end_ns": str(plant.START)}, "shorter than a minute"),
        ({"site": "Halle 1"}, "not an id"),
        ({"colour": "blue"}, "unknown key"),
        ({"start_ns": "yesterday"}, "not a number"),
    ],
)
def test_a_wrong_plan_is_refused_by_name(change: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words):
        parse_plan({**plant.plan().raw, **change})


def test_a_plan_of_a_day_is_a_day() -> None:
    assert plant.plan(1).end_ns - plant.plan(1).start_ns == DAY
