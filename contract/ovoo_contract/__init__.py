"""What gateway, cloud, stores and reports agree on: samples, quality, units, addresses, wire, delivery, evidence.

Standard library only. Modules: address, canonical, catalogue, completeness, delivery, errors, evidence, figures,
findings, gateway_config, hour_sums, line_protocol, quality, ranges, samples, schema, topics, units, wire.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ovoo_contract.address import Address, AssetAddress, check_gateway_id
    from ovoo_contract.canonical import canonical_json, sha256_hex
    from ovoo_contract.catalogue import Catalogue, SignalEntry
    from ovoo_contract.delivery import Ack, EventEnvelope, GatewayState, Rejection, Request
    from ovoo_contract.errors import OvooError
    from ovoo_contract.evidence import Evidence, EvidenceDescriptor, hash_samples
    from ovoo_contract.figures import figure, mean, total
    from ovoo_contract.findings import Finding
    from ovoo_contract.line_protocol import LineEncoder, encode_point
    from ovoo_contract.ranges import SeqRanges
    from ovoo_contract.samples import Deduped, SampleBatch, encode_value
    from ovoo_contract.units import Unit, convert, unit
    from ovoo_contract.wire import BatchHeader, decode_batch, encode_batch, peek_header

__all__ = [
    "Ack",
    "Address",
    "AssetAddress",
    "BatchHeader",
    "Catalogue",
    "Deduped",
    "EventEnvelope",
    "Evidence",
    "EvidenceDescriptor",
    "Finding",
    "GatewayState",
    "LineEncoder",
    "OvooError",
    "Rejection",
    "Request",
    "SampleBatch",
    "SeqRanges",
    "SignalEntry",
    "Unit",
    "canonical_json",
    "check_gateway_id",
    "convert",
    "decode_batch",
    "encode_batch",
    "encode_point",
    "encode_value",
    "figure",
    "hash_samples",
    "mean",
    "peek_header",
    "sha256_hex",
    "total",
    "unit",
]

_NAMES: Final = {
    "address": (
        "Address",
        "AssetAddress",
        "check_gateway_id",
    ),
    "canonical": (
        "canonical_json",
        "sha256_hex",
    ),
    "catalogue": (
        "Catalogue",
        "SignalEntry",
    ),
    "delivery": (
        "Ack",
        "EventEnvelope",
        "GatewayState",
        "Rejection",
        "Request",
    ),
    "errors": ("OvooError",),
    "evidence": (
        "Evidence",
        "EvidenceDescriptor",
        "hash_samples",
    ),
    "figures": (
        "figure",
        "mean",
        "total",
    ),
    "findings": ("Finding",),
    "line_protocol": (
        "LineEncoder",
        "encode_point",
    ),
    "ranges": ("SeqRanges",),
    "samples": (
        "Deduped",
        "SampleBatch",
        "encode_value",
    ),
    "units": (
        "Unit",
        "convert",
        "unit",
    ),
    "wire": (
        "BatchHeader",
        "decode_batch",
        "encode_batch",
        "peek_header",
    ),
}
"""Module -> what it gives to this package; it is imported when first asked for: a gateway needs few of them."""
_HOMES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
