"""``reconcile doctor``: whether everything that commands need is there."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from reconciler import __version__
from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import Inputs, Place, find_place, read_inputs, read_manifests
from reconciler.cli.signals import run
from reconciler.cli.terminal import columns
from reconciler.deploy.local_engine import STATE_FOLDER, find_running
from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json
from reconciler.manifest import LOCAL, ManifestError
from reconciler.manifest.discovery import repository_root
from reconciler.manifest.settings_file import SETTINGS_FILE
from reconciler.query.checks import Check, CheckVerdict
from reconciler.render.style import Style
from reconciler.words import count

PRIVATE: Final = 0o700
"""The permissions of the engine's state folder, which holds secrets."""


def main(*, env: str | None, schedules: str | None, probe: bool, out: str | None, form: str) -> int:
    """Print the checks. Returns 0 when there is no problem, else 1.

    Args:
        probe: measure on a scratch app what Modal does not document.
        out: the file for what the probe found.
    """
    from reconciler.render.doctor import doctor_document, doctor_text, is_well

    checks = list(_versions())
    place = find_place(schedules)
    checks += _repository(place)
    inputs: Inputs | None = None
    try:
        inputs = read_inputs(env, schedules)
    except ReconcileError as error:
        checks.append(Check("settings", CheckVerdict.PROBLEM, _words(error), error.remedy))
    if inputs is not None:
        checks.append(_manifests(inputs))
        checks += _engine(inputs)
        checks += _of_modal(inputs, probe=probe, out=out)
    if form == "json":
        print(in_json(doctor_document(checks).model_dump_json(indent=2)))
    else:
        print(doctor_text(checks, Style.of(sys.stdout), columns()))
    return 0 if is_well(checks) else 1


def _versions() -> Iterator[Check]:
    yield Check("reconcile", CheckVerdict.OK, __version__)
    yield Check("python", CheckVerdict.OK, f"{platform.python_version()}, {sys.executable}")
    for package in ("modal", "tzdata"):  # that they are there was checked before
        yield Check(package, CheckVerdict.OK, metadata.version(package))


def _repository(place: Place) -> Iterator[Check]:
    if repository_root(Path.cwd()) is None:
        remedy = "Run `git init`: outside of `local`, a plan is of a commit."
        yield Check("git", CheckVerdict.NOTE, "not a git repository", remedy)
    else:
        yield Check("git", CheckVerdict.OK, str(place.top))
    if (place.root / SETTINGS_FILE).exists():
        yield Check("settings", CheckVerdict.OK, str(place.root / SETTINGS_FILE))
    else:
        yield Check("settings", CheckVerdict.OK, f"no {SETTINGS_FILE}: the defaults hold")


def _manifests(inputs: Inputs) -> Check:
    try:
        manifests = read_manifests(inputs)
    except ManifestError as error:
        first, *more = error.problems
        others = f", and {count(len(more), 'more problem')}: reconcile validate" if more else ""
        found = f"{first.location}: {first.message}{others}"
        return Check("manifests", CheckVerdict.PROBLEM, found, first.remedy)
    here = len(manifests.for_environment(inputs.environment.name))
    found = f"{count(len(manifests.schedules), 'schedule')} in {count(manifests.files, 'file')}"
    return Check("manifests", CheckVerdict.OK, f"{found}; {here} in {inputs.environment.name}")


def _engine(inputs: Inputs) -> Iterator[Check]:
    if inputs.environment.name != LOCAL:
        return
    state = inputs.root / STATE_FOLDER
    running = find_running(state)
    if running is None:
        start = "Start it in another terminal: reconcile engine"
        yield Check("engine", CheckVerdict.NOTE, "is not running: no cron fires", start)
    else:
        yield Check("engine", CheckVerdict.OK, f"runs at {running.url}")
    if not state.exists():
        return
    mode = stat.S_IMODE(state.stat().st_mode)
    if not os.access(state, os.W_OK):
        yield Check(
            "state", CheckVerdict.PROBLEM, f"{state} cannot be written", "Make it writable."
        )
    elif mode & ~PRIVATE:
        remedy = f"Take the permissions of others away: chmod 700 {state}"
        yield Check("state", CheckVerdict.PROBLEM, f"{state} is open to others ({mode:o})", remedy)
    else:
        yield Check("state", CheckVerdict.OK, str(state))


def _of_modal(inputs: Inputs, *, probe: bool, out: str | None) -> Sequence[Check]:
    try:
        with connected(inputs):
            from reconciler.deploy.modal_account import ModalAccount
            from reconciler.query.doctor import examine

            account = ModalAccount(is_local=inputs.environment.name == LOCAL)
            found = list(run(examine(account, open_workspace(inputs), inputs.environment)))
            if probe:
                from reconciler.cli.probe import probed

                found += probed(inputs, out)
            return found
    except ReconcileError as error:
        return [Check("Modal", CheckVerdict.PROBLEM, _words(error), error.remedy)]


def _words(error: ReconcileError) -> str:
    return f"{error.where}: {error.what}" if error.where else error.what
