"""What counts as never leaving the machine."""

from __future__ import annotations

import pytest
from ovoo_contract.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_the_machine_itself(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "historian", "localhost.example", "1.127.0.0", "0.0.0.0", "::"])
def test_whatever_a_network_carries(host: str) -> None:
    assert not is_loopback(host)
