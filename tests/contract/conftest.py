"""Every kernel test runs over the compiled module and its Python twin."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import ovoo_contract.evidence
import ovoo_contract.line_protocol
import ovoo_contract.samples
import ovoo_contract.wire
import pytest


def _built(name: str) -> bool:
    return importlib.util.find_spec(f"ovoo_contract.{name}") is not None


IMPLEMENTATIONS = ["compiled", "twin"] if _built("_codec") and _built("_kernels") else ["twin"]
_SUFFIX = {"compiled": "", "twin": "_py"}


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> Iterator[str]:
    """Makes the whole package use one implementation of the kernels; gives its name."""
    suffix = _SUFFIX[request.param]
    kernels = importlib.import_module(f"ovoo_contract._kernels{suffix}")
    codec = importlib.import_module(f"ovoo_contract._codec{suffix}")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("samples", "line_protocol", "evidence"):
            patch.setattr(sys.modules[f"ovoo_contract.{name}"], "kernels", kernels)
        patch.setattr(ovoo_contract.wire, "_columns", codec)
        yield str(request.param)


@pytest.fixture(scope="module")
def kernels(implementation: str) -> Any:
    """The row kernels of the implementation under test."""
    return importlib.import_module(f"ovoo_contract._kernels{_SUFFIX[implementation]}")


@pytest.fixture(scope="module")
def codec(implementation: str) -> Any:
    """The wire columns of the implementation under test."""
    return importlib.import_module(f"ovoo_contract._codec{_SUFFIX[implementation]}")
