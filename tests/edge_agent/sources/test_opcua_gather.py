"""Messages between decoding and the intake: handed over together, in order, and never lost to a cancellation."""

from __future__ import annotations

import asyncio
import struct

import pytest
from ovoo_contract.samples import SampleBatch
from ovoo_edge.sources.base import Chunk, Intake
from ovoo_edge.sources.decode import HandleTable
from ovoo_edge.sources.opcua_gather import MAX_ROWS, MessageGather

from tests.edge_agent.sources.notification_fuzz import RECEIVE_NS, TICKS, data_change, item, publish_response

TABLE = HandleTable(list(range(1000)))


def gather_into(handed: list[tuple[int, ...]]) -> MessageGather:
    """A gather that notes the numbers of each hand-over."""

    def make_chunk(batch: SampleBatch, sequences: tuple[int, ...]) -> Chunk:
        return Chunk(batch, lambda: handed.append(sequences), "plc")

    return MessageGather(TABLE, make_chunk)


def feed(gather: MessageGather, sequence: int, count: int = 1) -> None:
    fields = {0x04: struct.pack("<q", TICKS)}
    items = [item(handle % 1000, struct.pack("<Bd", 11, sequence + handle / 1e6), fields) for handle in range(count)]
    gather.reader.feed(publish_response([data_change(items)], sequence=sequence), RECEIVE_NS)
    gather.add(sequence)


async def test_messages_that_came_together_are_one_chunk_with_all_their_numbers() -> None:
    handed: list[tuple[int, ...]] = []
    gather, intake = gather_into(handed), Intake()
    for sequence in (1, 2, 3):
        feed(gather, sequence)

    await gather.hand_over(intake)
    await gather.hand_over(intake)

    assert intake.chunks == 1
    chunk = await intake.get()
    assert list(chunk.batch.value) == [1.0, 2.0, 3.0]
    assert chunk.committed is not None
    chunk.committed()
    assert handed == [(1, 2, 3)]


async def test_a_cancelled_hand_over_is_done_by_the_next_one() -> None:
    handed: list[tuple[int, ...]] = []
    gather, intake = gather_into(handed), Intake(max_samples=1)
    feed(gather, 1)
    await gather.hand_over(intake)
    feed(gather, 2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await gather.hand_over(intake)
    feed(gather, 3)

    rest = asyncio.create_task(gather.hand_over(intake))
    values = [list((await intake.get()).batch.value) for _ in range(3)]
    await rest

    assert values == [[1.0], [2.0], [3.0]]


def test_a_gather_is_full_before_a_chunk_becomes_large() -> None:
    gather = gather_into([])

    messages = 0
    while not gather.is_full:
        messages += 1
        feed(gather, messages, 1000)

    assert messages == MAX_ROWS // 1000 + 1
