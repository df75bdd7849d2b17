"""Words that no report can print are refused where they are written."""

from __future__ import annotations

import pytest
from ovoo_cloud.casework.characters import check_characters
from ovoo_contract.errors import ConfigErrors

from tests.cloud.casework.centre import CASE, PARTS, Centre


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\0b", "U+0000"), ("\x1b[31m", "U+001B"), ("煤业🏭", "U+1F3ED"), ("\u202eabc", "U+202E"), ("𠮷野", "U+20BB7")],
    ids=["nul", "escape", "emoji", "right to left", "extension B"],
)
def test_what_the_font_cannot_draw_is_named_with_its_place(text: str, code: str) -> None:
    with pytest.raises(ConfigErrors) as told:
        check_characters("profile", {"profile": {"name": "good", "lines": ["good", {"zh": text}]}})

    assert "profile.profile.lines[1].zh" in str(told.value)
    assert code in str(told.value)


def test_words_of_any_printable_kind_pass() -> None:
    check_characters(
        "reason", "黑山煤业（集团）有限公司 Héishān №1 — 3.5 m³/h ≥ 90 %\n\tCO2; =1+1 #let $x$ <b> & \\ @ref"
    )


def test_a_part_and_a_reason_with_such_characters_are_refused_and_change_nothing(house: Centre) -> None:
    house.to_review()
    reason = {
        "subject": "item:awareness",
        "decision": "override",
        "value": {"options": ["step_1"]},
        "reason": "seen 👍",
    }
    refused = house.call("centre_expert", "POST", f"/cases/{CASE}/review", json=reason)
    house.done("centre_expert", "reopen", {"reason": "test"})
    profile = {**PARTS["profile"], "profile": {**PARTS["profile"]["profile"], "name": "黑\u0001山"}}
    written = house.write("profile", profile, 1)

    assert (refused.status_code, written.status_code) == (422, 422)
    assert "U+1F44D" in refused.text
    assert "profile.profile.name" in written.text
    assert house.call("centre_expert", "GET", f"/cases/{CASE}/parts/profile").json()["version"] == 1
