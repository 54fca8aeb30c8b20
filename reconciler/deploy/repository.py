"""What git says about the repository that holds the manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.deploy.checkout import require_whole
from reconciler.deploy.opening import NoRepositoryError, open_repository, top_of
from reconciler.errors import ReconcileError
from reconciler.manifest import is_manifest
from reconciler.manifest.settings_file import SETTINGS_FILE

if TYPE_CHECKING:
    from git import Repo


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the repository stands.

    Attributes:
        commit: the full id of HEAD, None outside git and before the first commit.
        author: who wrote that commit, None where there is none.
        dirty: whether files differ from that commit. Untracked ones count in the manifests' folder,
            and so do settings and manifests that git ignores: they are read all the same. A folder
            outside the repository is in no commit.
    """

    commit: str | None
    dirty: bool
    author: str | None = None


def read_revision(root: Path, schedules: Path, *, whole: bool = True) -> Revision:
    """Ask git.

    Args:
        root: the folder in the repository that holds the settings.
        schedules: the folder of the manifests.
        whole: whether the checkout is read, and so has to be what the commit holds.

    Raises:
        IncompleteCheckoutError: it is not, and git does not show that.
        ReconcileError: git refuses to read the repository, or it has no checkout.
    """
    try:
        with open_repository(root) as repo:
            if not repo.head.is_valid():
                return Revision(None, dirty=True)
            if repo.bare:
                raise ReconcileError(
                    "is a bare repository, which has no files to plan from",
                    where=str(root),
                    remedy="Run it in a clone, or name a commit: --at COMMIT.",
                )
            added = whole and require_whole(repo, root, schedules)
            dirty = added or repo.is_dirty(untracked_files=False) or _adds(repo, root, schedules)
            commit = repo.head.commit
            return Revision(commit.hexsha, dirty, str(commit.author))
    except NoRepositoryError:
        return Revision(None, dirty=False)


def _adds(repo: Repo, root: Path, schedules: Path) -> bool:
    """Whether there are files that are read, or stand beside those, and are in no commit."""
    folder, top = schedules.resolve(), top_of(repo, root)
    if not folder.is_relative_to(top):
        return True
    if repo.git.ls_files("--others", "--", str(root / SETTINGS_FILE)):
        return True
    others = ("--others", "--exclude-standard", "-z")
    if repo.git.ls_files(*others, "--", str(folder)):
        return True
    ignored = repo.git.ls_files(*others, "--ignored", "--", str(folder)).split("\0")
    return any(is_manifest(str(Path(top, name).relative_to(folder))) for name in ignored if name)
