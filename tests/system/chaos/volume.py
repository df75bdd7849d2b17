"""A small ext4 disk of a process's own, in memory, that can be filled, fail into read-only, and be repaired."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile

from tests.servers.process import ServerUnavailable, find_program

__all__ = ["Volume", "VolumeRefused", "volumes_work"]

_MEMORY = pathlib.Path("/dev/shm")


class VolumeRefused(RuntimeError):
    """Mounting, filling or repairing failed; the message holds what the program said."""


class Volume:
    """A loop-mounted image.

    Args:
        mount: folder it appears at, made if absent.
        size_mib: of the image, >= 16.
    """

    def __init__(self, mount: pathlib.Path, size_mib: int) -> None:
        self.mount = mount
        self._size_mib = size_mib
        self._filler = mount / "filler"
        self._image = pathlib.Path()

    def open(self) -> None:
        """Makes the image and mounts it; raises VolumeRefused where this is not allowed."""
        self.mount.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="ovoo-chaos-", suffix=".img", dir=_MEMORY if _MEMORY.is_dir() else None)
        os.ftruncate(handle, self._size_mib << 20)
        os.close(handle)
        self._image = pathlib.Path(name)
        try:
            _run("mkfs.ext4", "-q", "-F", "-m", "0", name)
            self._attach()
        except (VolumeRefused, ServerUnavailable):
            self._image.unlink()
            raise

    def close(self) -> None:
        """Unmounts and removes the image."""
        _run("umount", str(self.mount))
        self._image.unlink(missing_ok=True)

    def fill(self) -> None:
        """Takes all free space, as another program's log would."""
        with self._filler.open("wb") as file:
            while (free := shutil.disk_usage(self.mount).free) > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), min(free, 1 << 20))
                except OSError:
                    if free < 1 << 12:
                        return
                    _take_rest(file.fileno())
                    return

    def empty(self) -> None:
        """Gives the space back, for good: a failure right after it must not bring the file back."""
        self._filler.unlink(missing_ok=True)
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def fail_read_only(self) -> None:
        """What ext4 does after an I/O error: the file system is read-only at once, open files included."""
        _run("mount", "-o", "remount,abort", str(self.mount))

    def repair(self) -> None:
        """Unmounts, checks and mounts again; nobody may use it meanwhile."""
        _run("umount", str(self.mount))
        _run("e2fsck", "-fy", str(self._image), codes=(0, 1))
        self._attach()

    def _attach(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.mount))


def volumes_work(folder: pathlib.Path) -> str:
    """Empty when a volume can be made here, else why not."""
    trial = Volume(folder / "trial-volume", 16)
    try:
        trial.open()
        trial.close()
    except (VolumeRefused, ServerUnavailable) as error:
        return str(error)
    return ""


def _take_rest(file: int) -> None:
    """The last blocks, one by one: a large allocation fails where a small one still succeeds."""
    try:
        while True:
            os.posix_fallocate(file, os.fstat(file).st_size, 1024)
    except OSError:
        return


def _run(program: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
    command = [find_program(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode not in codes:
        raise VolumeRefused(
            f"{program} ended with code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
