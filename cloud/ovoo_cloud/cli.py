"""The command line `ovoo-cloud`. Every verb takes `--config`, `--data-dir` and `--json`.

Exit codes: 0 done; 1 refused (the message says why); 2 wrong use or wrong settings; 3 verification failed;
4 store, database or broker not available; 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ovoo_contract.errors import ConfigError, OvooError, StoreUnavailable, VerifyError

from ovoo_cloud import (
    cli_admin,
    cli_audit,
    cli_case,
    cli_centre,
    cli_energy,
    cli_framework,
    cli_init,
    cli_people,
    cli_readiness,
    cli_region,
    cli_report,
    cli_restore,
    cli_run,
    cli_score,
)
from ovoo_cloud.cli_output import Output
from ovoo_cloud.settings import Settings, load_settings

__all__ = ["main"]

_DEFAULT_CONFIG: Final = pathlib.Path("ovoo-cloud.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and gives its exit code; errors go to stderr without a traceback."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    output = Output(parsed.json)
    try:
        code: int = parsed.run(parsed, _settings(parsed), output)
    except VerifyError as error:
        return output.fail(error, 3)
    except StoreUnavailable as error:
        return output.fail(error, 4)
    except ConfigError as error:
        return output.fail(error, 2)
    except OvooError as error:
        return output.fail(error, 1)
    except KeyboardInterrupt:
        return 130
    return code


def _settings(parsed: argparse.Namespace) -> Settings:
    path = parsed.config
    if path is None and (named := os.environ.get("OVOO_CONFIG")):
        path = pathlib.Path(named)
    if path is None and _DEFAULT_CONFIG.exists():
        path = _DEFAULT_CONFIG
    if path is not None and not path.exists() and parsed.verb == "init":
        path = None  # init writes it
    settings = load_settings(path)
    return settings if parsed.data_dir is None else replace(settings, data_dir=parsed.data_dir)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ovoo-cloud",
        description="Ingest, store, API, console, diagnosis and reports of Ovoo.",
        epilog="exit codes: 0 done, 1 refused, 2 wrong use or settings, 3 verification failed, 4 not available",
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=pathlib.Path, help="TOML file (default: $OVOO_CONFIG or ./ovoo-cloud.toml)")
    shared.add_argument("--data-dir", type=pathlib.Path, help="replaces data_dir of the settings")
    shared.add_argument("--json", action="store_true", help="one JSON document on stdout")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for module in (
        cli_init, cli_run, cli_report, cli_case, cli_readiness, cli_score, cli_energy, cli_framework, cli_centre,
        cli_region,
        cli_restore, cli_admin, cli_people, cli_audit,
    ):  # fmt: skip
        module.add_verbs(verbs, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
