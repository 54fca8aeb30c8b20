"""Whether the checkout has what its commit holds, so that a file that is absent is really gone.

Git calls a tree clean that is not what the commit holds: a sparse checkout leaves files out,
skip-worktree and assume-unchanged hide edits, filters and attributes write other bytes than were
committed, and what a link or a submodule holds is in no commit of the repository. Read as it is,
such a tree deletes schedules that are in git, and applies some that no rollback finds again. So the
files that are read are compared with HEAD by their content. What differs and git shows is a change,
as usual; what differs and git hides is refused by its name.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import NoRepositoryError, open_repository, top_of
from reconciler.errors import RefusedError
from reconciler.foreign_text import printable
from reconciler.manifest import is_manifest
from reconciler.manifest.files import read_file, read_folder
from reconciler.manifest.problem import Problem
from reconciler.manifest.settings_file import SETTINGS_FILE

if TYPE_CHECKING:
    from git import Repo

SYMBOLIC_LINK: Final = "120000"
SUBMODULE: Final = "160000"
ATTRIBUTES: Final = ("filter", "ident", "working-tree-encoding")
"""Those that make the files of a checkout differ from the bytes of the commit."""
_PATTERN: Final = frozenset("*?[]!#\\ ")
"""Characters that mean something in a pattern of a sparse checkout."""
GIT_VARIABLES: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""Variables by which git answers for another repository, index or work tree than the folder's."""


class IncompleteCheckoutError(RefusedError):
    """The checkout is not what the commit holds, and git does not show that."""


@dataclass(frozen=True, slots=True)
class _Committed:
    """A file of HEAD: its raw path, by which git knows it, and the id of its content."""

    path: bytes
    id: str


def settle_git_variables(root: Path) -> None:
    """Have git answer for the repository of this folder, whatever the environment says.

    Git sets such variables for its hooks and for `rebase --exec`; there they name this repository.

    Raises:
        RefusedError: they name another one.
    """
    found = {name: os.environ.pop(name) for name in GIT_VARIABLES if name in os.environ}
    if "GIT_DIR" not in found and "GIT_WORK_TREE" not in found:
        return
    try:
        with open_repository(root) as repo:
            own = (Path(repo.git_dir).resolve(), top_of(repo, root))
    except NoRepositoryError:
        own = None
    for name, mine in zip(("GIT_DIR", "GIT_WORK_TREE"), own or (None, None), strict=True):
        if name in found and Path(root, found[name]).resolve() != mine:
            raise RefusedError(
                f"the variable {name} names another repository than that of this folder",
                where=found[name],
                remedy="Unset it: env -u GIT_DIR -u GIT_WORK_TREE reconcile …",
            )


def require_whole(repo: Repo, root: Path, folder: Path) -> bool:
    """Compare the settings and manifests that are read with those of HEAD.

    Args:
        root: the folder that holds the settings.
        folder: that of the manifests.

    Returns:
        Whether manifests are read that HEAD does not have.

    Raises:
        IncompleteCheckoutError: something differs and git does not show it.
    """
    top = top_of(repo, root)
    root = root.resolve()
    folder = Path(os.path.normpath(root / folder))
    if not folder.is_relative_to(top):
        return True
    _refuse_links(top, root, folder)
    _refuse_submodules(repo, folder.relative_to(top))
    settings = (root / SETTINGS_FILE).relative_to(top).as_posix()
    below = folder.relative_to(top).as_posix()
    committed = _committed(repo, below, settings)
    read = dict(_read(root, settings, folder, below))
    differing = [name for name, file in committed.items() if not _is(read.get(name), file.id)]
    added = read.keys() - committed.keys()
    shown = _shown(repo, below, settings) if differing else frozenset()
    hidden = [
        name
        for name in differing
        if committed[name].path not in shown and not _renamed(committed[name].id, name, added, read)
    ]
    if hidden:
        raise _refusal(repo, hidden, committed, read, below, settings)
    return bool(added)


def _refuse_links(top: Path, root: Path, folder: Path) -> None:
    """A folder that is reached by a link is in the commit as no more than the link's text."""
    for part in (folder, *folder.parents):
        if part == top:
            return
        if part.is_symlink():
            real = folder.resolve()
            remedy = "Move the manifests into a folder of the repository."
            if real.is_relative_to(root):
                remedy = (
                    f"Name the folder itself: `schedules: {real.relative_to(root).as_posix()}` in "
                    f"{SETTINGS_FILE}."
                )
            raise IncompleteCheckoutError(
                "is a symbolic link: git stores only its target path, so no commit contains the "
                "manifests below it",
                where=part.relative_to(top).as_posix(),
                remedy=remedy,
            )


def _refuse_submodules(repo: Repo, folder: Path) -> None:
    """Of a folder within a submodule, the commit of this repository has nothing."""
    above = [path.as_posix() for path in (folder, *folder.parents) if path.name]
    listed = repo.git.ls_tree("-z", "--full-tree", "HEAD", "--", *above) if above else ""
    for entry in listed.split("\0"):
        path = entry.partition("\t")[2]
        # Of a folder that is named with one below it, all that it holds is listed.
        if entry.startswith(SUBMODULE) and path in above:
            raise _submodule(printable(path))


def _submodule(where: str) -> IncompleteCheckoutError:
    return IncompleteCheckoutError(
        "is a submodule: a commit of this repository holds no more than its id",
        where=where,
        remedy="Keep the manifests in the repository itself.",
    )


def _committed(repo: Repo, below: str, settings: str) -> dict[str, _Committed]:
    """The settings and manifests of HEAD, by name."""
    wanted = [] if below == "." else ["--", below, settings]
    listed: bytes = repo.git.ls_tree(
        "-r", "-z", "--full-tree", "HEAD", *wanted, stdout_as_string=False
    )
    found = {}
    for entry in listed.split(b"\0"):
        if not entry:
            continue
        about, _, path = entry.partition(b"\t")
        mode, _type, id_ = about.decode().split(" ")
        name = printable(path.decode("utf-8", "backslashreplace"))
        inside = name.removeprefix(f"{below}/")
        if mode == SUBMODULE:
            raise _submodule(name)
        if name != settings and (not is_manifest(inside) or (below != "." and inside == name)):
            continue
        if mode == SYMBOLIC_LINK:
            raise IncompleteCheckoutError(
                "a symbolic link is not followed, because git stores only its target path",
                where=name,
                remedy="Commit the file itself.",
            )
        found[name] = _Committed(path, id_)
    return found


def _read(root: Path, settings: str, folder: Path, below: str) -> Iterator[tuple[str, bytes]]:
    """The settings and manifests that are read, by name; what cannot be read is refused before."""
    content = read_file(root / SETTINGS_FILE, settings)
    if not isinstance(content, Problem):
        yield settings, content
    for found in read_folder(folder, below):
        if not isinstance(found, Problem):
            yield found


def _is(content: bytes | None, id_: str) -> bool:
    """Whether this is the content with that id, but for the ends of its lines."""
    if content is None:
        return False
    return id_ in (_id(content), _id(content.replace(b"\r\n", b"\n")))


def _id(content: bytes) -> str:
    """The id of a blob; a repository that names its objects otherwise is refused when opened."""
    framed = b"blob %d\0" % len(content) + content
    return sha1(framed, usedforsecurity=False).hexdigest()


def _shown(repo: Repo, below: str, settings: str) -> frozenset[bytes]:
    """The raw paths that git shows as changed, deleted or unmerged."""
    paths = [f":(top,literal){path}" for path in (below, settings)]
    listed: bytes = repo.git.diff_index(
        "--name-only", "-z", "HEAD", "--", *(paths if below != "." else ()), stdout_as_string=False
    )
    return frozenset(listed.split(b"\0"))


def _renamed(id_: str, name: str, added: Collection[str], read: Mapping[str, bytes]) -> bool:
    """Whether it is there in other capitals: some file systems do not tell them apart."""
    folded = name.casefold()
    return any(other.casefold() == folded and _is(read[other], id_) for other in added)


def _refusal(
    repo: Repo,
    hidden: list[str],
    committed: Mapping[str, _Committed],
    read: Mapping[str, bytes],
    below: str,
    settings: str,
) -> IncompleteCheckoutError:
    """What is hidden, why, and how the checkout is completed; the first stands for all."""
    up = _way_up(repo)
    git = f"git -C {up}" if up else "git"
    name, *others = hidden
    path = os.fsdecode(committed[name].path)
    tag: str = repo.git.ls_files("-v", "-z", "--", f":(top,literal){path}")[:1]
    commit = repo.head.commit.hexsha[:12]
    absent = name not in read
    differs = (
        f"is in commit {commit} and not in this checkout"
        if absent
        else f"differs from commit {commit}"
    )
    more = f"; {len(others)} more differ" + ("s" if len(others) == 1 else "") if others else ""
    flag = "skip-worktree" if tag in {"S", "s"} else "assume-unchanged" if tag.islower() else None
    file = quote(path)
    if flag == "skip-worktree" and absent and _is_set(repo, "core.sparseCheckout"):
        why = ", which is sparse"
        wanted = {settings if one == settings else below for one in hidden}
        remedy = _widening(git, wanted, settings, cone=_is_set(repo, "core.sparseCheckoutCone"))
    elif flag is not None:
        why = f", and git does not show it: {flag} is set"
        remedy = f"Let git see it: {git} update-index --no-{flag} {file}"
        if absent:
            remedy = (
                f"Bring it back: {git} update-index --no-{flag} {file} && {git} checkout -- {file}"
            )
    elif attribute := _attribute(repo, path):
        why = f": the attribute `{attribute}` makes the checkout differ from the commit"
        remedy = (
            "Remove the attribute from .gitattributes, and commit the file as it should be read."
        )
    else:
        why = ", and git does not report it"
        remedy = f"Have git read it again: touch {quote(f'{up}/{path}' if up else path)}"
    return IncompleteCheckoutError(differs + why + more, where=name, remedy=remedy)


def _widening(git: str, wanted: Collection[str], settings: str, *, cone: bool) -> str:
    """How a sparse checkout comes to hold the settings or the manifests' folder, or both.

    In cone mode it is widened by folders, and has the files of the repository's root already;
    otherwise by patterns: the last one that matches a file itself decides, so that one of the
    folder would not bring back a file that an earlier one leaves out.
    """
    if "." in wanted or any(set(path) & _PATTERN for path in wanted):
        return f"Check out the whole repository: {git} sparse-checkout disable"
    names = sorted(wanted)
    if cone:
        names = [
            PurePosixPath(path).parent.as_posix() if path == settings else path for path in names
        ]
    else:
        names = [f"/{path}" if path == settings else f"/{path}/**" for path in names]
    what = "the settings" if settings in wanted else "the whole folder"
    if len(wanted) > 1:
        what = "the settings and the whole folder"
    return f"Check out {what}: {git} sparse-checkout add {' '.join(map(quote, names))}"


def _way_up(repo: Repo) -> str:
    """The repository's root as the current folder within it names it; empty in the root itself.

    Elsewhere too: then no path from here is shorter than the one that messages name.
    """
    here = Path.cwd().resolve()
    top = top_of(repo, here)
    return os.path.relpath(top, here) if top in here.parents else ""


def _is_set(repo: Repo, option: str) -> bool:
    found: str = repo.git.config("--type=bool", "--get", option, with_exceptions=False)
    return found == "true"


def _attribute(repo: Repo, path: str) -> str | None:
    listed: str = repo.git.check_attr("-z", *ATTRIBUTES, "--", path)
    fields = listed.rstrip("\0").split("\0")
    values = zip(fields[1::3], fields[2::3], strict=True)
    return next((name for name, value in values if value not in {"unspecified", "unset"}), None)
