"""The git repository that a folder is in, or why git or GitPython cannot read it."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcileError
from reconciler.foreign_text import on_one_line

if TYPE_CHECKING:
    from git import Repo
    from git.exc import CommandError

_SAFE_DIRECTORY: Final = re.compile(r"git config --global --add safe\.directory (?P<folder>.+)")
_NO_GIT_NEEDED: Final = "`validate`, `lint` and `next` need no git."


class NoRepositoryError(ReconcileError):
    """A folder is in no git repository."""


@contextmanager
def open_repository(root: Path) -> Iterator[Repo]:
    """The repository that a folder is in, until the block ends.

    Raises:
        NoRepositoryError: it is in none.
        ReconcileError: git is not installed, refuses the clone, or cannot read it; also when that
            is found within the block.
    """
    # GitPython takes longer to import than most commands run; few commands need it.
    try:
        from git import InvalidGitRepositoryError, Repo
        from git.exc import CommandError, GitCommandNotFound, NoSuchPathError, ODBError
    except ImportError as error:  # it looks for git when it is imported
        raise _not_installed() from error
    try:
        with Repo(root, search_parent_directories=True) as repo:
            _require_readable(repo)
            # Git itself reads little of what follows, and GitPython asks for no permission.
            repo.git.rev_parse("--git-dir")
            _require_head(repo)
            yield repo
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        _require_none(root)
        raise NoRepositoryError(
            "not a git repository", where=str(root), remedy="Run it in a clone, or `git init`."
        ) from error
    except GitCommandNotFound as error:
        raise _not_installed() from error
    except CommandError as error:
        raise _refused(error, root) from error
    except (ODBError, ValueError, IndexError, EOFError, OSError, zlib.error) as error:
        raise ReconcileError(
            f"git's files cannot be read: {on_one_line(str(error)) or type(error).__name__}",
            where=str(root),
            remedy="Check them with `git fsck`, or clone it again.",
        ) from error


def top_of(repo: Repo, root: Path) -> Path:
    """The root of a repository's work tree. Of a bare one, which has none, it is ``root``."""
    return Path(repo.working_tree_dir or root).resolve()


def _require_readable(repo: Repo) -> None:
    """Refuse the formats of which GitPython would read nothing, and say that there is nothing."""
    with repo.config_reader("repository") as settings:
        objects = str(settings.get_value("extensions", "objectformat", "sha1"))
        references = str(settings.get_value("extensions", "refstorage", "files"))
    if objects != "sha1":
        raise ReconcileError(
            f"commits are named by {objects.upper()}, which GitPython cannot read",
            where=str(repo.git_dir),
            remedy="Use a repository with SHA-1, git's default: `git init --object-format=sha1 "
            "NEW`, then `git fast-export --all | git -C NEW fast-import`, then "
            "`git -C NEW checkout BRANCH`. " + _NO_GIT_NEEDED,
        )
    if references != "files":
        raise ReconcileError(
            f"branches are kept as `{references}`, which GitPython cannot read",
            where=str(repo.git_dir),
            remedy="Keep them as files: git refs migrate --ref-format=files",
        )


def _require_head(repo: Repo) -> None:
    """Refuse a commit that is checked out and cannot be read; before the first one there is none.

    GitPython takes the one for the other.
    """
    if repo.head.is_valid():
        return
    commit = repo.git.rev_parse("--verify", "--quiet", "HEAD", with_exceptions=False)
    if commit:
        raise ReconcileError(
            f"commit {commit[:12]} is checked out and cannot be read",
            where=str(repo.git_dir),
            remedy="The clone is damaged. Check it with `git fsck`, or clone it again.",
        )


def _require_none(root: Path) -> None:
    """Refuse a folder that is in a repository all the same, of which nothing can be read."""
    for folder in (root, *root.parents):
        entry = folder / ".git"
        if entry.is_file():
            raise ReconcileError(
                "the repository that this file names is gone or cannot be read",
                where=str(entry),
                remedy="Repair the work tree (git worktree repair), or clone it again.",
            )
        if entry.is_dir() and not os.access(entry, os.R_OK | os.X_OK):
            raise ReconcileError(
                "no permission to read the repository",
                where=str(entry),
                remedy="Give yourself read access, or use a clone of your own.",
            )
        if (entry / "objects").is_dir():
            raise ReconcileError(
                "the repository is damaged, and git does not recognise it",
                where=str(entry),
                remedy="Check it with `git status`, or clone it again.",
            )


def _not_installed() -> ReconcileError:
    return ReconcileError(
        "git is not installed, or not on PATH",
        remedy=f"Install git 2.30 or newer. {_NO_GIT_NEEDED}",
    )


def _refused(error: CommandError, root: Path) -> ReconcileError:
    said = " ".join(str(error.stderr).removeprefix("\n  stderr: ").strip("'").split())
    found = _SAFE_DIRECTORY.search(said)
    if found is not None:
        folder = found["folder"].strip()
        return ReconcileError(
            "the clone belongs to another user, so git refuses to read it",
            where=folder.strip("'"),
            remedy=f"If you trust it: git config --global --add safe.directory {folder}",
        )
    return ReconcileError(
        f"git cannot read the repository: {on_one_line(said)}",
        where=str(root),
        remedy="Check it with `git status`.",
    )
