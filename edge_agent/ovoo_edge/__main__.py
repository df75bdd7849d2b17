"""`python -m ovoo_edge`."""

import sys

from ovoo_edge.entry import main

sys.exit(main())
