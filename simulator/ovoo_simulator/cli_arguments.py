"""The arguments of `ovoo-simulator`, verb by verb."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

from ovoo_simulator import commands

__all__ = ["build_parser"]

_EXIT_CODES = "exit codes: 0 done or stopped by SIGTERM; 2 wrong arguments or files; 3 server, broker or port failed"
_PLANTS = ("coal_mine", "coal_chemical", "dairy")
_AddParser = Callable[..., argparse.ArgumentParser]


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; the parsed namespace holds the command as `run`."""
    parser = argparse.ArgumentParser(prog="ovoo-simulator", description="Plants with known truth.", epilog=_EXIT_CODES)
    add = parser.add_subparsers(required=True, metavar="COMMAND").add_parser
    _add_plant(add)
    _add_history(add)
    _add_replay(add)
    _add_faults(add)
    _add_gateway_config(add)
    return parser


def _verb(add: _AddParser, name: str, text: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    parser = add(name, help=text, description=text, epilog=_EXIT_CODES)
    parser.add_argument("--json", action="store_true", help="print results as one JSON object a line")
    parser.set_defaults(run=run)
    return parser


def _add_plant(add: _AddParser) -> None:
    parser = _verb(add, "plant", "Run a plant live over OPC UA or MQTT until SIGTERM.", commands.run_plant)
    _plant_arguments(parser)
    _transport_arguments(parser)
    parser.add_argument("--faults", type=pathlib.Path, help="truth file; read again whenever it changes")
    parser.add_argument("--step-s", type=float, default=1.0, help="seconds between samples (default 1)")


def _add_history(add: _AddParser) -> None:
    parser = _verb(add, "history", "Write a plant's past as a replay file (.ovb).", commands.write_history_file)
    _plant_arguments(parser)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="replay file to write")
    _window_arguments(parser)
    parser.add_argument("--step-s", type=float, default=60.0, help="seconds between samples (default 60)")
    parser.add_argument("--faults", type=pathlib.Path, help="truth file of the faults in it")
    parser.add_argument("--ledger", type=pathlib.Path, help="write counts and checksums here")
    parser.add_argument("--transport", choices=("opcua", "mqtt"), help="how missing values look (default: the plant's)")


def _add_replay(add: _AddParser) -> None:
    parser = _verb(add, "replay", "Play a data set as a plant over OPC UA or MQTT.", commands.replay_file)
    parser.add_argument("file", type=pathlib.Path, help="SKAB, Tennessee Eastman, steel energy or any CSV")
    parser.add_argument("--format", choices=("skab", "tep", "steel", "csv"), help="default: by name and first line")
    parser.add_argument("--asset", default="demo/replay/area/line/unit1", help="enterprise/site/area/line/asset")
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="1 to 1000 times as fast as recorded (default 1); 0: as fast as the receivers take it",
    )
    parser.add_argument(
        "--times", choices=("keep", "start_now", "end_now"), default="keep", help="keep or shift timestamps"
    )
    parser.add_argument("--utc-offset-h", type=float, default=8.0, help="zone of times without one (default 8)")
    _transport_arguments(parser)


def _add_faults(add: _AddParser) -> None:
    parser = add("faults", help="Draw, trigger or list faults.", description="Draw, trigger or list faults.")
    verbs = parser.add_subparsers(required=True, metavar="ACTION").add_parser
    draw = _verb(verbs, "draw", "Draw the faults of a window and write the truth file.", commands.draw_faults)
    _plant_arguments(draw)
    _window_arguments(draw)
    draw.add_argument("--out", type=pathlib.Path, required=True, help="truth file to write")
    draw.add_argument("--fault-seed", type=int, required=True, help="seed of kind, onset, size and asset")
    draw.add_argument("--per-week", type=float, default=2.5, help="faults in seven days (default 2.5)")
    draw.add_argument("--shortest-h", type=float, default=6.0, help="hours (default 6)")
    draw.add_argument("--longest-h", type=float, default=24.0, help="hours (default 24)")
    extra = _verb(verbs, "add", "Trigger a fault: add it to the truth file of a running plant.", commands.add_fault)
    _plant_arguments(extra)
    extra.add_argument("--file", type=pathlib.Path, required=True, help="truth file, made if absent")
    extra.add_argument("--kind", required=True, help="bearing_wear, leak, fouling, stuck_sensor, drift, ...")
    extra.add_argument("--asset", required=True, help="area/line/asset")
    extra.add_argument("--signal", default="", help="the lying sensor, for stuck_sensor and drift")
    extra.add_argument("--size", type=float, help="default: middle of the kind's range")
    extra.add_argument("--start", default="", help="ISO 8601 (default now)")
    extra.add_argument("--delay-s", type=float, default=0.0, help="seconds after --start")
    extra.add_argument("--duration-s", type=float, default=600.0, help="seconds (default 600)")
    listing = _verb(verbs, "list", "Show a truth file.", commands.list_faults)
    listing.add_argument("file", type=pathlib.Path, help="truth file")


def _add_gateway_config(add: _AddParser) -> None:
    parser = _verb(
        add, "gateway-config", "Write agent.toml and signals.csv of a plant's gateway.", commands.write_gateway_config
    )
    _plant_arguments(parser)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write into")
    parser.add_argument("--opcua", metavar="ENDPOINT", default="", help="opc.tcp://host:port/ovoo/<site>")
    parser.add_argument("--mqtt", metavar="HOST:PORT", default="", help="the plant's broker")
    parser.add_argument("--cloud", metavar="HOST:PORT", default="", help="broker of the cloud uplink")
    parser.add_argument("--influx", metavar="URL", default="", help="the site's InfluxDB")
    parser.add_argument("--health", metavar="HOST:PORT", default="", help="where /health listens")


def _plant_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plant", choices=_PLANTS, help="which plant")
    parser.add_argument("--seed", type=int, default=1, help="of the plant's own noise (default 1)")
    parser.add_argument("--copies", type=int, default=1, help="how often each machine stands there (default 1)")
    parser.add_argument("--origin", default="", help="local midnight at which counters start (default 2026-01-01)")


def _window_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", default="", help="ISO 8601 (default: --days before the end)")
    parser.add_argument("--end", default="", help="ISO 8601 (default now)")
    parser.add_argument("--days", type=float, default=35.0, help="length where --start is absent (default 35)")


def _transport_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ledger", type=pathlib.Path, help="write counts and checksums here")
    parser.add_argument("--journal", type=pathlib.Path, help="write every emitted sample here; a new file")
    parser.add_argument("--wait-for-subscription", action="store_true", help="start when somebody receives")
    opcua = parser.add_argument_group("OPC UA")
    opcua.add_argument("--opcua-port", type=int, help="serve OPC UA on this port")
    opcua.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    opcua.add_argument("--pki", type=pathlib.Path, help="folder of the server's certificate, made on first use")
    opcua.add_argument(
        "--other-namespaces", type=int, default=0, help="foreign namespaces before the site's own (default 0)"
    )
    opcua.add_argument("--encrypted-only", action="store_true", help="do not offer the policy None")
    opcua.add_argument("--trusted-clients", type=pathlib.Path, help="folder of client certificates that may connect")
    opcua.add_argument("--user-certificate", type=pathlib.Path, action="append", default=[], help="may sign in")
    mqtt = parser.add_argument_group("MQTT")
    mqtt.add_argument("--mqtt", metavar="HOST:PORT", default="", help="publish to this broker")
    mqtt.add_argument("--mqtt-protocol", choices=("5", "311"), default="5", help="default 5")
    mqtt.add_argument("--ca", type=pathlib.Path, help="CA of the broker: turns TLS on")
    mqtt.add_argument("--certificate", type=pathlib.Path, help="own certificate for mutual TLS")
    mqtt.add_argument("--private-key", type=pathlib.Path, help="of --certificate")
    users = parser.add_argument_group("users")
    users.add_argument("--user", default="", help="OPC UA: the user that may sign in; MQTT: sign in as this user")
    users.add_argument("--password-file", type=pathlib.Path, help="first line is the password of --user")
