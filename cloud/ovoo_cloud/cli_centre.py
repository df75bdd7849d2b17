"""`ovoo-cloud centre`: the benchmark of enterprises, here or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.centre.benchmark import Mapper, Reading
from ovoo_cloud.centre.issued import Issued
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs", "cluster_mapper"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `centre benchmark`."""
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
