"""What git says of the live commit: whether a checkout contains it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import open_repository, top_of
from reconciler.foreign_text import on_one_line
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.plan.ancestry import Ancestry, Relation

if TYPE_CHECKING:
    from git import Repo

SEARCHED: Final = 200
"""Commits among which one with the live commit's manifests is looked for, the newest first."""
_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def contains(root: Path, commit: str, older: str) -> bool:
    """Whether a commit is a descendant of another, and not that one itself."""
    with open_repository(root) as repo:
        return commit != older and _is_ancestor(repo, older, commit)


def ancestry_of(root: Path, folder: Path, commit: str | None, live: str | None) -> Ancestry:
    """How a commit stands to the live one.

    A commit also contains the live one when merging that would change neither settings nor
    manifests: after a squash merge of what is live, one of its ancestors has the same ones.

    Args:
        root: the folder that holds the settings.
        folder: that of the manifests.
        commit: None outside git.
        live: as the pointer has it, None when that names none.
    """
    if live is None:
        return Ancestry(Relation.UNNAMED, commit, live)
    if commit is None:
        return Ancestry(Relation.OUTSIDE, commit, live)
    if commit == live:
        return Ancestry(Relation.CONTAINS, commit, live)
    with open_repository(root) as repo:
        paths = _paths(repo, root, folder)
        relation = _relation(repo, paths, commit, live)
        lacking = relation in {Relation.OLDER, Relation.DIVERGED}
        return Ancestry(
            relation,
            commit,
            live,
            detached=repo.head.is_detached,
            lacks=tuple(_lacking(repo, paths, commit, live)) if lacking else (),
        )


def _relation(repo: Repo, paths: tuple[str, ...], commit: str, live: str) -> Relation:
    shallow = repo.git.rev_parse("--is-shallow-repository") == "true"
    if not _has(repo, live):
        return Relation.SHALLOW if shallow else Relation.MISSING
    if _is_ancestor(repo, live, commit):
        return Relation.CONTAINS
    same = _content(repo, paths, live)
    if _is_ancestor(repo, commit, live):
        found = _content(repo, paths, commit) == same
        return Relation.CONTAINS if found else Relation.OLDER
    if shallow:
        return Relation.SHALLOW
    if any(_content(repo, paths, other) == same for other in _since(repo, paths, commit, live)):
        return Relation.CONTAINS
    return Relation.DIVERGED


def _has(repo: Repo, commit: str) -> bool:
    from git.exc import GitCommandError

    if not _ID.fullmatch(commit):
        return False
    try:
        repo.git.cat_file("-e", f"{commit}^{{commit}}")
    except GitCommandError:
        return False
    return True


def _is_ancestor(repo: Repo, older: str, newer: str) -> bool:
    return repo.is_ancestor(repo.commit(older), repo.commit(newer))


def _since(repo: Repo, paths: tuple[str, ...], commit: str, live: str) -> Iterator[str]:
    """The commits that the live one lacks, and those at which the two parted.

    Not any ancestor: one that is an ancestor of both says nothing, when what is live was changed
    since and changed back on its own side alone.
    """
    yield from repo.git.merge_base("--all", commit, live).split()
    listed = repo.git.rev_list(
        f"--max-count={SEARCHED}", commit, f"^{live}", *(("--", *paths) if paths else ())
    )
    yield from listed.split()


def _lacking(repo: Repo, paths: tuple[str, ...], commit: str, live: str) -> Iterator[str]:
    """The commits that change what is read and that only the live one has, the newest first."""
    listed: str = repo.git.log(
        "--no-merges",
        "--format=%h %s",
        "--abbrev=12",
        live,
        f"^{commit}",
        *(("--", *paths) if paths else ()),
    )
    yield from map(on_one_line, listed.splitlines())


def _content(repo: Repo, paths: tuple[str, ...], commit: str) -> str:
    """What a commit has at these paths, by id; of the whole repository without any."""
    if not paths:
        return str(repo.git.rev_parse(f"{commit}^{{tree}}"))
    return str(repo.git.ls_tree("-z", "--full-tree", commit, "--", *paths))


def _paths(repo: Repo, root: Path, folder: Path) -> tuple[str, ...]:
    """Settings and manifests as the repository knows them; empty for all that it holds."""
    top = top_of(repo, root)
    found = (root.resolve() / SETTINGS_FILE, Path(os.path.normpath(root.resolve() / folder)))
    paths = [path.relative_to(top).as_posix() for path in found if path.is_relative_to(top)]
    return () if "." in paths else tuple(paths)
