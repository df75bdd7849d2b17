"""Lists the variables of a server, as the beginning of a signal list."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_edge.sources.base import SourceContext
from ovoo_edge.sources.opcua_items import parse_node_id, read_namespaces
from ovoo_edge.sources.opcua_link import UaLink
from ovoo_edge.sources.opcua_trust import trust_store
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

__all__ = ["BrowsedNode", "browse", "to_signal_csv"]

_NODES_PER_CALL = 100
_REFERENCES_PER_NODE = 1000
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class BrowsedNode:
    """A variable of the server.

    Attributes:
        node: `nsu=<uri>;s=<name>`, as the signal list wants it.
        path: display names from the root, joined by "/".
        name: its own display name.
        data_type: name of its data type, empty where it is not a standard one.
        value: what it holds now, as text, cut at 80 characters.
    """

    node: str
    path: str
    name: str
    data_type: str
    value: str


async def browse(
    settings: OpcUaSettings,
    context: SourceContext,
    *,
    root: str = "i=85",
    most_nodes: int = 100_000,
    most_depth: int = 20,
) -> AsyncIterator[BrowsedNode]:
    """Every variable below `root`, each once, breadth first; a cycle in the server's tree does no harm.

    Args:
        settings: the source's settings.
        context: clocks and the state folder.
        root: node to start at, default the Objects folder.
        most_nodes: stop after visiting so many nodes.
        most_depth: levels below the root, >= 1.

    Raises:
        ConnectFailed, Untrusted, NodeMissing: as the source does.
    """
    link = UaLink(settings, trust_store(settings, context.state_dir), context.wall_ns())
    await link.open(None)
    try:
        namespaces = await read_namespaces(link)
        level: list[tuple[Any, str]] = [(parse_node_id(root, namespaces), "")]
        visited = {level[0][0]}
        for _ in range(most_depth):
            found: list[tuple[Any, str]] = []
            for start in range(0, len(level), _NODES_PER_CALL):
                part = level[start : start + _NODES_PER_CALL]
                children = [item for item in await _children(link, part) if item[0].NodeId not in visited]
                children = [
                    item
                    for item in {item[0].NodeId: item for item in children}.values()
                    if item[0].NodeId.NamespaceIndex < len(namespaces)
                ]
                visited.update(item[0].NodeId for item in children)
                variables = [item for item in children if item[0].NodeClass == ua.NodeClass.Variable]
                for node in await _describe(link, variables, namespaces):
                    yield node
                found += [(item[0].NodeId, item[1]) for item in children if not _is_standard(item[0].NodeId)]
                if len(visited) >= most_nodes:
                    return
            level = found
            if not level:
                return
    finally:
        await link.close()


def to_signal_csv(nodes: Iterable[BrowsedNode]) -> str:
    """A signal list with one line a variable; address and unit are for a person to fill in."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["address", "unit", "reference", "type", "name_en", "name_zh"], lineterminator="\r\n")
    writer.writeheader()
    for node in nodes:
        kind = _SIGNAL_TYPES.get(node.data_type, "float")
        writer.writerow(
            {
                "address": "",
                "unit": "",
                "reference": node.node,
                "type": kind,
                "name_en": node.path,
                "name_zh": node.name,
            }
        )
    return text.getvalue()


_SIGNAL_TYPES = {
    "Boolean": "bool", "String": "text", "LocalizedText": "text", "Byte": "int", "SByte": "int", "Int16": "int",
    "UInt16": "int", "Int32": "int", "UInt32": "int", "Int64": "int", "UInt64": "int",
}  # fmt: skip


def _is_standard(node_id: Any) -> bool:
    return bool(node_id.NamespaceIndex == 0 and node_id.Identifier == ua.ObjectIds.Server)


async def _children(link: UaLink, parents: Sequence[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The references of several nodes with the path of each target."""
    request = ua.BrowseRequest()
    request.Parameters.RequestedMaxReferencesPerNode = _REFERENCES_PER_NODE
    for node_id, _path in parents:
        wanted = ua.BrowseDescription()
        wanted.NodeId = node_id
        wanted.BrowseDirection = ua.BrowseDirection.Forward
        wanted.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
        wanted.IncludeSubtypes = True
        wanted.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
        wanted.ResultMask = ua.BrowseResultMask.All
        request.Parameters.NodesToBrowse.append(wanted)
    response = await link.call(request, ua.BrowseResponse)
    children: list[tuple[Any, str]] = []
    for (_, path), result in zip(parents, response.Results, strict=True):
        for reference in await _all_pages(link, result):
            name = reference.DisplayName.Text or reference.BrowseName.Name
            children.append((reference, f"{path}/{name}" if path else str(name)))
    return children


async def _all_pages(link: UaLink, result: Any) -> list[Any]:
    references = list(result.References or ())
    for _ in range(_MOST_PAGES):
        if not result.ContinuationPoint:
            break
        request = ua.BrowseNextRequest()
        request.Parameters.ReleaseContinuationPoints = False
        request.Parameters.ContinuationPoints = [result.ContinuationPoint]
        response = await link.call(request, ua.BrowseNextResponse)
        result = response.Parameters.Results[0]
        references += result.References or ()
    return references


async def _describe(link: UaLink, variables: Sequence[tuple[Any, str]], namespaces: Sequence[str]) -> list[BrowsedNode]:
    if not variables:
        return []
    request = ua.ReadRequest()
    for reference, _path in variables:
        for attribute in (ua.AttributeIds.DataType, ua.AttributeIds.Value):
            item = ua.ReadValueId()
            item.NodeId = reference.NodeId
            item.AttributeId = attribute
            request.Parameters.NodesToRead.append(item)
    response = await link.call(request, ua.ReadResponse)
    values = [result.Value.Value if result.Value is not None else None for result in response.Results]
    return [
        BrowsedNode(
            _node_text(reference.NodeId, namespaces),
            path,
            str(reference.DisplayName.Text or reference.BrowseName.Name),
            _type_name(values[2 * row]),
            str(values[2 * row + 1])[:80],
        )
        for row, (reference, path) in enumerate(variables)
    ]


def _node_text(node_id: Any, namespaces: Sequence[str]) -> str:
    plain = ua.NodeId(node_id.Identifier, 0, node_id.NodeIdType).to_string()
    if node_id.NamespaceIndex == 0:
        return str(plain)
    uri = namespaces[node_id.NamespaceIndex].replace("%", "%25").replace(";", "%3B")
    return f"nsu={uri};{plain}"


def _type_name(data_type: Any) -> str:
    if data_type is None or data_type.NamespaceIndex != 0:
        return ""
    return str(ua.ObjectIdNames.get(data_type.Identifier, ""))
