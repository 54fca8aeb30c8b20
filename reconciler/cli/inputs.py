"""The inputs of every command: the repository, its settings and its manifests."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.errors import RefusedError
from reconciler.manifest import LOCAL, EnvironmentSettings, Manifests, Schedule, Settings, load
from reconciler.manifest import load_settings as read_settings
from reconciler.manifest.code_files import CodeFiles, TreeFiles
from reconciler.manifest.discovery import repository_root, settings_root, shown_from
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.redaction import keep_secret

if TYPE_CHECKING:
    from reconciler.cli.policy import Policy

RULES_FOLDER: Final = "rules"
"""The folder of rules, beside `reconciler.yaml`."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The repository's side of a command.

    Attributes:
        top: the repository's root, from which messages name files; outside git, ``root``.
        root: where ``reconciler.yaml`` is: the current directory, or one above it.
        folder: where the manifests are.
    """

    top: Path
    root: Path
    folder: Path
    settings: Settings
    environment: EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is called.

    Attributes:
        top, root: see :class:`Inputs`.
        schedules: the folder that ``--schedules`` names, relative to ``root``; None without it.
    """

    top: Path
    root: Path
    schedules: str | None

    @property
    def file(self) -> str:
        """The settings file as messages name it."""
        return shown_from(self.top, self.root / SETTINGS_FILE)

    def settings(self) -> Settings:
        """The settings, with the folder that the command line names.

        Raises:
            ManifestError: they are wrong.
        """
        return self.over(read_settings(self.root, self.file))

    def over(self, settings: Settings) -> Settings:
        """Those settings with the folder that the command line names."""
        schedules = self.schedules
        return settings if schedules is None else replace(settings, schedules=schedules)


def find_place(schedules: str | None) -> Place:
    """Where the current directory is in its repository.

    Args:
        schedules: what ``--schedules`` says, as a person types it in that directory.
    """
    here = Path.cwd()
    root = settings_root(here)
    if schedules is not None and root != here:
        schedules = Path(os.path.relpath(here / schedules, root)).as_posix()
    return Place(repository_root(here) or root, root, schedules)


def read_inputs(env: str | None, schedules: str | None) -> Inputs:
    """Read the settings and settle which environment is meant.

    Args:
        env, schedules: what ``--env`` and ``--schedules`` say.

    Raises:
        ReconcileError: the settings are wrong, or there is no such environment.
        RefusedError: in CI no environment is named.
    """
    place = find_place(schedules)
    settings = place.settings()
    keep_secret(settings.from_env)
    name = environment_name(env)
    environment = settings.environment(name)
    return Inputs(place.top, place.root, place.root / settings.schedules, settings, environment)


def read_manifests(
    inputs: Inputs, rules: Collection[str] | None = None, *, keep: bool = False
) -> Manifests:
    """Read all manifests.

    Args:
        rules, keep: see :func:`~reconciler.manifest.load`.

    Raises:
        ManifestError: with all that is wrong in them.
    """
    code = _code_files(inputs)
    return load(
        inputs.folder,
        settings=inputs.settings,
        root=inputs.top,
        code=code,
        rules=rules,
        keep=keep,
    )


def read_policy(top: Path, root: Path, settings: Settings) -> Policy | None:
    """The rules of the work tree; None, and nothing is loaded, without a folder `rules/`.

    Raises:
        ManifestError: with all that is wrong in them.
    """
    folder = root / RULES_FOLDER
    if not folder.is_dir():
        return None
    from reconciler.cli.policy import policy_of_tree

    return policy_of_tree(folder, shown_from(top, folder), settings, top)


def _code_files(inputs: Inputs) -> CodeFiles:
    """The files of code targets: outside `local`, those of the commit that is checked out.

    What only the work tree has can be applied to the embedded engine; there is no commit of it to
    go back to.
    """
    if inputs.environment.name != LOCAL:
        from reconciler.deploy.committed_code import CommitFiles, head_of

        commit = head_of(inputs.root)
        if commit is not None:
            return CommitFiles(inputs.root, commit)
    return TreeFiles(inputs.root, datetime.now(UTC).year)


def schedules_of(inputs: Inputs) -> tuple[Schedule, ...]:
    """The schedules of the environment, sorted by name."""
    return read_manifests(inputs).for_environment(inputs.environment.name)


def environment_name(env: str | None) -> str:
    """The name of the environment: by default ``local`` on a laptop; in CI it is required.

    Raises:
        RefusedError: in CI and not named.
    """
    if env is not None:
        return env
    if os.environ.get("CI"):
        raise RefusedError(
            "in CI, --env is required",
            remedy="Pass --env NAME, or --env local for the embedded engine.",
        )
    return LOCAL
