"""`ovoo-simulator`: plants with known truth, on the command line.

Exit codes: 0 done or stopped by SIGTERM/SIGINT, 2 wrong arguments or files, 3 a server, broker or port failed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ovoo_contract.errors import ConfigErrors, OvooError, PayloadError, SourceError

from ovoo_simulator.cli_arguments import build_parser

__all__ = ["EXIT_CONFIG", "EXIT_SOURCE", "main"]

EXIT_CONFIG = 2
EXIT_SOURCE = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    arguments = build_parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    try:
        arguments.run(arguments)
    except ConfigErrors as faults:
        return _fail(faults.errors, EXIT_CONFIG)
    except PayloadError as error:
        return _fail([error], EXIT_CONFIG)
    except SourceError as error:
        return _fail([error], EXIT_SOURCE)
    except OvooError as error:
        return _fail([error], EXIT_CONFIG)
    return 0


def _fail(errors: Sequence[OvooError], code: int) -> int:
    for error in errors:
        print(f"ovoo-simulator: {error}", file=sys.stderr)
    return code
