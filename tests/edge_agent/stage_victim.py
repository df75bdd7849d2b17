"""Processes and commits batches as fast as it can, and says after each how far it came; killed at any moment."""

from __future__ import annotations

import pathlib
import random
import sys

from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.sources.base import Chunk
from ovoo_edge.watermark import Watermark

from tests.edge_agent.held_support import CATALOGUE, RULES, open_policies, source_batch
from tests.edge_agent.support import T0


def main() -> None:
    """Arguments: folder, first step."""
    folder, step = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(step)
    with open_policies(folder) as spool:
        watermark = Watermark(len(CATALOGUE), spool.high_ns, T0 * 2)
        spool.release_held()
        limits = spool.max_item_bytes, spool.max_group_bytes
        stage = Stage(CATALOGUE, RULES, None, watermark, 30.0, limits)
        while True:
            count = rng.randint(1, 40)
            batch = source_batch(step, count)
            step += count
            # as long as a step takes, so that silence is seen too
            now_ns = batch.time_ns[-1]
            spool.commit(*stage.process([Chunk(batch, None, "src", 0, now_ns)], now_ns).groups)
            sys.stdout.write(f"c {step}\n")
            sys.stdout.flush()


main()
