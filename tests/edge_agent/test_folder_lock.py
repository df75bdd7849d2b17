"""Two agents never share a folder."""

from __future__ import annotations

import os
import pathlib

import pytest
from ovoo_contract.errors import SpoolError
from ovoo_edge.folder_lock import FolderLock


def test_the_second_agent_is_told_who_is_first(tmp_path: pathlib.Path) -> None:
    with FolderLock(tmp_path / "state"), pytest.raises(SpoolError) as caught, FolderLock(tmp_path / "state"):
        pass

    text = str(caught.value)
    assert "another gateway agent uses this folder" in text
    assert f"process {os.getpid()}" in text
    assert "state_dir of its own" in text


def test_the_folder_is_free_again_afterwards(tmp_path: pathlib.Path) -> None:
    with FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
