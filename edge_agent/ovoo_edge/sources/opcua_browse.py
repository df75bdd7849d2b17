"""Lists the variables of a server with what it says about them, as the beginning of a signal list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_edge.sources.base import SourceContext
from ovoo_edge.sources.load_budget import LoadBudget
from ovoo_edge.sources.opcua_describe import BrowsedNode, FoundVariable, describe
from ovoo_edge.sources.opcua_items import parse_node_id, read_namespaces
from ovoo_edge.sources.opcua_limits import first_limits, learn_limits
from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.opcua_trust import trust_store
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua
from ovoo_edge.sources.vendor_profile import load_profiles

__all__ = ["BrowsedNode", "browse"]

_CHINESE = ("zh-CN", "zh", "en")
_NODES_PER_STEP = 500
_REFERENCES_PER_NODE = 1000
_MOST_PAGES = 10_000
_PROPERTIES = frozenset(
    (ua.ObjectIds.HasProperty, ua.ObjectIds.HasHistoricalConfiguration, ua.ObjectIds.HasTypeDefinition)
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node on the way down: its reference (None for the root) and its path."""

    node_id: Any
    path: str
    reference: Any = None

    @property
    def is_variable(self) -> bool:
        return self.reference is not None and self.reference.NodeClass == ua.NodeClass.Variable


async def browse(
    settings: OpcUaSettings,
    context: SourceContext,
    *,
    root: str = "i=85",
    most_nodes: int = 100_000,
    most_depth: int = 20,
) -> AsyncIterator[BrowsedNode]:
    """Every variable below `root`, each once, breadth first; a cycle in the server's tree does no harm.

    Names are asked for in Chinese on the way down and in English afterwards. Properties of variables are not listed;
    engineering unit and range belong to their variable.

    Args:
        settings: the source's settings.
        context: clocks and the state folder.
        root: node to start at, default the Objects folder.
        most_nodes: stop after visiting so many nodes.
        most_depth: levels below the root, >= 1.

    Raises:
        ConnectFailed, Untrusted, NodeMissing: as the source does.
    """
    budget = LoadBudget(first_limits(settings), context.monotonic_s)
    link = PacedLink(settings, trust_store(settings, context.state_dir), context.wall_ns(), budget)
    await link.open(None)
    try:
        await learn_limits(link, settings, budget, load_profiles())
        namespaces = await read_namespaces(link)
        await link.use_locales(_CHINESE)
        walk = _Walk(link, len(namespaces), most_nodes)
        variables = await walk.below(_Place(parse_node_id(root, namespaces), ""), most_depth)
        await link.use_locales(("en",))
        for start in range(0, len(variables), _NODES_PER_STEP):
            for node in await describe(link, variables[start : start + _NODES_PER_STEP], namespaces):
                yield node
    finally:
        await link.close()


class _Walk:
    """Goes down the hierarchy, level by level; every node is entered once."""

    def __init__(self, link: PacedLink, namespaces: int, most_nodes: int) -> None:
        self._link = link
        self._namespaces = namespaces
        self._most_nodes = most_nodes
        self._visited: set[Any] = set()

    async def below(self, root: _Place, most_depth: int) -> list[FoundVariable]:
        """All variables below `root`, in the order in which they were met."""
        self._visited.add(root.node_id)
        found: list[FoundVariable] = []
        level = [root]
        for depth in range(most_depth + 1):
            following: list[_Place] = []
            for start in range(0, len(level), _NODES_PER_STEP):
                part = level[start : start + _NODES_PER_STEP]
                # the last level is only asked for the properties of its variables
                asked = part if depth < most_depth else [place for place in part if place.is_variable]
                references = dict(zip(map(id, asked), await _children(self._link, asked), strict=True))
                for place in part:
                    own = references.get(id(place), [])
                    if place.is_variable:
                        properties = [item for item in own if _is_property(item)]
                        found.append(FoundVariable(place.reference, place.path, properties))
                    following += self._new(place, own)
            level = following if depth < most_depth else []
            if not level:
                break
        return found

    def _new(self, parent: _Place, references: Sequence[Any]) -> list[_Place]:
        places: list[_Place] = []
        for reference in references:
            node_id = reference.NodeId
            foreign = node_id.NamespaceIndex >= self._namespaces or getattr(node_id, "ServerIndex", 0)
            full = len(self._visited) >= self._most_nodes
            if _is_property(reference) or foreign or full or node_id in self._visited or _is_server(node_id):
                continue
            self._visited.add(node_id)
            name = reference.DisplayName.Text or reference.BrowseName.Name
            places.append(_Place(node_id, f"{parent.path}/{name}" if parent.path else str(name), reference))
        return places


def _is_property(reference: Any) -> bool:
    kind = reference.ReferenceTypeId
    return bool(kind.NamespaceIndex == 0 and kind.Identifier in _PROPERTIES)


def _is_server(node_id: Any) -> bool:
    return bool(node_id.NamespaceIndex == 0 and node_id.Identifier == ua.ObjectIds.Server)


async def _children(link: PacedLink, parents: Sequence[_Place]) -> list[list[Any]]:
    """The references of each node."""
    if not parents:
        return []
    request = ua.BrowseRequest()
    request.Parameters.RequestedMaxReferencesPerNode = _REFERENCES_PER_NODE
    for place in parents:
        wanted = ua.BrowseDescription()
        wanted.NodeId = place.node_id
        wanted.BrowseDirection = ua.BrowseDirection.Forward
        wanted.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
        wanted.IncludeSubtypes = True
        wanted.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
        wanted.ResultMask = ua.BrowseResultMask.All
        request.Parameters.NodesToBrowse.append(wanted)
    response = await link.call(request, ua.BrowseResponse)
    return [await _all_pages(link, result) for result in response.Results]


async def _all_pages(link: PacedLink, result: Any) -> list[Any]:
    """All references of a node; pages that bring nothing new end it, and their continuation point is given back."""
    references = {_key(reference): reference for reference in result.References or ()}
    for _ in range(_MOST_PAGES):
        if not result.ContinuationPoint:
            return list(references.values())
        before = len(references)
        result = await _next_page(link, result.ContinuationPoint, release=False)
        references.update((_key(reference), reference) for reference in result.References or ())
        if len(references) == before:
            break
    if result.ContinuationPoint:
        await _next_page(link, result.ContinuationPoint, release=True)
    return list(references.values())


async def _next_page(link: PacedLink, continuation: bytes, *, release: bool) -> Any:
    request = ua.BrowseNextRequest()
    request.Parameters.ReleaseContinuationPoints = release
    request.Parameters.ContinuationPoints = [continuation]
    response = await link.call(request, ua.BrowseNextResponse)
    return response.Parameters.Results[0]


def _key(reference: Any) -> tuple[Any, Any]:
    return reference.NodeId, reference.ReferenceTypeId
