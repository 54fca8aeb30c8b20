"""Renames in the commits between the live one and the planned one, read from git's objects.

Only manifests that a commit changed and that name an earlier name are read. A manifest that cannot
be read is passed over, and the number of commits and bytes is bounded: what is missing then is no
error, since a plan warns of an earlier name that leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import open_repository
from reconciler.deploy.revisions import path_in_commits
from reconciler.errors import ReconcileError
from reconciler.manifest import is_manifest
from reconciler.manifest.limits import MAX_FILE_BYTES
from reconciler.manifest.renames import earlier_names
from reconciler.plan.past import Past, Step

if TYPE_CHECKING:
    from git import Repo

COMMITS: Final = 500
"""Commits that are read in each direction, the newest ones, of those that change a manifest."""
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
            reading = _Reading(repo, below, environment, BYTES)
            since = tuple(reading.steps(live, commit))
            undone = tuple(reading.steps(commit, live))[::-1]
            return Past(since, undone, reading.gap)
    except ReconcileError as error:
        return Past(gap=f"the commits since the live one are not known: {error.what}")


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
class _Reading:
    """One reading of both directions.

    Attributes:
        left: bytes that may still be read.
        gap: why there may be more renames, empty when there are not.
        known: what documents say that were read before.
    """

    repo: Repo
    folder: PurePosixPath
    environment: str
    left: int
    gap: str = ""
    known: dict[bytes, tuple[tuple[str, tuple[str, ...]], ...]] = field(default_factory=dict)

    def steps(self, without: str, commit: str) -> Iterator[Step]:
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
                yield Step(commit_id, name, formerly)

    def changed(self, without: str, commit: str) -> Iterator[tuple[str, str | None]]:
        """Each commit, and after it the ids of the manifests that it has written."""
        folder = f":(top,literal){self.folder}" if self.folder.parts else ":(top)"
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
            folder,
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
        return path.removeprefix(f"{self.folder}/") if self.folder.parts else path

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
