"""What a server says about its variables: names in two languages, type, unit, range, access and current value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_edge.sources.opcua_paced import PacedLink
from ovoo_edge.sources.ua_api import ua

__all__ = ["BrowsedNode", "FoundVariable", "describe"]

_ATTRIBUTES = (
    ua.AttributeIds.DataType,
    ua.AttributeIds.Value,
    ua.AttributeIds.UserAccessLevel,
    ua.AttributeIds.Description,
    ua.AttributeIds.DisplayName,
)
_UNIT_PROPERTY = "EngineeringUnits"
_RANGE_PROPERTIES = ("EURange", "InstrumentRange")
_VALUE_LENGTH = 80
_CJK = ("\u3400", "\u9fff")


@dataclass(frozen=True, slots=True)
class FoundVariable:
    """A variable met while browsing: its reference, its path and the references of its properties."""

    reference: Any
    path: str
    properties: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class BrowsedNode:
    """A variable of the server.

    Attributes:
        node: `nsu=<uri>;s=<name>`, as the signal list wants it.
        path: display names from the root, joined by "/".
        name: its own display name.
        data_type: name of its data type, empty where it is not a standard one.
        value: what it holds now, as text, cut at 80 characters.
        name_zh, name_en: its name in Chinese and in English, empty where the server has none.
        description: what the server says about it.
        unit: engineering unit as the server writes it, empty where it has none.
        low, high: engineering range, None where it has none.
        access: "read", "read write", each with " history" where history can be read; "none".
    """

    node: str
    path: str
    name: str
    data_type: str
    value: str
    name_zh: str = ""
    name_en: str = ""
    description: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    access: str = "read"


async def describe(link: PacedLink, variables: Sequence[FoundVariable], namespaces: Sequence[str]) -> list[BrowsedNode]:
    """The variables with their attributes and properties; the session's language is that of the second name."""
    request = ua.ReadRequest()
    for found in variables:
        for attribute in _ATTRIBUTES:
            request.Parameters.NodesToRead.append(_item(found.reference.NodeId, attribute))
        for reference in _wanted(found):
            request.Parameters.NodesToRead.append(_item(reference.NodeId, ua.AttributeIds.Value))
    if not variables:
        return []
    response = await link.call(request, ua.ReadResponse)
    values = iter([result.Value.Value if result.Value is not None else None for result in response.Results])
    nodes: list[BrowsedNode] = []
    for found in variables:
        attributes = [next(values) for _ in _ATTRIBUTES]
        properties = {reference.BrowseName.Name: next(values) for reference in _wanted(found)}
        nodes.append(_node(found, attributes, properties, namespaces))
    return nodes


def _wanted(found: FoundVariable) -> list[Any]:
    names = (_UNIT_PROPERTY, *_RANGE_PROPERTIES)
    return [item for item in found.properties if item.BrowseName.Name in names]


def _item(node_id: Any, attribute: int) -> Any:
    item = ua.ReadValueId()
    item.NodeId = node_id
    item.AttributeId = attribute
    return item


def _node(
    found: FoundVariable, attributes: Sequence[Any], properties: dict[str, Any], namespaces: Sequence[str]
) -> BrowsedNode:
    data_type, value, access, description, display = attributes
    first = str(found.reference.DisplayName.Text or found.reference.BrowseName.Name)
    name_zh, name_en = _names(first, _text(display))
    low, high = _range(properties)
    return BrowsedNode(
        _node_text(found.reference.NodeId, namespaces),
        found.path,
        first,
        _type_name(data_type),
        str(value)[:_VALUE_LENGTH],
        name_zh,
        name_en,
        _text(description),
        _unit(properties.get(_UNIT_PROPERTY)),
        low,
        high,
        _access(access),
    )


def _names(first: str, second: str) -> tuple[str, str]:
    """(Chinese, English): by language where the server has two texts, by script where it has one."""
    if second and second != first:
        return first, second
    chinese = any(_CJK[0] <= letter <= _CJK[1] for letter in first)
    return (first, "") if chinese else ("", first)


def _range(properties: dict[str, Any]) -> tuple[float | None, float | None]:
    for name in _RANGE_PROPERTIES:
        low, high = getattr(properties.get(name), "Low", None), getattr(properties.get(name), "High", None)
        if isinstance(low, float) and isinstance(high, float) and low < high:
            return low, high
    return None, None


def _unit(information: Any) -> str:
    return _text(getattr(information, "DisplayName", None)) or _text(getattr(information, "Description", None))


def _text(text: Any) -> str:
    return str(getattr(text, "Text", None) or "")


def _access(level: Any) -> str:
    if not isinstance(level, int):
        return "read"
    words = [word for bit, word in ((1, "read"), (2, "write"), (4, "history")) if level & bit]
    return " ".join(words) or "none"


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
