"""What a server allows in one call: the least of its own OperationLimits, its make's profile and the setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ovoo_edge.sources.load_budget import Kind, LoadBudget, LoadLimits
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua
from ovoo_edge.sources.vendor_profile import ServerIdentity, VendorProfile, load_profiles, recognise

__all__ = ["ServerFacts", "first_limits", "learn_limits", "limits_of", "read_server_facts"]

_IDS = ua.ObjectIds
_LIMITS = "Server_ServerCapabilities_OperationLimits_"
_FACTS: tuple[int, ...] = (
    _IDS.Server_ServerStatus_BuildInfo_ManufacturerName,
    _IDS.Server_ServerStatus_BuildInfo_ProductName,
    _IDS.Server_ServerStatus_BuildInfo_ProductUri,
    _IDS.Server_ServerArray,
    getattr(_IDS, _LIMITS + "MaxNodesPerBrowse"),
    getattr(_IDS, _LIMITS + "MaxNodesPerRead"),
    getattr(_IDS, _LIMITS + "MaxMonitoredItemsPerCall"),
    getattr(_IDS, _LIMITS + "MaxNodesPerHistoryReadData"),
    _IDS.HistoryServerCapabilities_MaxReturnDataValues,
)
_LIMIT_KINDS: tuple[Kind, ...] = ("browse", "read", "subscribe", "history")


class Caller(Protocol):
    """A link, as far as this module needs it."""

    async def call(self, request: Any, response_type: type[Any]) -> Any:
        """Sends a request and returns the response."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says about itself.

    Attributes:
        identity: its names.
        items: limits it reports, by kind; kinds without a limit are absent.
        history_values: values of one node that it returns at most in one answer, 0 = not said.
    """

    identity: ServerIdentity
    items: Mapping[Kind, int]
    history_values: int = 0


async def read_server_facts(link: Caller) -> ServerFacts:
    """Asks once; what a server does not have counts as not limited."""
    request = ua.ReadRequest()
    for identifier in _FACTS:
        item = ua.ReadValueId()
        item.NodeId = ua.NodeId(identifier)
        item.AttributeId = ua.AttributeIds.Value
        request.Parameters.NodesToRead.append(item)
    response = await link.call(request, ua.ReadResponse)
    values = [result.Value.Value if result.Value is not None else None for result in response.Results]
    manufacturer, product, uri, servers = values[:4]
    uris = [uri, *servers] if isinstance(servers, list) else [uri]
    identity = ServerIdentity(_text(manufacturer), _text(product), tuple(_text(each) for each in uris if each))
    items = {kind: _count(value) for kind, value in zip(_LIMIT_KINDS, values[4:8], strict=True) if _count(value)}
    return ServerFacts(identity, items, _count(values[8]))


def limits_of(settings: OpcUaSettings, facts: ServerFacts, profile: VendorProfile | None) -> LoadLimits:
    """The least of the server's limit, the profile's and the setting, for every kind."""
    items: dict[Kind, int] = {}
    for kind in _LIMIT_KINDS:
        known = [settings.max_items_per_call, facts.items.get(kind, 0), profile.items.get(kind, 0) if profile else 0]
        items[kind] = min(figure for figure in known if figure > 0)
    return LoadLimits(settings.requests_per_s, items=items)


def first_limits(settings: OpcUaSettings) -> LoadLimits:
    """What holds until the server was asked: no more in a call than any known server bears."""
    least = min(figure for profile in load_profiles() for figure in profile.items.values())
    items: dict[Kind, int] = dict.fromkeys(_LIMIT_KINDS, min(least, settings.max_items_per_call))
    return LoadLimits(settings.requests_per_s, items=items)


async def learn_limits(
    link: Caller, settings: OpcUaSettings, budget: LoadBudget, profiles: Sequence[VendorProfile]
) -> tuple[ServerFacts, VendorProfile | None]:
    """Asks the server and sets the budget accordingly; gives what was learned and whose profile applies."""
    facts = await read_server_facts(link)
    profile = recognise(facts.identity, profiles)
    budget.tighten(limits_of(settings, facts, profile))
    return facts, profile


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
