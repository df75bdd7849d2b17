"""Names and types of the stores."""

from __future__ import annotations

import pytest
from ovoo_contract import schema
from ovoo_contract.errors import AddressError


def test_no_tag_key_is_named_tag() -> None:
    assert all("tag" not in measurement.tags for measurement in schema.MEASUREMENTS.values())


def test_the_published_names() -> None:
    assert {name: (item.tags, tuple(item.fields)) for name, item in schema.MEASUREMENTS.items()} == {
        "telemetry": (("site", "asset", "signal"), ("value", "quality", "text")),
        "telemetry_1m": (("site", "asset", "signal"), ("count", "good", "min", "max", "mean", "last")),
        "score": (("site", "asset", "model"), ("score", "limit", "state")),
        "energy": (("site", "asset"), ("energy_kwh", "power_kw", "state", "cost", "carbon")),
        "gateway": (("gateway",), ("backlog", "at_risk_s", "buffer_h", "cpu", "rss_mb", "offset_ms")),
    }


def test_every_field_an_entry_may_write_is_a_float_and_counts_are_integers() -> None:
    for name, fields in schema.ROLE_FIELDS.items():
        for field in fields:
            is_count = name == "telemetry_1m" and field in ("count", "good")
            assert schema.MEASUREMENTS[name].fields[field] == ("int" if is_count else "float"), (name, field)


def test_a_database_belongs_to_one_enterprise() -> None:
    assert schema.database_name("heishan-coal") == "ovoo_heishan-coal"
    with pytest.raises(AddressError, match="enterprise"):
        schema.database_name('x"; drop')
