"""Fixtures every part may use; tests of minutes and of foreign toolchains run only when asked for."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

settings.register_profile("unhurried", settings(), deadline=None)  # a loaded machine is no fault of what is tested
settings.load_profile("unhurried")

_ON_REQUEST = ("long", "interop")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--with long` and `--with interop` add what a usual run leaves out."""
    parser.addoption("--with", action="append", default=[], choices=_ON_REQUEST, dest="on_request")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests on request, as deselected: they are no skips."""
    left_out = [mark for mark in _ON_REQUEST if mark not in config.getoption("on_request")]
    gone = [item for item in items if any(item.get_closest_marker(mark) for mark in left_out)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in set(gone)]
