"""`ovoo-cloud centre`: the benchmark of enterprises, here or on a cluster, and the centre's own registers."""

from __future__ import annotations

import argparse
import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.centre.benchmark import Mapper, Reading
from ovoo_cloud.centre.issued import Issued
from ovoo_cloud.centre.own_kinds import add_kind, kinds_in
from ovoo_cloud.cli_database import opened_database
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs", "cluster_mapper"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `centre` with its verbs."""
    centre = verbs.add_parser("centre", help="services of a promotion centre")
    inner = centre.add_subparsers(dest="centre_verb", required=True, metavar="verb")
    benchmark = inner.add_parser(
        "benchmark",
        parents=[shared],
        help="quantiles of enterprises by sector, size and region",
        description="Reads the newest report of every enterprise until the end of a quarter and prints the groups that "
        "are large enough. With --dask workers read the reports; they must see the same report folders.",
        epilog="exit codes: 0 done; 1 refused; 2 wrong use, or no cluster there; 4 database away",
    )
    benchmark.add_argument("--quarter", default="", help="YYYY-Qn; default: the newest that is over")
    benchmark.add_argument("--dask", default="", metavar="ADDRESS", help="tcp://host:8786, or local")
    benchmark.set_defaults(run=_benchmark)
    add = inner.add_parser("add-kind", parents=[shared], help="check an own kind of register and put it in force")
    add.add_argument("file", type=pathlib.Path, help="the document, YAML or JSON")
    add.set_defaults(run=_add_kind)
    listing = inner.add_parser("kinds", parents=[shared], help="all kinds of registers, the centre's own last")
    listing.set_defaults(run=_list_kinds)


@contextmanager
def cluster_mapper(address: str) -> Iterator[Mapper]:
    """Spreads chunks of reports over the workers of a dask cluster; results come in any order."""
    from ovoo_models.train.cluster import connect  # late: only this option needs dask

    def spread(
        function: Callable[[Sequence[Issued]], list[Reading]], chunks: Sequence[Sequence[Issued]]
    ) -> Iterator[list[Reading]]:
        for _, done in cluster.map(function, chunks):
            yield done

    with connect(address) as cluster:
        yield spread


def _benchmark(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.centre.sector_benchmark import sector_benchmark

    with build_services(settings) as services:
        scope = Scope.system("cli")
        if parsed.dask:
            with cluster_mapper(parsed.dask) as mapper:
                found = sector_benchmark(services, scope, parsed.quarter, mapper)
        else:
            found = sector_benchmark(services, scope, parsed.quarter)
    lines = [f"{found['quarter']}: {len(found['groups'])} groups of at least {found['minimum']}"]
    for group in found["groups"]:
        name = " / ".join(group[part] for part in ("sector", "size", "region") if group[part] is not None) or "all"
        for figure, row in group["figures"].items():
            lines.append(f"{name}  {figure}  n={row['n']}  {row['p25']}  {row['p50']}  {row['p75']} {row['unit']}")
    output.show(found, "\n".join(lines))
    return 0


def _add_kind(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    try:
        text = parsed.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "give a YAML or JSON file in UTF-8"
        raise ConfigError("cannot be read", offender=str(parsed.file), value=str(error), remedy=remedy) from error
    with opened_database(settings) as database, database.write() as session:
        try:
            row = add_kind(session, Scope.system("cli"), text, name=parsed.file.name, now_ns=time.time_ns())
        except ConfigErrors as errors:
            output.note("\n".join(str(each) for each in errors.errors))
            count = len(errors.errors)
            raise ConfigError(
                "the kind has errors", offender=parsed.file.name, value=count, remedy="mend the lines above"
            ) from None
        shown = {"kind": row.kind, "version": row.version, "sha256": row.sha256}
    output.show(shown, f"{shown['kind']} version {shown['version']} is in force")
    return 0


def _list_kinds(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    with opened_database(settings) as database, database.read() as session:
        found = kinds_in(session)
    rows = [
        {
            "id": each.id,
            "version": str(each.version or "-"),
            "audience": each.audience,
            "columns": str(len(each.fields)),
            "state": "retired" if each.retired else "in force",
            "name": f"{each.label.zh} / {each.label.en}",
        }
        for each in found.values()
    ]
    output.table("kinds", rows)
    return 0
