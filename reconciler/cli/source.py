"""Where the schedules come from: the work tree, or a commit that is read and not checked out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.cli.inputs import (
    RULES_FOLDER,
    Inputs,
    environment_name,
    find_place,
    read_inputs,
    read_manifests,
    read_policy,
)
from reconciler.cli.probe_file import measured_startup
from reconciler.deploy.owner import read_owner
from reconciler.deploy.repository import read_revision
from reconciler.deploy.settings_files import require_app_of_its_own
from reconciler.errors import ReconcileError, RefusedError
from reconciler.manifest import (
    LOCAL,
    EnvironmentSettings,
    ManifestError,
    Manifests,
    Schedule,
    Settings,
    holds_manifests,
    load_contents,
    parse_settings,
)
from reconciler.manifest.code_reader import CodeReader
from reconciler.manifest.discovery import shown_from
from reconciler.manifest.settings import unknown_environment
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.plan import Desired
from reconciler.plan.ancestry import Ancestry
from reconciler.plan.code_targets import read_sources
from reconciler.plan.past import NOTHING_READ, Past
from reconciler.requirement import require_web

if TYPE_CHECKING:
    from reconciler.cli.policy import Policy
    from reconciler.deploy.revisions import CommittedFiles
    from reconciler.model.pointer import Pointer
    from reconciler.plan import Plan

_HARMLESS: Final = "; no schedule is deleted because of this"
_DELETE_ALL: Final = (
    "To delete every schedule, keep only a .gitkeep in the folder and pass --allow-deletes N, with "
    "N the number of schedules."
)


class NoManifestsError(RefusedError):
    """The manifests' folder is empty or cannot be read; no schedule is deleted because of this."""


class NewEnvironmentError(ReconcileError):
    """The settings of a commit declare no environment of the given name."""

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
        code: what has read the files of code targets; None without manifests.
        manifests: all that were read, where there are rules; else None.
        policy: the rules; None without any.
    """

    inputs: Inputs
    schedules: tuple[Schedule, ...]
    commit: str | None = None
    author: str | None = None
    code: CodeReader | None = None
    manifests: Manifests | None = None
    policy: Policy | None = None

    def judged(self, plan: Plan, before: Source | None = None) -> Plan:
        """The plan with what the rules say of it, and what those of an earlier revision did.

        Raises:
            ManifestError: a rule contradicts its tests, or is for nothing.
        """
        policy = self.policy
        if self.manifests is None:
            return plan
        if policy is None:
            if before is None or before.policy is None:
                return plan
            from reconciler.cli.policy import Policy

            policy = Policy(())
        policy.check(self.manifests, plan.now)
        past = None if before is None else (before.commit or "", before.policy)
        return policy.judged(plan, self.manifests, past)

    def desired(self) -> Desired:
        """What it says, with the version of the dispatcher that would be deployed."""
        from reconciler.deploy.committed_code import uncommitted_code
        from reconciler.deploy.target_app import runtime_digest

        desired = replace(
            desired_of(self.inputs, self.schedules, whole=self.commit is None),
            sources=read_sources(self.schedules, self.code),
            runtime=runtime_digest(),
        )
        if self.commit is None:
            differing = uncommitted_code(self.schedules, self.code, self.inputs.root)
            return replace(desired, uncommitted=tuple(differing))
        from reconciler.deploy.commit_ancestry import contains

        head = desired.commit
        ahead = head is not None and contains(self.inputs.root, head, self.commit)
        return replace(
            desired,
            commit=self.commit,
            author=self.author,
            dirty=False,
            head=head if ahead else None,
        )

    def ancestry(self, commit: str | None, pointer: Pointer) -> Ancestry | None:
        """The relation of the planned commit to the live one; None if neither has a commit."""
        if commit is None and pointer.commit is None:
            return None
        from reconciler.deploy.commit_ancestry import ancestry_of

        found = ancestry_of(self.inputs.root, self.inputs.folder, commit, pointer.commit)
        return replace(found, on_purpose=self.commit is not None)

    def renames(self, commit: str | None, live: str) -> Past:
        """The renames between the live commit and the one that is planned."""
        from reconciler.deploy.past_renames import read_renames

        if commit is None:
            return NOTHING_READ
        inputs = self.inputs
        return read_renames(inputs.root, inputs.folder, inputs.environment.name, commit, live)


def desired_of(inputs: Inputs, schedules: tuple[Schedule, ...], *, whole: bool = True) -> Desired:
    """What the work tree says, with the version of the dispatcher that would be deployed.

    Args:
        whole: whether that is what is read, so that it has to be all that its commit holds.

    Raises:
        IncompleteCheckoutError: it is not.
    """
    from reconciler.deploy.deployment import dispatcher_digest

    revision = read_revision(inputs.root, inputs.folder, whole=whole)
    return Desired(
        schedules=schedules,
        settings=inputs.environment,
        owner=read_owner(
            inputs.root,
            inputs.folder,
            os.environ,
            must_be_named=inputs.environment.name != LOCAL,
        ),
        dispatcher=dispatcher_digest(),
        web_runtime=_web_runtime(inputs.environment),
        worker_code=_worker_code(inputs.environment),
        commit=revision.commit,
        dirty=revision.dirty,
        author=revision.author,
        startup=measured_startup(inputs),
    )


def _web_runtime(settings: EnvironmentSettings) -> str:
    """Our code in the container of the HTTP API; reading it takes a while, so not for none."""
    if settings.web is None or settings.web.auth is None:
        return ""
    require_web()
    from reconciler.deploy.web_app import web_digest

    return web_digest()


def _worker_code(settings: EnvironmentSettings) -> str:
    """The code of the Worker on Cloudflare, where the settings ask for one."""
    if settings.cloudflare is None:
        return ""
    from reconciler.deploy.cloudflare.worker_modules import worker_code

    return worker_code()


def read_source(
    env: str | None,
    schedules: str | None,
    commit: str | None,
    *,
    may_be_empty: bool,
    keep: bool = False,
) -> Source:
    """The schedules of a commit, or those of the work tree.

    Args:
        env, schedules: what ``--env`` and ``--schedules`` say.
        commit: as ``--at`` names it; None for the work tree.
        may_be_empty: whether deletions are allowed, and so that of all schedules.
        keep: whether to keep what rules need, also where there are none.

    Raises:
        ManifestError: with all that is wrong in them.
        NoManifestsError: there are none, and the deletion of all schedules is not allowed.
    """
    if commit is not None:
        source = read_source_at(env, schedules, commit, may_be_empty=may_be_empty, keep=keep)
        require_app_of(source.inputs, source.commit)
        return source
    inputs = read_inputs(env, schedules)
    require_app_of(inputs)
    try:
        policy = read_policy(inputs.top, inputs.root, inputs.settings)
        keep = keep or policy is not None
        rules = () if policy is None else policy.ids
        manifests = read_manifests(inputs, rules, keep=keep)
        found = manifests.for_environment(inputs.environment.name)
        kept = manifests if keep else None
        return Source(inputs, found, code=manifests.code, manifests=kept, policy=policy)
    except ManifestError as error:
        if not _is_about_folder(error, inputs):
            raise
        if may_be_empty and inputs.folder.is_dir() and not holds_manifests(inputs.folder):
            return Source(inputs, ())
        if not inputs.folder.exists() and not (inputs.root / SETTINGS_FILE).exists():
            raise NoManifestsError(
                f"there are neither settings nor a folder of manifests here{_HARMLESS}",
                where=str(inputs.root),
                remedy="Run it in the repository's root, or create a repository: reconcile init. "
                + _DELETE_ALL,
            ) from error
        shown = shown_from(inputs.top, inputs.folder)
        raise _no_manifests(error.problems[0].message, shown) from error


def read_source_before(
    env: str | None, schedules: str | None, revision: str, now: Inputs
) -> Source:
    """The source at an earlier commit, to compare with; a new environment had no schedules then.

    Raises:
        ReconcileError, RefusedError: see :func:`read_source_at`.
    """
    try:
        return read_source_at(env, schedules, revision, may_be_empty=True)
    except NewEnvironmentError as error:
        inputs = replace(now, environment=replace(now.environment, tasks=None))
        return Source(inputs, (), error.files.commit, error.files.author)


def read_source_at(
    env: str | None,
    schedules: str | None,
    revision: str,
    *,
    may_be_empty: bool,
    keep: bool = False,
) -> Source:
    """The schedules and settings of a commit.

    Raises:
        NewEnvironmentError: it declares no environment of this name.
        ManifestError: with all problems of settings and manifests.
        NoManifestsError: it has no manifests, and ``may_be_empty`` is false.
        ReconcileError: there is no such commit.
        RefusedError: the clone is shallow.
    """
    from reconciler.deploy.committed_code import CommitFiles
    from reconciler.deploy.revisions import read_commit

    place = find_place(schedules)
    root = place.root
    files = read_commit(root, revision, SETTINGS_FILE)
    with _naming(files.commit):
        settings = Settings()
        if files.settings is not None:
            settings = parse_settings(files.settings, file=place.file)
    settings = place.over(settings)
    name = environment_name(env)
    if not settings.knows(name):
        raise NewEnvironmentError(name, settings, files)
    environment = settings.environment(name)
    inputs = Inputs(place.top, root, root / settings.schedules, settings, environment)
    folder = shown_from(place.top, Path(os.path.normpath(inputs.folder)))
    contents = files.manifests(settings.schedules)
    if not contents:
        if not may_be_empty:
            message = f"this folder contains no manifest at commit {files.commit[:12]}"
            raise _no_manifests(message, folder)
        return Source(inputs, (), files.commit, files.author)
    with _naming(files.commit):
        code = CommitFiles(root, files.commit)
        policy = _policy_at(files, inputs)
        keep = keep or policy is not None
        manifests = load_contents(
            contents,
            settings=settings,
            folder=folder,
            code=code,
            rules=() if policy is None else policy.ids,
            keep=keep,
        )
    found = manifests.for_environment(environment.name)
    kept = manifests if keep else None
    return Source(inputs, found, files.commit, files.author, manifests.code, kept, policy)


def _policy_at(files: CommittedFiles, inputs: Inputs) -> Policy | None:
    contents = files.manifests(RULES_FOLDER)
    if not contents:
        return None
    from reconciler.cli.policy import policy_of_commit
    from reconciler.deploy.committed_code import CommitFiles

    return policy_of_commit(contents, inputs.settings, CommitFiles(inputs.top, files.commit))


def require_app_of(inputs: Inputs, commit: str | None = None) -> None:
    """Raise if other settings of the repository name an app of these.

    Raises:
        ManifestError: they do.
    """
    ours = shown_from(inputs.top, inputs.root / SETTINGS_FILE)
    require_app_of_its_own(inputs.top, ours, inputs.settings, commit)


@contextmanager
def _naming(commit: str) -> Iterator[None]:
    """Name files of a commit as git does: the work tree may contain other files at their paths."""
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
    shown = shown_from(inputs.top, inputs.folder)
    return all(problem.location.file == shown for problem in error.problems)


def _no_manifests(message: str, folder: str) -> NoManifestsError:
    return NoManifestsError(
        message.removesuffix(_HARMLESS) + _HARMLESS,
        where=folder,
        remedy=f"Check the checkout, or pass --schedules DIR. {_DELETE_ALL}",
    )
