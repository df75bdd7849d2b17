"""The linter of framework packs: every fault with file:line, key and remedy; what a stranger sends crashes nothing."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_packs.compiler.cli import main
from ovoo_packs.compiler.lint import Linted, lint_framework
from ovoo_packs.compiler.problems import PackErrors
from ovoo_packs.loader import norm_rows
from ovoo_packs.scoring import rules_of, score_any

from tests.packs.conftest import SOURCES
from tests.packs.frameworks.oracle import source

SME, MATURITY, MINE, BANDS, NORMS = "sme_2024", "gbt_39116", "smart_mine", "sme_2022", "norms_dairy"
FIRST_REVIEW = (
    "reviewers: [{name: 甲, office: 促进中心, date: 2026-05-01}, {name: 乙, office: 促进中心, date: 2026-05-02}]"
)
CASES = {
    "weights": (SME, "weight: 40", "weight: 41", "weights do not add up"),
    "points": (SME, "points: 8\n", "points: 9\n", "points do not add up"),
    "option beyond its item": (
        SME,
        "points: 2, measured_by",
        "points: 3, measured_by",
        "options: points do not add up",
    ),
    "brackets overlap": (SME, "{upto: 20,", "{upto: 10,", "brackets do not cover 0 to 100 %"),
    "brackets end early": (SME, "{upto: 100, share: 1}", "{upto: 90, share: 1}", "brackets do not cover 0 to 100 %"),
    "shares fall": (SME, "upto: 40, share: 0.5", "upto: 40, share: 0.1", "shares of the brackets fall"),
    "duplicate item": (SME, "id: equipment_networked", "id: equipment_digitised", "duplicate id"),
    "duplicate option": (SME, "{id: five_g,", "{id: system_network,", "duplicate id"),
    "duplicate scene": (SME, "{id: marketing, part", "{id: product_design, part", "duplicate id"),
    "gate falls": (SME, "score: 60, scenes: 8", "score: 60, scenes: 5", "the gate falls"),
    "gate skips a level": (SME, "{level: 2, score: 40", "{level: 3, score: 40", "levels do not count up"),
    "gate beyond the scenes": (SME, "score: 80, scenes: 10", "score: 80, scenes: 17", "more than there are"),
    "unknown indicator": (SME, "indicator: pass_rate", "indicator: luck", "unknown indicator"),
    "unknown option indicator": (SME, "measured_by: data_protected", "measured_by: luck", "unknown indicator"),
    "unknown scene indicator": (SME, "[simulations_run]", "[luck]", "unknown indicator"),
    "no english": (SME, "{zh: 设备系统, en: Equipment}", "{zh: 设备系统}", "name.en: missing key"),
    "no source": (SME, "            source: networked\n", "", "source: missing key"),
    "unknown source": (SME, "source: networked", "source: hearsay", "unknown source"),
    "unknown mark": (SME, "mark: I", "mark: Q", "not one of the choices"),
    "signed without a clause": (SME, "reviewers: []", FIRST_REVIEW, "signed without a clause"),
    "method": (SME, "method: points_gate", "method: astrology", "not a known method"),
    "kind": (SME, "kind: framework", "kind: poem", "not a framework"),
    "levels overlap": (MATURITY, "from: 1.8", "from: 0.7", "bounds of the levels overlap"),
    "level out of place": (MATURITY, "from: 1.8", "from: 2.1", "outside its level"),
    "grades": (MATURITY, "[0, 0.5, 0.8, 1]", "[0.5, 0.8, 1]", "grades do not rise from 0 to 1"),
    "some weights": (MATURITY, "weight: null   #", "weight: 100   #", "some weights are not given"),
    "bound where none belongs": (MINE, "kind: yes_no", "kind: at_least", "a bound where none belongs"),
    "unknown variant": (MINE, "{henan: 70}", "{hunan: 70}", "unknown variant"),
    "bands leave the scale": (BANDS, "from: 80", "from: 180", "bounds of the levels overlap"),
    "norms without rows": (NORMS, "sector: dairy\n", "", "norms of a sector, or own rows"),
    "level without english": (BANDS, ', en: "Level 4: whole chain driven by data"', "", "name.en: missing key"),
    "level of spaces": (MATURITY, "zh: 集成级", "zh: ' '", "levels[2].name.zh: expected text"),
    "two levels of one name": (MATURITY, "en: Integrated", "en: Normed", "levels[2].name.en: two levels of one name"),
    "level too long": (MINE, "zh: 佐证齐备", "zh: " + "佐证" * 24, "too long for a cover page"),
    "acceptance of two levels": (
        MINE,
        "level_source: national",
        "  - {level: 2, name: {zh: 二, en: Two}}\nlevel_source: national",
        "an acceptance has one level",
    ),
    "norms of no sector": (NORMS, "sector: dairy", "sector: moon", "sector: no norms of this sector"),
    "norm levels": (NORMS, "  - {level: 4, name: {zh: 超过限定值, en: Above the limit}}\n", "", "not four levels"),
}


def text_of(name: str) -> str:
    return (SOURCES / "frameworks" / f"{name}.yaml").read_text(encoding="utf-8")


def lint(text: str) -> Linted:
    return lint_framework(text.encode(), "mine.yaml", norm_rows())


@pytest.mark.parametrize(("name", "old", "new", "words"), CASES.values(), ids=CASES)
def test_a_fault_is_told_with_file_and_line(name: str, old: str, new: str, words: str) -> None:
    text = text_of(name)
    assert old in text

    found = lint(text.replace(old, new, 1))

    faults = [str(error) for error in found.errors]
    assert any(words in fault for fault in faults), faults
    assert all(fault.startswith("mine.yaml:") for fault in faults)
    assert found.data is None
    with pytest.raises(PackErrors):
        assert found.framework


def test_an_acceptance_that_nothing_can_refuse_cannot_lead() -> None:
    found = lint(text_of(MINE).replace("must: true", "must: false"))

    (fault,) = found.errors
    assert "subsystems: no must-have" in str(fault)
    assert "mine.yaml:" in fault.offender


def test_what_is_unfinished_does_not_stop_a_draft() -> None:
    text = text_of(SME).replace('            clause: ""\n', "", 1)

    found = lint(text)

    assert found.data is not None
    assert found.errors == ()
    assert [str(each).split(" ", 1)[1].split(" (")[0] for each in found.unfinished] == [
        "vectors: no conformance vectors",
        "dimensions[0].groups[0].items[0].clause: missing clause",
    ]


def test_a_framework_that_two_persons_signed_with_its_clauses_is_no_longer_reference_only() -> None:
    text = text_of(BANDS).replace("reviewers: []", FIRST_REVIEW).replace('clause: ""', "clause: 附件 1 第 3 条")
    signed = lint(text.replace("; verify", "")).framework
    once = lint(text.replace("; verify", "").replace("name: 乙", "name: 甲")).framework

    assert not signed.reference_only
    assert not signed.items[0].reference_only
    assert once.reference_only
    assert lint(text).framework.items[0].reference_only  # its source still carries the caveat


def test_own_vectors_stand_in_the_document_and_a_failing_one_is_an_error() -> None:
    vector: dict[str, Any] = {"id": "v1", "from": "band 60-80", "answers": {"total": {"low": 61, "high": 61.5,
              "class": "declared"}}, "expect": {"level": [3, 3], "total": [61, 61.5]}}  # fmt: skip
    data = {**source(BANDS), "vectors": {"vectors": [vector]}}

    sound = lint(json.dumps(data, ensure_ascii=False, default=str))
    vector["expect"] = {"level": [4, 4]}
    failing = lint(json.dumps(data, ensure_ascii=False, default=str, indent=1))

    assert (sound.errors, sound.unfinished, sound.vectors) == ((), (), 1)
    assert "vector v1: level comes out otherwise" in str(failing.errors[0])
    assert failing.data is None


def test_norms_of_a_centre_may_bring_their_own_rows() -> None:
    data = source(NORMS)
    del data["sector"]
    row = {
        "id": "cream", "sector": "dairy", "name": {"zh": "稀奶油", "en": "Cream"}, "unit": "kWh/t",
        "levels": [80, 90, 110], "corrections": ["climate"], "correction_rule": "product", "source": "norms",
    }  # fmt: skip
    rules = rules_of(lint(json.dumps({**data, "rows": [row]}, ensure_ascii=False)).framework)

    answer = {"low": "99", "high": "99", "class": "declared", "corrections": {"climate": "1.1"}}
    assert score_any(rules, {"cream": answer}).level == 2  # 90 x 1.1 = 99
    falling = lint(json.dumps({**data, "rows": [{**row, "levels": [90, 80, 110]}]}, ensure_ascii=False))
    assert "limits do not rise" in str(falling.errors[0])


HOSTILE = {
    "empty": b"",
    "not utf-8": "kind: 框架".encode("gbk"),
    "list": b"[1, 2]",
    "scalar": b"framework",
    "control": b"kind: \x01",
    "deep": b"[" * 5000,
    "deep mapping": b"{a: " * 300 + b"}" * 300,
    "tail": b"kind: framework\nmethod: &a [*a]",
    "many": b"a: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 9)) for n in range(9)),
    "complex key": b"kind: framework\n? [a, b]\n: 1",
    "huge number": b"kind: framework\nmethod: bands\nfull: " + b"9" * 400,
    "very huge number": b"kind: framework\nmethod: bands\nfull: " + b"9" * 5000,
    "infinite": b"kind: framework\nmethod: bands\nfull: 1e999",
    "sources are a list": b"kind: framework\nmethod: bands\nsources: [1]",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_framework_is_refused_with_a_place(content: bytes) -> None:
    found = lint_framework(content, "sent.yaml", norm_rows())

    assert found.data is None
    assert all(str(error).startswith("sent.yaml:") for error in found.errors)
    assert found.errors


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


@given(name=st.sampled_from([SME, MATURITY, MINE, BANDS, NORMS]), data=st.data())
@settings(max_examples=120, deadline=None)
def test_any_branch_replaced_by_anything_is_sound_or_told(name: str, data: st.DataObject) -> None:
    whole = json.loads(json.dumps(source(name), default=str))
    spot: Any = whole
    for _ in range(data.draw(st.integers(0, 5))):
        inner = spot[data.draw(st.sampled_from(sorted(spot)))] if isinstance(spot, dict) and spot else (
            data.draw(st.sampled_from(spot)) if isinstance(spot, list) and spot else None)  # fmt: skip
        if not isinstance(inner, dict | list) or not inner:
            break
        spot = inner
    key: Any = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else list(range(len(spot)))))
    spot[key] = data.draw(TREES)

    found = lint_framework(yaml.safe_dump(whole, allow_unicode=True).encode(), "any.yaml", norm_rows())

    assert (found.data is None) == bool(found.errors)
    if found.data is not None:
        score_any(rules_of(found.framework), {}, {})


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_told_not_raised(content: bytes) -> None:
    assert lint_framework(content, "any.yaml", norm_rows()).errors


def test_the_command_says_that_the_shipped_ones_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"]) == 0

    assert capsys.readouterr().out == "frameworks are sound\n"


def test_the_command_tells_the_faults_of_one_file(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text_of(SME).replace("weight: 40", "weight: 41"), encoding="utf-8")

    assert main(["lint", str(file)]) == 1
    assert main(["lint", str(tmp_path / "absent.yaml")]) == 1

    told = capsys.readouterr().err
    assert "own.yaml:" in told
    assert "weights do not add up" in told
    assert "no such file" in told
