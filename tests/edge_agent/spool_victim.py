"""Commits rows as fast as it can and prints every number once it is durable; killed by the test at any moment."""

from __future__ import annotations

import pathlib
import random
import sys
import time

from tests.edge_agent.support import SECOND, T0, group_of, make_catalogue, open_spool, samples_at


def main() -> None:
    """Arguments: folder, first step."""
    folder, step = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    catalogue = make_catalogue()
    rng = random.Random(step)
    with open_spool(folder, budget_mib=64, clock=time.time_ns) as spool:
        spool.add_catalogue(catalogue)
        while True:
            batches = [samples_at(T0 + (step + index) * SECOND, 40) for index in range(3)]
            seqs = spool.commit(group_of(catalogue, *batches))
            sys.stdout.write("".join(f"c {seq} {step + index}\n" for index, seq in enumerate(seqs)))
            step += 3
            if rng.random() < 0.5:
                rows = spool.pending("cloud", 2)
                sys.stdout.write("".join(f"s {row.seq}\n" for row in rows))
                sys.stdout.flush()
                spool.ack("cloud", [(row.seq, row.seq) for row in rows])
            sys.stdout.flush()


main()
