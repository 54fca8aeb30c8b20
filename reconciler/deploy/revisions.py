"""Manifests and settings as a commit has them, read from git's objects: nothing is checked out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import open_repository, top_of
from reconciler.errors import ReconcileError, RefusedError
from reconciler.manifest import is_manifest

if TYPE_CHECKING:
    from git import Commit, Repo
    from git.objects import Blob, Submodule, Tree

SYMBOLIC_LINK: Final = 0o120000
"""The mode of a symbolic link in a git tree."""


@dataclass(frozen=True, slots=True)
class CommittedFiles:
    """What a commit holds below the folder in which the command is called.

    Attributes:
        commit: its full id.
        author: who wrote it.
        settings: the bytes of ``reconciler.yaml``, None when there is none.
    """

    root: Path
    commit: str
    author: str
    settings: bytes | None

    def manifests(self, folder: str) -> tuple[tuple[str, bytes], ...]:
        """Name and content of every manifest below a folder; empty when there is no such folder.

        Raises:
            ReconcileError: one of them is a symbolic link.
        RefusedError: the folder itself is one, or another repository holds them.
        """
        with open_repository(self.root) as repo:
            top = repo.commit(self.commit).tree
            tree = _at(top, path_in_commits(repo, self.root, folder))
            if tree is None or tree.type != "tree":
                if tree is not None and tree.mode == SYMBOLIC_LINK:
                    raise _linked(str(tree.path))
                return ()
            return tuple(_manifests(top, tree, _shown(repo, self.root, folder)))


def read_commit(root: Path, revision: str, settings_file: str) -> CommittedFiles:
    """What a commit holds.

    Args:
        root: the folder in the repository in which the command is called.
        revision: anything that git takes for a commit: an id, a branch, a tag.

    Raises:
        ReconcileError: there is no repository, or no such commit in it; or its settings are no
            file.
        RefusedError: the commit may exist and the clone is shallow.
    """
    with open_repository(root) as repo:
        commit = _commit(repo, revision)
        blob = _at(commit.tree, _prefix(repo, root) / settings_file)
        if blob is not None and (blob.type != "blob" or blob.mode == SYMBOLIC_LINK):
            raise ReconcileError(
                f"is not an ordinary file at commit {commit.hexsha[:12]}",
                where=settings_file,
                remedy="Commit the file itself.",
            )
        content = None if blob is None else blob.data_stream.read()
        return CommittedFiles(root, commit.hexsha, str(commit.author), content)


def merge_base(root: Path, revision: str, branch: str) -> str:
    """The commit at which a branch left another one.

    Raises:
        ReconcileError: there is no repository, or no such commit in it.
        RefusedError: the clone is too shallow to tell.
    """
    with open_repository(root) as repo:
        bases = repo.merge_base(_commit(repo, branch), _commit(repo, revision))
        if not bases:
            raise _missing(repo, f"no commit that {branch} and {revision} have in common")
        return bases[0].hexsha


def committed_at(root: Path, commit: str) -> int:
    """The epoch minute at which a commit was made, as its clock had it.

    Raises:
        ReconcileError: there is no such commit.
    """
    with open_repository(root) as repo:
        return int(_commit(repo, commit).committed_date) // 60


def _commit(repo: Repo, revision: str) -> Commit:
    from git.exc import ODBError

    try:
        commit = repo.commit(revision)
        commit.tree  # noqa: B018 - read now: a shallow clone names parents that it does not hold
    except NotImplementedError as error:  # `@{yesterday}` and its like
        raise ReconcileError(
            f"`{revision}` is not understood as a commit",
            remedy=f"Name its id: git rev-parse '{revision}'",
        ) from error
    except (ValueError, IndexError, ODBError) as error:
        raise _missing(repo, f"no commit `{revision}`") from error
    return commit


def _missing(repo: Repo, what: str) -> ReconcileError:
    if repo.git.rev_parse("--is-shallow-repository") == "true":
        return RefusedError(
            f"there is {what} in this clone, which is shallow",
            remedy="Fetch the history: git fetch --unshallow (in GitHub Actions: `fetch-depth: 0` "
            "with actions/checkout).",
        )
    return ReconcileError(
        f"there is {what} in this repository", remedy="Fetch it: git fetch origin"
    )


def _prefix(repo: Repo, root: Path) -> PurePosixPath:
    top = top_of(repo, root)
    return PurePosixPath(root.resolve().relative_to(top).as_posix())


def path_in_commits(repo: Repo, root: Path, folder: str) -> PurePosixPath:
    """Where a folder that is named from another one is in the commits of the repository.

    Raises:
        ReconcileError: it is outside.
    """
    top = top_of(repo, root)
    found = Path(os.path.normpath(root.resolve() / folder))
    if not found.is_relative_to(top):
        raise ReconcileError(
            "is outside the repository, and so in none of its commits",
            where=folder,
            remedy="Name a folder of the repository.",
        )
    return PurePosixPath(found.relative_to(top).as_posix())


def _shown(repo: Repo, root: Path, folder: str) -> str:
    """The folder as messages name it, from the repository's root."""
    return path_in_commits(repo, root, folder).as_posix()


def _at(tree: Tree, path: PurePosixPath) -> Tree | Blob | None:
    """The object at a path, None when there is none.

    Raises:
        RefusedError: it is in another repository, of which a commit holds no more than the id, or
            is reached by a symbolic link.
    """
    found: Tree | Blob = tree
    for part in path.parts:
        if found.type != "tree":
            if found.mode == SYMBOLIC_LINK:
                raise _linked(str(found.path))
            return None
        try:
            inner: Tree | Blob | Submodule = found / part
        except KeyError:
            return None
        if inner.type == "submodule":
            raise _submodule(str(inner.path))
        found = inner
    return found


def _manifests(top: Tree, tree: Tree, folder: str) -> Iterator[tuple[str, bytes]]:
    base = str(tree.path)
    for item in tree.traverse():
        assert not isinstance(item, tuple)
        relative = str(item.path)[len(base) :].lstrip("/")
        name = relative if folder == "." else f"{folder}/{relative}"
        if item.type == "submodule":
            raise _submodule(str(item.path))
        if item.type != "blob":
            continue
        link = item.mode == SYMBOLIC_LINK
        if link and (
            is_manifest(relative) or (_is_visible(relative) and _leads_to_folder(top, item))
        ):
            what = "file" if is_manifest(relative) else "folder"
            raise ReconcileError(
                "a symbolic link is not followed, because git stores only its target path",
                where=name,
                remedy=f"Commit the {what} itself in its place, or name another commit.",
            )
        if is_manifest(relative):
            yield name, item.data_stream.read()


def _is_visible(path: str) -> bool:
    """Whether what is below this path is read; see :func:`~reconciler.manifest.is_manifest`."""
    return not any(part.startswith(".") for part in path.split("/"))


def _leads_to_folder(top: Tree, link: Blob) -> bool:
    """Whether a link points at a folder of the repository; out of it, there may be one."""
    target = os.fsdecode(link.data_stream.read())
    inside = os.path.normpath(PurePosixPath(link.path).parent / target)
    if inside.startswith(("/", "..")):
        return True
    found = _at(top, PurePosixPath(inside))
    return found is not None and found.type == "tree"


def _linked(where: str) -> RefusedError:
    return RefusedError(
        "is a symbolic link: git stores only its target path, so no commit contains the "
        "manifests below it",
        where=where,
        remedy="Name the folder that it points to: --schedules DIR, and for later commits "
        "`schedules: DIR` in reconciler.yaml.",
    )


def _submodule(where: str) -> RefusedError:
    return RefusedError(
        "is a submodule, and what it holds is not read from a commit",
        where=where,
        remedy="Keep the manifests in the repository itself.",
    )
