"""An error of ours that a container raises is the same error for whoever called it."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reconciler
from reconciler.cli.source import NewEnvironmentError
from reconciler.cron.cron_errors import CronError, ZoneError
from reconciler.deploy.ports import MissingSecretError
from reconciler.deploy.revisions import CommittedFiles
from reconciler.deploy.schedule_texts import UnknownScheduleTextError
from reconciler.dispatch.answers import (
    FailureKind,
    ModalError,
    UnauthenticatedError,
    UnavailableError,
)
from reconciler.dispatch.wake.request import NothingAppliedError, UnknownScheduleError
from reconciler.errors import ReconcileError, UnknownEnvironmentError
from reconciler.manifest import Settings
from reconciler.manifest.location import Location
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.model.formats import GoneError, NewerFormatError
from reconciler.pack.slots import BudgetError
from reconciler.web.problems import RequestError

MADE_OTHERWISE: dict[type[ReconcileError], tuple[Any, ...]] = {
    BudgetError: (3,),
    GoneError: ("generations/0.jsonl",),
    ManifestError: ([Problem("no name", Location("a.yaml", 1, 1))],),
    MissingSecretError: ("alerting", ["URL"], "main"),
    NewEnvironmentError: (
        "nope",
        Settings(),
        CommittedFiles(Path(), "c" * 40, "Ada", None),
    ),
    NewerFormatError: ("cursor", 9, 1),
    ModalError: (FailureKind.PERMISSION, "not yours"),
    RequestError: (404, "not-found", "there is nothing"),
    UnauthenticatedError: (FailureKind.AUTHENTICATION, "no token"),
    UnknownScheduleTextError: ("app", "function", "odd"),
    UnknownEnvironmentError: ("nope", ["main"]),
    ZoneError: ("Mars/Base",),
}
"""What the constructors take that are not those of the hierarchy."""


def errors() -> list[type[ReconcileError]]:
    """Every class of errors that the package has."""
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted({ReconcileError, *_below(ReconcileError)}, key=lambda kind: kind.__qualname__)


def _below(kind: type[ReconcileError]) -> Iterator[type[ReconcileError]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("reconciler."):
            yield one
            yield from _below(one)


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: kind.__qualname__)
def test_an_error_comes_through_pickling_with_all_that_it_says(kind: type[ReconcileError]) -> None:
    if kind is CronError:
        error: ReconcileError = CronError("a minute is missing", start=0, end=3, suggestion="0")
    elif kind in MADE_OTHERWISE:
        error = kind(*MADE_OTHERWISE[kind])
    else:
        error = kind("it broke", where="here", remedy="Mend it", command="runs a")
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is kind
    assert (there.message_for("production"), there.exit_code, vars(there)) == (
        error.message_for("production"),
        error.exit_code,
        vars(error),
    )


@pytest.mark.parametrize("kind", [NothingAppliedError, UnavailableError, UnknownScheduleError])
def test_so_do_the_other_errors_of_a_wake(kind: type[Exception]) -> None:
    there = pickle.loads(pickle.dumps(kind("a")))
    assert (type(there), there.args) == (kind, ("a",))
