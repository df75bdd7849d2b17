"""`python -m tests.models.golden` writes the vectors of all registered models; `--check` says what differs from them.

The check needs nothing but the standard library and ovoo_models, so that it runs on any machine, emulated ones
included: compiled, and with OVOO_PURE_PYTHON=1 the twins.
"""

from __future__ import annotations

import platform
import sys

from ovoo_models._select import COMPILED
from ovoo_models.registry import model_names

from tests.models.golden.vectors import differences, write


def main() -> int:
    """0: all equal (or written), 1: something differs."""
    if "--check" not in sys.argv[1:]:
        for name in model_names():
            write(name)
        return 0
    found = [line for name in model_names() for line in differences(name)]
    print("\n".join(found) or f"{len(model_names())} models equal on {platform.machine()}, compiled: {COMPILED}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
