"""`python -m ovoo_simulator`."""

from __future__ import annotations

import sys

from ovoo_simulator.cli import main

sys.exit(main())
