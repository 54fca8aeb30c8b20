"""The files of code targets as a commit has them, read from git's objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import finalize

from reconciler.cron import instant
from reconciler.deploy.opening import NoRepositoryError, open_repository
from reconciler.deploy.revisions import path_in_commits
from reconciler.manifest import CodeTarget, Schedule
from reconciler.manifest.calendar import CalendarFile
from reconciler.manifest.code_files import TreeFiles
from reconciler.manifest.code_reader import CodeReader

if TYPE_CHECKING:
    from git import Repo

_FILES: Final = frozenset({"100644", "100755"})
"""Modes of ordinary files: links and submodules are not read."""


class CommitFiles:
    """See :class:`~reconciler.manifest.code_files.CodeFiles`."""

    def __init__(self, root: Path, commit: str) -> None:
        """Args: the folder of the settings, and the commit's full id."""
        self._root = root
        self._commit = commit

    @property
    def place(self) -> str:
        """See :class:`~reconciler.manifest.code_files.CodeFiles`."""
        return f"commit {self._commit[:12]}"

    @cached_property
    def year(self) -> int:
        """See :class:`~reconciler.manifest.code_files.CodeFiles`; in UTC."""
        return instant(self._repository.commit(self._commit).committed_date // 60).year

    def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.manifest.code_files.CodeFiles`.

        Raises:
            ReconcileError: git cannot be read.
        """
        found = self._blobs.get(path)
        if found is None:
            return None
        # One process of git serves all reads.
        content: bytes = self._repository.git.get_object_data(found)[3]
        return content

    def paths(self) -> Iterable[str]:
        """See :class:`~reconciler.manifest.code_files.CodeFiles`."""
        return self._blobs

    @cached_property
    def _repository(self) -> Repo:
        stack = ExitStack()
        finalize(self, stack.close)
        return stack.enter_context(open_repository(self._root))

    @cached_property
    def _blobs(self) -> Mapping[str, str]:
        repo = self._repository
        folder = path_in_commits(repo, self._root, ".").as_posix()
        below = () if folder == "." else ("--", f"{folder}/")
        listed: bytes = repo.git.ls_tree(
            "-r", "-z", "--full-tree", self._commit, *below, stdout_as_string=False
        )
        found = {}
        for entry in listed.split(b"\0"):
            about, _, path = entry.partition(b"\t")
            if about[:6].decode() not in _FILES:
                continue
            name = path.decode("utf-8", "surrogateescape")
            inside = name if folder == "." else name.removeprefix(f"{folder}/")
            found[inside] = about.split(b" ")[2].decode()
        return found


def uncommitted_code(
    schedules: Iterable[Schedule], reader: CodeReader | None, root: Path
) -> Iterator[str]:
    """A warning for each calendar or file of code that differs in the work tree from the commit.

    Args:
        reader: what has read them; of the work tree itself nothing differs.
        root: the folder of the settings.
    """
    if reader is None or not isinstance(reader.files, CommitFiles):
        return
    tree, place, seen = TreeFiles(root, reader.files.year), reader.files.place, set[str]()
    for schedule in schedules:
        for path, content in _read_for(schedule, reader):
            if path in seen:
                continue
            seen.add(path)
            found = tree.read(path)
            if found is not None and _lines(found) != _lines(content or b""):
                yield (
                    f"{path} differs from {place}, and what the commit has is deployed; "
                    "commit it to deploy it"
                )


def _lines(content: bytes) -> bytes:
    """The content without what git may change of line ends in a checkout."""
    return content.replace(b"\r\n", b"\n")


def _read_for(schedule: Schedule, reader: CodeReader) -> Iterator[tuple[str, bytes | None]]:
    for calendar in schedule.calendars:
        if isinstance(calendar.source, CalendarFile):
            yield calendar.source.path, reader.files.read(calendar.source.path)
    if isinstance(schedule.target, CodeTarget):
        for file in reader.sources(schedule.target):
            yield file.path, file.content


def head_of(root: Path) -> str | None:
    """The commit that is checked out; None outside git, and before the first commit."""
    try:
        with open_repository(root) as repo:
            return repo.head.commit.hexsha if repo.head.is_valid() else None
    except NoRepositoryError:
        return None
