"""What a source must not forget outlives a file system that fails into read-only and is repaired, on a real ext4."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from ovoo_edge.sources.state_file import StateFile

from tests.servers.process import ServerUnavailable
from tests.system.chaos.volume import Volume, VolumeRefused

pytestmark = [pytest.mark.system]


@pytest.fixture
def volume(tmp_path: pathlib.Path) -> Iterator[Volume]:
    disk = Volume(tmp_path / "disk", 16)
    try:
        disk.open()
    except (VolumeRefused, ServerUnavailable) as error:
        pytest.skip(f"mounting is not allowed here: {error}")
    yield disk
    disk.close()


def test_what_was_saved_for_good_is_there_after_the_file_system_failed(volume: Volume) -> None:
    file = StateFile("plc.session.json", volume.mount)
    file.save({"subscription": 1})
    file.save({"subscription": 2}, durable=True)

    volume.fail_read_only()
    volume.repair()

    assert file.load() == {"subscription": 2}


def test_the_spare_goes_only_when_the_disk_has_the_state_for_good(volume: Volume, tmp_path: pathlib.Path) -> None:
    """Found by the chaos harness: a disk that failed twice brought an old file back after the spare was gone."""
    file = StateFile("plc.session.json", volume.mount, tmp_path / "memory")
    file.save({"subscription": 1}, durable=True)
    volume.fail_read_only()
    file.save({"subscription": 2})
    volume.repair()
    assert file.load() == {"subscription": 2}, "from the spare"

    file.save({"subscription": 3})
    volume.fail_read_only()
    volume.repair()

    assert file.load() == {"subscription": 3}
    assert not list((tmp_path / "memory").iterdir())
