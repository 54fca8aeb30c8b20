"""What every command starts from: the repository, its settings and its manifests."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.errors import RefusedError
from reconciler.manifest import LOCAL, EnvironmentSettings, Manifests, Schedule, Settings, load
from reconciler.manifest import load_settings as read_settings


@dataclass(frozen=True, slots=True)
class Inputs:
    """The repository's side of a command.

    Attributes:
        root: the current directory, where ``reconciler.yaml`` is.
        folder: where the manifests are.
    """

    root: Path
    folder: Path
    settings: Settings
    environment: EnvironmentSettings


def read_inputs(args: Namespace) -> Inputs:
    """Read the settings and settle which environment is meant.

    Raises:
        ReconcileError: the settings are wrong, or there is no such environment.
        RefusedError: in CI no environment is named.
    """
    root = Path.cwd()
    settings = read_settings(root)
    if args.schedules is not None:
        settings = replace(settings, schedules=args.schedules)
    name = environment_name(args)
    return Inputs(root, root / settings.schedules, settings, settings.environment(name))


def read_manifests(inputs: Inputs) -> Manifests:
    """Read all manifests.

    Raises:
        ManifestError: with all that is wrong in them.
    """
    return load(inputs.folder, settings=inputs.settings, root=inputs.root)


def schedules_of(inputs: Inputs) -> tuple[Schedule, ...]:
    """The schedules of the environment, sorted by name."""
    return read_manifests(inputs).for_environment(inputs.environment.name)


def environment_name(args: Namespace) -> str:
    """The environment that is meant: ``local`` on a laptop, in CI it has to be said.

    Raises:
        RefusedError: in CI and not named.
    """
    if args.env is not None:
        return str(args.env)
    if os.environ.get("CI"):
        raise RefusedError(
            "in CI the environment has to be named",
            remedy="Say --env NAME, or --env local for the embedded engine.",
        )
    return LOCAL
