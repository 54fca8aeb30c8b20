"""``reconcile init``: settings, an example, workflows and schemas; what is there is left alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from reconciler.cli.terminal import show
from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.importers.new_repository import (
    StarterFile,
    installed_action,
    starter_files,
    write_missing,
)
from reconciler.manifest import LOCAL, Settings, holds_manifests, load_settings
from reconciler.manifest.discovery import repository_root
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.manifest.text_types import MODAL_NAME_PATTERN

PRODUCTION: Final = "production"
_FIRST_STEPS: Final = """
Next, try it here, on the embedded Modal:
  reconcile                                   plans, asks, and applies the example
  reconcile trigger morning-greeting --logs   runs it at once"""
_GO_ON: Final = """
Next, see what an apply to the embedded Modal would do:
  reconcile plan"""


def main(*, env: str | None, schedules: str | None, action: str | None) -> int:
    """Write what is missing and say what was left alone. Returns the exit code.

    Args:
        env: the environment that CI applies to; by default `production`, or what settings that are
            there declare alone.
    """
    action = action or installed_action()
    here = Path.cwd()
    has_settings = (here / SETTINGS_FILE).exists()
    settings = load_settings(here, SETTINGS_FILE) if has_settings else Settings()
    folder = schedules or settings.schedules
    environment = _environment(env, settings)
    example = not holds_manifests(here / folder)
    place = here.relative_to(repository_root(here) or here).as_posix()
    at_root = place == "."
    chosen = action if at_root else None
    # All content is made first: a wrong option leaves no half of it behind.
    for found in list(starter_files(environment, chosen, folder, example=example)):
        written = write_missing(here, found)
        print(f"{'wrote' if written else 'left alone':10}  {found.path}")
        if not written and found.path == ".gitignore" and not _holds(found):
            print(f"            it should hold the line {found.content}", end="")
    if not at_root:
        show(
            "no workflows: GitHub reads them at the root of the repository only. Run init there, "
            f"and give the action `folder: {printable(place)}`."
        )
    elif action is None:
        show(
            "no workflows: it is not known from which commit on GitHub this was installed.\n"
            "            To get them: reconcile init --action OWNER/REPOSITORY@COMMIT"
        )
    show(_FIRST_STEPS if example else _GO_ON)
    return 0


def _environment(env: str | None, settings: Settings) -> str:
    """The environment that CI applies to.

    Raises:
        ReconcileError: it cannot be one, or the settings declare others.
    """
    if env is None:
        declared = sorted(settings.declared)
        if not declared or PRODUCTION in declared:
            return PRODUCTION
        if len(declared) > 1:
            raise ReconcileError(
                f"{SETTINGS_FILE} declares {', '.join(declared)}: to which of them does CI apply?",
                remedy="Name it: reconcile init --env NAME",
            )
        return declared[0]
    if env == LOCAL:
        raise ReconcileError(
            "--env: `local` is the embedded Modal, to which CI does not apply",
            remedy=f"Name the environment that CI applies to, such as {PRODUCTION}.",
        )
    if not re.fullmatch(MODAL_NAME_PATTERN, env) or len(env) > _LONGEST:
        raise ReconcileError(
            f"--env: {env!r} is not the name of an environment",
            remedy=f"Use letters, digits, `.`, `_` and `-`, at most {_LONGEST}.",
        )
    settings.environment(env)
    return env


_LONGEST: Final = 64


def _holds(found: StarterFile) -> bool:
    try:
        text = (Path.cwd() / found.path).read_text(encoding="utf-8", errors="replace")
    except OSError:  # it is left alone, whatever it is
        return False
    lines = text.splitlines()
    return found.content.strip() in map(str.strip, lines)
