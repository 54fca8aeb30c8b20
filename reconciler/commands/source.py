"""Where the schedules come from: the work tree, or a commit that is read and not checked out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.commands.inputs import Inputs, environment_name, read_inputs, schedules_of
from reconciler.errors import ReconcileError, RefusedError
from reconciler.manifest import (
    ManifestError,
    Schedule,
    Settings,
    holds_manifests,
    load_contents,
    parse_settings,
)
from reconciler.manifest.settings import unknown_environment
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.plan import Desired
from reconciler.workspace.repository import read_revision

if TYPE_CHECKING:
    from reconciler.workspace.revisions import CommittedFiles

_HARMLESS: Final = "; nothing is deleted because of that"
_DELETE_ALL: Final = (
    "To delete every schedule, keep the folder with nothing but a .gitkeep in it and say "
    "--allow-deletes N, with N their number."
)


class NoManifestsError(RefusedError):
    """The folder of the manifests is empty or cannot be read: nothing is deleted because of it."""


class NewEnvironmentError(ReconcileError):
    """A commit has no environment of a name that was given."""

    def __init__(self, name: str, settings: Settings, files: CommittedFiles) -> None:
        super().__init__(
            f"there is no environment `{name}` at commit {files.commit[:12]}",
            remedy=unknown_environment(name, settings),
        )
        self.files = files


@dataclass(frozen=True, slots=True)
class Source:
    """The repository's side of a plan.

    Attributes:
        commit: the one that was read; None for the work tree.
        author: of that commit.
    """

    inputs: Inputs
    schedules: tuple[Schedule, ...]
    commit: str | None = None
    author: str | None = None

    def desired(self) -> Desired:
        """What it says, with the version of the dispatcher that would be deployed."""
        desired = desired_of(self.inputs, self.schedules, whole=self.commit is None)
        if self.commit is None:
            return desired
        return replace(desired, commit=self.commit, author=self.author, dirty=False)


def desired_of(inputs: Inputs, schedules: tuple[Schedule, ...], *, whole: bool = True) -> Desired:
    """What the work tree says, with the version of the dispatcher that would be deployed.

    Args:
        whole: whether that is what is read, so that it has to be all that its commit holds.

    Raises:
        IncompleteCheckoutError: it is not.
    """
    from reconciler.workspace.deployment import dispatcher_digest

    revision = read_revision(inputs.root, inputs.folder, whole=whole)
    return Desired(
        schedules=schedules,
        settings=inputs.environment,
        repository=revision.repository,
        dispatcher=dispatcher_digest(),
        commit=revision.commit,
        dirty=revision.dirty,
        author=revision.author,
    )


def read_source(args: Namespace) -> Source:
    """The schedules of the commit that ``--at`` names, else those of the work tree.

    Raises:
        ManifestError: with all that is wrong in them.
        NoManifestsError: there are none, and nobody has allowed to delete that many.
    """
    if args.at is not None:
        return read_source_at(args, args.at, may_be_empty=args.allow_deletes > 0)
    inputs = read_inputs(args)
    try:
        return Source(inputs, schedules_of(inputs))
    except ManifestError as error:
        if not _is_about_folder(error, inputs):
            raise
        if args.allow_deletes and inputs.folder.is_dir() and not holds_manifests(inputs.folder):
            return Source(inputs, ())
        if not inputs.folder.exists() and not (inputs.root / SETTINGS_FILE).exists():
            raise NoManifestsError(
                f"there are neither settings nor a folder of manifests here{_HARMLESS}",
                where=str(inputs.root),
                remedy="Call it in the repository's root, or begin one: reconcile init. "
                + _DELETE_ALL,
            ) from error
        raise _no_manifests(error.problems[0].message, inputs.settings.schedules) from error


def read_source_before(args: Namespace, revision: str, now: Inputs) -> Source:
    """What a commit says, to compare with; an environment that is new since then had nothing.

    Raises:
        ReconcileError, RefusedError: see :func:`read_source_at`.
    """
    try:
        return read_source_at(args, revision, may_be_empty=True)
    except NewEnvironmentError as error:
        inputs = replace(now, environment=replace(now.environment, tasks=None))
        return Source(inputs, (), error.files.commit, error.files.author)


def read_source_at(args: Namespace, revision: str, *, may_be_empty: bool) -> Source:
    """The schedules and settings of a commit.

    Raises:
        NewEnvironmentError: it has none of that name.
        ManifestError: with all that is wrong in them.
        NoManifestsError: it has none, and must not be empty.
        ReconcileError: there is no such commit.
        RefusedError: the clone is shallow.
    """
    from reconciler.workspace.revisions import read_commit

    root = Path.cwd()
    files = read_commit(root, revision, SETTINGS_FILE)
    with _naming(files.commit):
        settings = Settings() if files.settings is None else parse_settings(files.settings)
    if args.schedules is not None:
        settings = replace(settings, schedules=args.schedules)
    name = environment_name(args)
    if not settings.knows(name):
        raise NewEnvironmentError(name, settings, files)
    environment = settings.environment(name)
    inputs = Inputs(root, root / settings.schedules, settings, environment)
    contents = files.manifests(settings.schedules)
    if not contents:
        if not may_be_empty:
            message = f"no manifest in this folder at commit {files.commit[:12]}"
            raise _no_manifests(message, settings.schedules)
        return Source(inputs, (), files.commit, files.author)
    with _naming(files.commit):
        manifests = load_contents(contents, settings=settings, folder=settings.schedules)
    schedules = manifests.for_environment(environment.name)
    return Source(inputs, schedules, files.commit, files.author)


@contextmanager
def _naming(commit: str) -> Iterator[None]:
    """Name files as git does those of a commit: the work tree may hold others in their place."""
    try:
        yield
    except ManifestError as error:
        raise ManifestError(
            replace(
                problem,
                location=replace(problem.location, file=f"{commit[:12]}:{problem.location.file}"),
            )
            for problem in error.problems
        ) from error


def _is_about_folder(error: ManifestError, inputs: Inputs) -> bool:
    folder, root = inputs.folder, inputs.root
    shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
    return all(problem.location.file == shown.as_posix() for problem in error.problems)


def _no_manifests(message: str, folder: str) -> NoManifestsError:
    return NoManifestsError(
        message.removesuffix(_HARMLESS) + _HARMLESS,
        where=folder,
        remedy=f"Check the checkout, or say --schedules DIR. {_DELETE_ALL}",
    )
