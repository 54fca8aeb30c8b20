"""What git says about the repository that holds the manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcileError


@dataclass(frozen=True, slots=True)
class Revision:
    """Where the repository stands.

    Attributes:
        repository: what it is called, ``owner/name`` where a remote says so, else its folder.
        commit: the full id of HEAD, None outside git and before the first commit.
        author: who wrote that commit, None where there is none.
        dirty: whether files differ from that commit; untracked ones count in the manifests' folder.
    """

    repository: str
    commit: str | None
    dirty: bool
    author: str | None = None


def read_revision(root: Path, schedules: Path) -> Revision:
    """Ask git.

    Args:
        root: a folder in the repository.
        schedules: the folder of the manifests.

    Raises:
        ReconcileError: git refuses to read the repository.
    """
    # GitPython takes longer to import than most commands run; only commands that plan need it.
    from git import InvalidGitRepositoryError, Repo
    from git.exc import GitCommandError, NoSuchPathError

    try:
        with Repo(root, search_parent_directories=True) as repo:
            if not repo.head.is_valid():
                return Revision(_name(repo, root), None, dirty=True)
            untracked = repo.git.ls_files("--others", "--exclude-standard", "--", str(schedules))
            dirty = bool(untracked) or repo.is_dirty(untracked_files=False)
            commit = repo.head.commit
            return Revision(_name(repo, root), commit.hexsha, dirty, str(commit.author))
    except (InvalidGitRepositoryError, NoSuchPathError):
        return Revision(root.resolve().name, None, dirty=False)
    except GitCommandError as error:
        raise ReconcileError(
            f"git cannot read the repository: {' '.join(str(error.stderr).split())}",
            where=str(root),
            remedy="Check it with `git status`.",
        ) from error


def _name(repo: object, root: Path) -> str:
    from git import Repo

    assert isinstance(repo, Repo)
    if "origin" in (remote.name for remote in repo.remotes):
        address = repo.remotes.origin.url.rstrip("/").removesuffix(".git")
        parts = address.replace(":", "/").split("/")
        if len(parts) > 1:
            return "/".join(parts[-2:])
    folder = repo.working_tree_dir
    return Path(folder).name if folder else root.resolve().name
