"""Errors say who, what, which value and what to do."""

from __future__ import annotations

import pytest
from ovoo_contract import errors
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OvooError("too hot"), "too hot"),
        (OvooError("too hot", offender="fan1"), "fan1: too hot"),
        (OvooError("too hot", offender="fan1", value=99), "fan1: too hot (got 99)"),
        (OvooError("too hot", offender="fan1", remedy="cool it"), "fan1: too hot (cool it)"),
        (OvooError("too hot", offender="fan1", value="热", remedy="cool it"), "fan1: too hot (got '热'; cool it)"),
    ],
    ids=str,
)
def test_message_names_offender_value_and_remedy(error: OvooError, text: str) -> None:
    assert str(error) == text


def test_long_values_are_cut() -> None:
    assert len(str(OvooError("too long", value="x" * 10_000))) < 250


def test_parts_are_data() -> None:
    error = ConfigError("unknown key", offender="sink.mqtt.prot", value=1883, remedy="did you mean port")

    assert error.to_dict() == {
        "type": "ConfigError",
        "message": "unknown key",
        "offender": "sink.mqtt.prot",
        "value": "1883",
        "remedy": "did you mean port",
    }


def test_a_code_and_its_slots_are_data_and_stay_when_the_error_moves() -> None:
    error = ConfigError("too small", offender="a", value=1, remedy="3 or more", code="x.too_small", slots={"least": 3})

    moved = error.at("line 4 a", line=4)

    assert (moved.message, moved.offender, moved.value, moved.remedy) == ("too small", "line 4 a", 1, "3 or more")
    assert (moved.code, moved.slots) == ("x.too_small", {"least": 3, "line": 4})
    assert type(moved) is ConfigError
    assert error.to_dict()["code"] == "x.too_small"
    assert error.to_dict()["slots"] == {"least": "3"}
    assert str(moved) == "line 4 a: too small (got 1; 3 or more)"


def test_config_errors_are_reported_together() -> None:
    both = ConfigErrors(
        [ConfigError("unknown key", offender="a"), ConfigError("not a number", offender="b", value="x")]
    )

    assert isinstance(both, ConfigError)
    assert str(both) == "2 settings are wrong:\n  a: unknown key\n  b: not a number (got 'x')"
    assert [item["offender"] for item in both.to_dict()["errors"]] == ["a", "b"]  # type: ignore[attr-defined]


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn: dict[str, str] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word in errors.__all__), None)
        if name is None or line.strip().startswith("A message"):
            continue
        depth = (line.index(name) - 4) // 4
        stack = [*stack[:depth], name]
        drawn[name] = stack[depth - 1] if depth else "Exception"

    assert drawn == {name: getattr(errors, name).__bases__[0].__name__ for name in errors.__all__}
