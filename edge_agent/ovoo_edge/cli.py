"""`ovoo-edge`: one verb a command.

Exit codes: 0 done; 1 failed while running; 2 wrong command line; 3 the configuration is faulty;
4 the gateway runs but needs attention, or a check failed; 5 no agent answers.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError

from ovoo_edge import commands, logs, opcua_cli
from ovoo_edge.samples import sample_names

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code; errors go to standard error in one line each."""
    options = _parser().parse_args(arguments)
    logs.configure(options.log_level)
    try:
        code: int = options.command(options)
    except ConfigErrors as faults:
        for fault in faults.errors:
            print(fault, file=sys.stderr)
        print(f"{len(faults.errors)} faults", file=sys.stderr)
        return 3
    except ConfigError as fault:
        print(fault, file=sys.stderr)
        return 3
    except OvooError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ovoo-edge",
        description="Gateway agent: collect, keep, deliver.",
        epilog=(__doc__ or "").split("\n\n", 1)[1],
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _with_config(verbs, "run", commands.run, "collect and deliver until SIGTERM")
    check = _with_config(verbs, "check", commands.check, "validate settings, models, certificates and disk")
    check.add_argument("--connect", action="store_true", help="also reach every source and sink by TCP")
    check.add_argument("--json", action="store_true", help="findings as JSON")
    check.add_argument(
        "--payloads",
        type=pathlib.Path,
        help="instead: what captured MQTT messages would give, without a broker; a file of `mosquitto_sub -v`, "
        "of lines topic TAB payload, or of dead letters, '-' = standard input",
    )
    check.add_argument("--source", default="", help="with --payloads: the MQTT source, where there are several")
    check.add_argument("--language", choices=["zh", "en"], default="zh", help="of the answer to --payloads")
    status = _with_config(verbs, "status", commands.status, "what the running agent says, in plain words")
    status.add_argument("--json", action="store_true", help="the whole state as JSON")
    status.add_argument("--ledger", action="store_true", help="counts per signal and hour, and all losses, as JSON")
    status.add_argument("--language", choices=["zh", "en"], default="zh")
    bundle = _with_config(verbs, "support-bundle", commands.support_bundle, "one zip for a helper, secrets removed")
    bundle.add_argument("--out", type=pathlib.Path, help="the zip (default: named by gateway and time, in this folder)")
    browse = _with_config(verbs, "browse", commands.browse, "list an OPC UA server's variables as a signal list")
    browse.add_argument("source", help="name of the source")
    browse.add_argument("--root", default="i=85", help="node to start at (default: Objects)")
    browse.add_argument(
        "--output", "-o", type=pathlib.Path, help="new file, .csv or .xlsx (default: CSV to the screen)"
    )
    browse.add_argument("--encoding", choices=["utf-8", "utf-16", "gbk"], default="utf-8", help="of a CSV")
    replay = _with_config(verbs, "replay", commands.replay, "play a recorded file through this gateway, then end")
    replay.add_argument("file", type=pathlib.Path, help="*.ovb or *.csv")
    replay.add_argument("--speed", type=float, default=0.0, help="factor of real time; 0 = as fast as it goes")
    opcua_cli.add_verbs(verbs)
    enrol = _with_config(verbs, "enrol", commands.enrol, "exchange a one-time token for the gateway's certificate")
    enrol.add_argument(
        "--token-file", required=True, type=pathlib.Path, help="file with the token, '-' = standard input"
    )
    enrol.add_argument("--cloud", default="", help="address of the cloud, instead of enrol.url")
    enrol.add_argument("--renew", action="store_true", help="replace an existing certificate")
    sample = verbs.add_parser("sample", help="print sample settings")
    sample.add_argument("name", nargs="?", default="agent", help=f"one of {', '.join(sample_names())}, or a driver")
    sample.set_defaults(command=commands.sample_text)
    return parser


def _with_config(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: commands.Command, text: str
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--config", "-c", type=pathlib.Path, default=pathlib.Path("agent.toml"), help="settings file")
    parser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
