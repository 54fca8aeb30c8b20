"""Which repository this clone is of, and what its history says of what is live. Git is asked."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.deploy.opening import NoRepositoryError, open_repository, top_of
from reconciler.deploy.ports import Checkout
from reconciler.errors import ReconcileError
from reconciler.manifest import is_manifest
from reconciler.plan.identity import LOCAL_ID, Identity, Owner, is_path, repository_at
from reconciler.plan.ownership import Stranger, judge_owner, owner_in_full
from reconciler.plan.state import Actual, Desired, Standing

if TYPE_CHECKING:
    from git import Repo

ID_KEY: Final = "reconciler.id"
"""Of git's configuration, in which a clone without a remote keeps its id."""
ID_FILE: Final = Path(".reconciler/id")
"""The same outside git, below the folder of the settings."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ADD_REMOTE: Final = "Add its remote: git remote add origin URL"


def read_owner(
    root: Path, folder: Path, variables: Mapping[str, str], *, must_be_named: bool = True
) -> Owner:
    """Whose schedules this clone holds.

    The remote ``origin`` counts, else the only one. Where there are several others, or none, the
    variables of a CI job say which repository it is. Without any, a random id is made and kept.

    Args:
        root: the folder of the settings.
        folder: that of the manifests.
        variables: of the environment.
        must_be_named: whether several remotes of which none counts are an error; else the id does.

    Raises:
        ReconcileError: several remotes are there and nothing says which one counts; or the id
            cannot be kept; or git refuses to read the repository.
    """
    with _repository(root) as repo:
        top = root.resolve() if repo is None else top_of(repo, root)
        below = os.path.relpath(root.resolve() / os.path.relpath(folder, root), top)
        place = Path(below).as_posix()
        address = _address(repo, top, variables, must_be_named=must_be_named)
        kept = _kept_id(repo, root)
        if address is None:
            id_ = kept or _keep_id(repo, root, secrets.token_hex(8))
            return Owner(identity=Identity(LOCAL_ID + id_, place), names=(top.name,))
        return Owner(
            identity=Identity(repository_at(address), place),
            names=(_old_name(address) or top.name, top.name),
            held=None if kept is None else Identity(LOCAL_ID + kept, place),
        )


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """The clone in which the command is called, see :class:`~reconciler.deploy.ports.Checkout`.

    Attributes:
        commit: whose manifests are planned; None for the work tree.
    """

    root: Path
    commit: str | None = None

    def standing(self, live: str | None, old: str | None, new: str) -> Standing:
        """See :class:`~reconciler.deploy.ports.Checkout`."""
        with _repository(self.root) as repo:
            if repo is None:
                top = self.root.resolve()
                vacated = old is not None and not _holds(_on_disk(top, old), old, new)
                return Standing(descends=False, vacated=vacated)
            return Standing(
                descends=_descends(repo, live),
                vacated=old is not None and self._vacated(repo, old, new),
            )

    def _vacated(self, repo: Repo, old: str, new: str) -> bool:
        if repo.head.is_valid():
            commit = repo.commit(self.commit or "HEAD").hexsha
            listed = repo.git.ls_tree("-r", "-z", "--name-only", "--full-tree", commit).split("\0")
            if _holds(listed, old, new):
                return False
        if self.commit is not None:
            return True
        return not _holds(_on_disk(top_of(repo, self.root), old), old, new)


def _descends(repo: Repo, live: str | None) -> bool | None:
    """Whether HEAD is that commit or comes after it; None when the clone is too shallow to tell."""
    if live is None or not _COMMIT.fullmatch(live) or not repo.head.is_valid():
        return False
    ended, _, _ = repo.git.merge_base(
        "--is-ancestor", live, "HEAD", with_exceptions=False, with_extended_output=True
    )
    if ended == 0:
        return True
    return None if repo.git.rev_parse("--is-shallow-repository") == "true" else False


def _holds(files: Iterable[str], old: str, new: str) -> bool:
    """Whether one of the files is a manifest of the old folder and not of the new one: either may
    be below the other."""
    left = (_below(file, old) for file in files if _below(file, new) is None)
    return any(inside is not None and is_manifest(inside) for inside in left)


def _below(path: str, folder: str) -> str | None:
    """The path as it is below the folder; None when it is not."""
    if folder == ".":
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


def _on_disk(top: Path, folder: str) -> Iterator[str]:
    """The files below a folder, relative to the repository's root."""
    for parent, _folders, files in os.walk(top / folder):
        for file in files:
            yield (Path(parent) / file).relative_to(top).as_posix()


def _address(
    repo: Repo | None, top: Path, variables: Mapping[str, str], *, must_be_named: bool
) -> str | None:
    """The address that counts; None when there is none."""
    named = _of_job(variables)
    addresses = {} if repo is None else dict(_remotes(repo, top))
    if "origin" in addresses:
        return addresses["origin"]
    if len({*map(repository_at, addresses.values())}) == 1:
        return next(iter(addresses.values()))
    if not addresses:
        return named
    for address in addresses.values():
        if named is not None and repository_at(address) == repository_at(named):
            return address
    if not must_be_named:
        return None
    listed = ", ".join(
        f"{name} ({repository_at(address)})" for name, address in sorted(addresses.items())
    )
    raise ReconcileError(
        f"this clone has several remotes, and none is named origin: {listed}",
        where=str(top),
        remedy="Name the one that owns the schedules origin: git remote rename NAME origin",
    )


def _remotes(repo: Repo, top: Path) -> Iterator[tuple[str, str]]:
    """Each remote's name and address, as git resolves it with `url.<base>.insteadOf`."""
    for name in repo.git.remote().splitlines():
        if not repo.git.config("--get-all", f"remote.{name}.url", with_exceptions=False):
            continue  # it has settings of its own and no address; git would print its name
        address = repo.git.remote("get-url", name)
        yield name, str(top / address) if is_path(address) else address


def _of_job(variables: Mapping[str, str]) -> str | None:
    """The address of the repository that a job of GitHub or GitLab runs for."""
    name = variables.get("GITHUB_REPOSITORY")
    if name:
        return f"{variables.get('GITHUB_SERVER_URL') or 'https://github.com'}/{name}"
    return variables.get("CI_PROJECT_URL") or None


def _old_name(address: str) -> str | None:
    """What version 0.1.0 called the repository: the last two parts of its address."""
    plain = re.sub(r"^(https?://)[^/]*@", r"\1", address)
    parts = plain.rstrip("/").removesuffix(".git").replace(":", "/").split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else None


def _kept_id(repo: Repo | None, root: Path) -> str | None:
    found = ""
    if repo is not None:
        found = str(repo.git.config("--local", "--get", ID_KEY, with_exceptions=False))
    if not found:
        try:
            found = (root / ID_FILE).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None
    return found if _ID.fullmatch(found) else None


def _keep_id(repo: Repo | None, root: Path, id_: str) -> str:
    """Keep the id; returns the one that is kept, which a command beside this one may have made."""
    from git.exc import GitCommandError

    try:
        if repo is not None:
            repo.git.config("--local", ID_KEY, id_)
        else:
            path = root / ID_FILE
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(f"{id_}\n")
    except FileExistsError:
        pass
    except (OSError, GitCommandError) as error:
        where = f"git's configuration ({ID_KEY})" if repo is not None else str(root / ID_FILE)
        raise ReconcileError(
            f"no remote says which repository this is, and an id cannot be kept in {where}",
            where=str(root),
            remedy=f"{_ADD_REMOTE}, or give yourself write access.",
        ) from error
    return _kept_id(repo, root) or id_


@contextmanager
def _repository(root: Path) -> Iterator[Repo | None]:
    """The repository that holds the folder, None outside git.

    Raises:
        ReconcileError: git refuses to read it.
    """
    try:
        with open_repository(root) as repo:
            yield repo
            return
    except NoRepositoryError:
        pass
    yield None


def with_standing(checkout: Checkout, desired: Desired, actual: Actual) -> Desired:
    """What git says, with what its history says of what is live where that has to be known."""
    if not isinstance(judge_owner(actual, desired), Stranger):
        return desired
    live = None if actual.pointer is None else actual.pointer.commit
    owner = owner_in_full(actual)
    folder = None if owner is None else owner.folder
    standing = checkout.standing(live, folder, desired.owner.identity.folder)
    return replace(desired, standing=standing)
