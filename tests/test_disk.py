"""Files are written whole or not at all, and a disk that cannot take them is named."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.disk import DiskError, disk_problem, write_whole

LIMIT = 4096


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow beyond a few kilobytes: the system then refuses what does not fit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("before", [None, b"what was there"])
def test_a_file_that_does_not_fit_leaves_the_old_file_and_no_partial_one(
    tmp_path: Path, before: bytes | None
) -> None:
    path = tmp_path / "plan.json"
    if before is not None:
        path.write_bytes(before)
    with small_files(), pytest.raises(DiskError) as caught:
        write_whole(path, b"x" * 2 * LIMIT)
    assert str(caught.value) == (
        f"{path}: cannot be written: the file would be larger than is allowed\n"
        "  Free some space or choose another place, then try again. No partial file was left."
    )
    left = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert left == ({} if before is None else {"plan.json": before})


def test_a_folder_that_is_not_there_is_no_matter_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="cannot be written: no such file or directory"):
        write_whole(tmp_path / "gone" / "plan.json", b"x")


def test_a_link_is_followed_and_the_mode_of_a_file_is_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o600)
    link.symlink_to(file)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)


def test_a_path_that_is_not_a_regular_file_is_written_to_directly() -> None:
    program = (
        "from pathlib import Path; from reconciler.disk import write_whole; "
        "write_whole(Path('/dev/stdout'), b'calendar')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "calendar"


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOSPC, "no space is left on the disk"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EIO, "the disk failed to read or write"),
        (errno.EMFILE, "this process has too many files open"),
        (errno.ENOENT, None),
    ],
)
def test_each_problem_of_a_disk_has_its_name(number: int, problem: str | None) -> None:
    assert disk_problem(OSError(number, "")) == problem
