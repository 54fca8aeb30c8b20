"""Renames in the commits between the live one and the planned one, read from git's objects.

Only manifests that a commit changed and that name an earlier name are read. A folder that was moved
is followed, as far as git takes its files for renamed ones. A manifest that cannot be read is
passed over, and the number of commits and bytes is bounded: what is missing then is no error, since
a plan warns of an earlier name that leads nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import open_repository
from reconciler.deploy.revisions import path_in_commits
from reconciler.errors import ReconcileError
from reconciler.manifest import is_manifest
from reconciler.manifest.formerly import earlier_names
from reconciler.manifest.size_limits import MAX_FILE_BYTES
from reconciler.plan.past import Past, RenameStep

if TYPE_CHECKING:
    from git import Commit, Repo

COMMITS: Final = 500
"""Commits that are read in each direction, the newest ones, of those that change a manifest."""
FOLDERS: Final = 10
"""Folders in which manifests are looked for: the planned one, and those from which it was moved."""
BYTES: Final = 32 * 1024 * 1024
"""Bytes of manifests that are read in all."""
_FORMERLY: Final = b"formerly"
_DOCUMENT: Final = re.compile(rb"^---(?=\s|\Z)", re.MULTILINE)
"""Where a document of a file begins."""
_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def read_renames(root: Path, folder: Path, environment: str, commit: str, live: str) -> Past:
    """What the commits that only one of two has say of renames.

    Args:
        root: the folder that holds the settings.
        folder: that of the manifests.
        commit: the one that is planned, full id.
        live: the one that is live, as the pointer has it.
    """
    try:
        with open_repository(root) as repo:
            below = path_in_commits(repo, root, str(folder))
            gap = _unknown(repo, commit, live)
            if gap:
                return Past(gap=gap)
            folders = _folders(repo, below, commit, live)
            reading = _HistoryReading(repo, folders, environment, BYTES)
            if not any(_exists(repo.commit(live), folder) for folder in folders):
                reading.gap = (
                    f"the manifests were in another folder than {below} at the live commit "
                    f"{live[:12]}, and git does not show in which"
                )
            since = tuple(reading.steps(live, commit))
            undone = tuple(reading.steps(commit, live))[::-1]
            return Past(since, undone, reading.gap)
    except ReconcileError as error:
        return Past(gap=f"the commits since the live one are not known: {error.what}")


def _folders(
    repo: Repo, folder: PurePosixPath, commit: str, live: str
) -> tuple[PurePosixPath, ...]:
    """The planned folder of manifests, and those that it was between two commits."""
    found = [folder]
    for one in found:
        if not one.parts:
            continue
        for range_ in (f"{live}..{commit}", f"{commit}..{live}"):
            touching = repo.git.log(
                "--format=%H",
                "--topo-order",
                "--no-show-signature",
                f"--max-count={COMMITS}",
                range_,
                "--",
                f":(top,literal){one}",
            )
            for commit_id in touching.split():
                other = _moved(repo.commit(commit_id), one)
                if other is not None and other not in found and len(found) < FOLDERS:
                    found.append(other)
    return tuple(found)


def _exists(commit: Commit, folder: PurePosixPath) -> bool:
    try:
        return not folder.parts or bool(commit.tree / str(folder))
    except KeyError:
        return False


def _moved(commit: Commit, folder: PurePosixPath) -> PurePosixPath | None:
    """From or to where a commit moved a folder; None when it did not."""
    is_there = _exists(commit, folder)
    for parent in commit.parents:
        if _exists(parent, folder) == is_there:
            continue
        listed: bytes = commit.repo.git.diff_tree(
            *("-r", "-z", "-M", "--diff-filter=R", "--name-status", "--no-commit-id"),
            parent.hexsha,
            commit.hexsha,
            stdout_as_string=False,
        )
        paths = [path.decode("utf-8", "replace") for path in listed.split(b"\0")]
        votes: Counter[PurePosixPath] = Counter()
        for old, new in zip(paths[1::3], paths[2::3], strict=False):
            inside, outside = map(PurePosixPath, (new, old) if is_there else (old, new))
            if inside.is_relative_to(folder):
                below = inside.relative_to(folder).parts
                whole = outside.parts[-len(below) :] == below
                votes[outside.parents[len(below) - 1] if whole else outside.parent] += 1
        if votes:
            return votes.most_common(1)[0][0]
    return None


def _unknown(repo: Repo, commit: str, live: str) -> str:
    """Why the commits between are not known; empty when they are."""
    shallow = repo.git.rev_parse("--is-shallow-repository") == "true"
    why = "this clone is shallow" if shallow else "it is not in this clone"
    if not _is(repo, "cat-file", "-e", f"{live}^{{commit}}") or not _ID.fullmatch(live):
        return f"the commits since the live commit {live[:12]} are not known: {why}"
    if shallow and not (
        _is(repo, "merge-base", "--is-ancestor", live, commit)
        or _is(repo, "merge-base", "--is-ancestor", commit, live)
    ):
        return f"the commits since the live commit {live[:12]} are not known: {why}"
    return ""


def _is(repo: Repo, command: str, *arguments: str) -> bool:
    status, _out, _error = repo.git.execute(
        ["git", command, *arguments], with_extended_output=True, with_exceptions=False
    )
    return status == 0


@dataclass
class _HistoryReading:
    """One reading of both directions.

    Attributes:
        left: bytes that may still be read.
        gap: why there may be more renames, empty when there are not.
        folders: of manifests, in the commits of the repository.
        known: what documents say that were read before.
    """

    repo: Repo
    folders: tuple[PurePosixPath, ...]
    environment: str
    left: int
    gap: str = ""
    known: dict[bytes, tuple[tuple[str, tuple[str, ...]], ...]] = field(default_factory=dict)

    def steps(self, without: str, commit: str) -> Iterator[RenameStep]:
        """The renames of the commits that one has and another one lacks, newest first."""
        commits = 0
        for commit_id, blob in self.changed(without, commit):
            if blob is None:
                commits += 1
                if commits > COMMITS:
                    self.gap = f"only the newest {COMMITS} commits that change manifests were read"
                    return
                continue
            for name, formerly in self.renames(blob):
                yield RenameStep(commit_id, name, formerly)

    def changed(self, without: str, commit: str) -> Iterator[tuple[str, str | None]]:
        """Each commit, and after it the ids of the manifests that it has written."""
        folders = (
            f":(top,literal){folder}" if folder.parts else ":(top)" for folder in self.folders
        )
        listed: bytes = self.repo.git.log(
            "-z",
            "--topo-order",
            "--format=%H",
            "--no-show-signature",
            "--raw",
            "-c",  # of a merge, only what is as in none of its parents
            "--no-abbrev",
            "--no-renames",
            f"--max-count={COMMITS + 1}",
            f"{without}..{commit}",
            "--",
            *folders,
            stdout_as_string=False,
        )
        commit_id = ""
        fields = iter(listed.split(b"\0"))
        for one in fields:
            text = one.strip().decode("ascii", "replace")
            if not text.startswith(":"):
                if text:
                    commit_id = text
                    yield commit_id, None
                continue
            path = next(fields, b"").decode("utf-8", "replace")
            sides = text.count(":") + 1
            modes, ids = text.lstrip(":").split(" ")[:sides], text.split(" ")[sides : 2 * sides]
            if modes[-1].startswith("100") and is_manifest(self.relative(path)):
                yield commit_id, ids[-1]

    def relative(self, path: str) -> str:
        """A path below the innermost of the folders that hold it."""
        found = PurePosixPath(path)
        holding = [folder for folder in self.folders if found.is_relative_to(folder)]
        inner = max(holding, key=lambda folder: len(folder.parts))
        return str(found.relative_to(inner))

    def renames(self, blob: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The schedules to which a manifest gives earlier names."""
        from git.exc import ODBError

        try:
            stream = self.repo.odb.stream(bytes.fromhex(blob))
            if stream.size > MAX_FILE_BYTES:
                return
            if stream.size > self.left:
                self.gap = f"only {BYTES // 2**20} MiB of manifests were read"
                return
            self.left -= stream.size
            content = stream.read()
        except (ValueError, ODBError, OSError):  # a partial clone has not every file
            self.gap = "a manifest of the commits between is not in this clone"
            return
        for document in _DOCUMENT.split(content):
            # Files of many schedules change often, and few of their documents name an earlier one.
            if _FORMERLY in document:
                if document not in self.known:
                    self.known[document] = tuple(earlier_names(document, self.environment))
                yield from self.known[document]
