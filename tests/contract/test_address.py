"""Addresses and gateway ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import Address, AssetAddress, check_gateway_id
from ovoo_contract.errors import AddressError

from tests.contract.strategies import QUICK, gateways, segments


@QUICK
@given(st.tuples(segments, segments, segments, segments, segments, segments))
def test_an_address_reads_back(parts: tuple[str, str, str, str, str, str]) -> None:
    address = Address(*parts)

    assert Address.parse(str(address)) == address
    assert str(address) == "/".join(parts)
    assert AssetAddress.parse(str(address.asset_address)).signal(address.signal) == address
    assert address.asset_path == address.asset_address.path == "/".join(parts[2:5])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b/c/d/e",
        "a/b/c/d/e/f/g",
        "a/b/c/d/e/",
        "A/b/c/d/e/f",
        "a/b/c/d/e/f\n",
        "a/b/c/d/e/功率",
        f"a/b/c/d/e/{'x' * 64}",
        "a/b/+/d/e/f",
    ],
)
def test_an_illegal_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


def test_the_message_names_the_part() -> None:
    with pytest.raises(AddressError, match=r"line: not a legal address part \(got 'D'; use 1 to 63 of a-z"):
        Address.parse("a/b/c/D/e/f")
    with pytest.raises(AddressError, match="an address is text"):
        Address.parse(None)  # type: ignore[arg-type]


@QUICK
@given(gateways)
def test_a_legal_gateway_id_is_given_back(name: str) -> None:
    assert check_gateway_id(name) == name


@pytest.mark.parametrize("name", ["", "ab", "-ab", "Gw1", "gw_1", "gw1\n", "g" * 64, "网关1"])
def test_an_illegal_gateway_id_is_refused(name: str) -> None:
    with pytest.raises(AddressError, match="not a legal gateway id"):
        check_gateway_id(name)
