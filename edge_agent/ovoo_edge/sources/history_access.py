"""Which signals' history may be read, and the current values of signals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ovoo_contract.errors import NodeMissing
from ovoo_contract.samples import SampleBatch

from ovoo_edge.sources.base import SourceContext
from ovoo_edge.sources.decode import HandleTable
from ovoo_edge.sources.history_wire import decode_read_response, to_batch
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.ua_api import ua

__all__ = ["NO_HISTORY_BIT", "read_history_access", "read_key_frame"]

_HISTORY_READ = 0x04
NO_HISTORY_BIT = "the server keeps no history of the signal"


async def read_history_access(link: PacedLink, signals: Sequence[int], node_of: Callable[[int], Any]) -> dict[int, str]:
    """Per signal (catalogue index) why its history cannot be read, empty where it can."""
    nodes, refusals = _resolve(signals, node_of)
    request = ua.ReadRequest()
    for node_id in nodes.values():
        request.Parameters.NodesToRead.append(_attribute(node_id, ua.AttributeIds.UserAccessLevel))
    if not nodes:
        return refusals
    response = await link.call(request, ua.ReadResponse)
    for signal, result in zip(nodes, response.Results, strict=True):
        level = result.Value.Value if result.Value is not None else None
        # a server that does not say gets asked for the history itself
        refused = isinstance(level, int) and not level & _HISTORY_READ
        refusals[signal] = NO_HISTORY_BIT if refused else ""
    return refusals


async def read_key_frame(
    link: PacedLink,
    signals: Sequence[int],
    node_of: Callable[[int], Any],
    handles: HandleTable,
    handle_of: Mapping[int, int],
    context: SourceContext,
) -> SampleBatch:
    """The current values of the signals the server has, as columns."""
    nodes, _ = _resolve(signals, node_of)
    parts = [SampleBatch.empty()]
    for part in _parts(list(nodes.items()), link):
        request = ua.ReadRequest()
        request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        request.Parameters.NodesToRead = [_attribute(node_id, ua.AttributeIds.Value) for _, node_id in part]
        values = decode_read_response(await link.call_sized(request, "read", len(part)))
        pairs = [(handle_of[signal], value) for (signal, _), value in zip(part, values, strict=False)]
        parts.append(to_batch(pairs, handles, context.wall_ns()))
    return SampleBatch.concat(parts)


def _parts(nodes: list[tuple[int, Any]], link: PacedLink) -> Iterator[list[tuple[int, Any]]]:
    done = 0
    while done < len(nodes):
        part = nodes[done : done + link.budget.batch("read")]
        done += len(part)
        yield part


def _resolve(signals: Sequence[int], node_of: Callable[[int], Any]) -> tuple[dict[int, Any], dict[int, str]]:
    nodes: dict[int, Any] = {}
    refusals: dict[int, str] = {}
    for signal in signals:
        try:
            nodes[signal] = node_of(signal)
        except NodeMissing as error:
            refusals[signal] = error.message
    return nodes, refusals


def _attribute(node_id: Any, attribute: int) -> Any:
    item = ua.ReadValueId()
    item.NodeId = node_id
    item.AttributeId = attribute
    return item
