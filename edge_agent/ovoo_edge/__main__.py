"""`python -m ovoo_edge`."""

import sys

from ovoo_edge.cli import main

sys.exit(main())
