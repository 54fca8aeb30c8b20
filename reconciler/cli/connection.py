"""A connection to the environment's Modal, the real one or the embedded engine."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from reconciler.cli.credentials import check_log_level, check_profile, clean_variables
from reconciler.cli.inputs import Inputs
from reconciler.deploy.local_engine import STATE_FOLDER, find_running, local_engine, pointed_at
from reconciler.errors import ReconcileError
from reconciler.manifest import LOCAL, EnvironmentSettings
from reconciler.manifest.code_target import IMAGE_PYTHON
from reconciler.manifest.settings import LOCAL_MODAL
from reconciler.manifest.settings_file import SETTINGS_FILE

if TYPE_CHECKING:
    from reconciler.deploy.ports import Apps, Files, Workspace
    from reconciler.dispatch.wake.request import Ports
    from reconciler.model.formats import Damaged
    from reconciler.query.ports import QueryPorts

THROTTLE_WAIT: Final = "60"
"""Seconds that the client waits on throttling; without this it waits for ever."""
CLIENT_LOGS: Final = ("modal-client", "modal-utils")
"""The loggers of what Modal's client does in the background."""


@contextmanager
def connected(inputs: Inputs) -> Iterator[bool]:
    """Point Modal's client at the environment until the block ends.

    Yields:
        Whether its Modal goes on after that: an embedded engine that is started for the block ends
        with it, and so do the runs in it.

    Raises:
        ReconcileError: the embedded engine does not start, or a variable of Modal's client cannot
            be right.
    """
    check_log_level(os.environ)
    for name in CLIENT_LOGS:
        logging.getLogger(name).addFilter(_without_traceback)
    if inputs.environment.name == LOCAL:
        state = inputs.root / STATE_FOLDER
        if not state.exists() and not _is_begun(inputs):
            raise ReconcileError(
                "there are neither settings nor manifests here, and no embedded Modal has run here",
                where=str(inputs.root),
                remedy="Run it in the folder of a repository with schedules, or begin one here: "
                "reconcile init",
            )
        goes_on = find_running(state) is not None
        with local_engine(state) as endpoint, pointed_at(endpoint):
            yield goes_on
    else:
        clean_variables(os.environ)
        check_profile()
        os.environ.setdefault("MODAL_MAX_THROTTLE_WAIT", THROTTLE_WAIT)
        yield True


def _is_begun(inputs: Inputs) -> bool:
    return inputs.folder.exists() or (inputs.root / SETTINGS_FILE).exists()


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keeps every message and drops its traceback, e.g. of a heartbeat that had no answer."""
    record.exc_info = None
    return True


def open_workspace(inputs: Inputs, commit: str | None = None) -> Workspace:
    """The ports of an apply, on the environment that we are connected to.

    Args:
        commit: whose manifests are planned; None for the work tree.
    """
    from reconciler.deploy.cloudflare.account import CloudflareWorkers
    from reconciler.deploy.modal_apps import ModalApps
    from reconciler.deploy.modal_files import ModalFiles
    from reconciler.deploy.owner import GitCheckout
    from reconciler.deploy.ports import Workspace
    from reconciler.dispatch.adapters.modal_calls import ModalClaims, SystemClock
    from reconciler.web.entrypoint import ENDPOINTS

    name, environment = inputs.environment.app, inputs.environment.modal
    return Workspace(
        apps=ModalApps(name, environment, _image_python(inputs), ENDPOINTS),
        files=ModalFiles(name, environment),
        claims=ModalClaims(name, environment),
        clock=SystemClock(),
        checkout=GitCheckout(inputs.root, commit),
        environ=dict(os.environ),
        workers=CloudflareWorkers(dict(os.environ)),
    )


def live_in(inputs: Inputs) -> tuple[Apps, Files, EnvironmentSettings]:
    """The apps, the files and the settings of the environment that we are connected to."""
    workspace = open_workspace(inputs)
    return workspace.apps, workspace.files, inputs.environment


def _image_python(inputs: Inputs) -> str:
    """The Python version of images that name none: the embedded engine has this machine's."""
    if inputs.environment.name != LOCAL:
        return IMAGE_PYTHON
    return ".".join(map(str, sys.version_info[:2]))


def open_ports(inputs: Inputs) -> Ports:
    """The dispatcher's ports, read from outside; unreadable files are named on standard error."""
    from reconciler.cli.damaged import WarningRunLog, warn_of_damage
    from reconciler.client.task_files import ModalTaskFiles
    from reconciler.deploy.modal_files import RemoteGenerations, RemoteRunLog
    from reconciler.dispatch.adapters.modal_calls import ModalCaller
    from reconciler.dispatch.wake.request import Ports

    workspace = open_workspace(inputs)

    return Ports(
        clock=workspace.clock,
        claims=workspace.claims,
        generations=RemoteGenerations(workspace.files, warn_of_damage),
        caller=ModalCaller(inputs.environment.modal),
        log=WarningRunLog(RemoteRunLog(workspace.files), removal_in(inputs)),
        tasks=ModalTaskFiles(inputs.environment.app, inputs.environment.modal),
    )


def open_query(inputs: Inputs) -> QueryPorts:
    """What questions are asked of: the environment that we are connected to."""
    from reconciler.deploy.cloudflare.account import CloudflareWorkers
    from reconciler.query.modal_ports import modal_ports

    ports = modal_ports(inputs.environment.app, inputs.environment.modal)
    return replace(ports, workers=CloudflareWorkers(dict(os.environ)))


class _Answer(Protocol):
    @property
    def damaged(self) -> tuple[Damaged, ...]: ...


A = TypeVar("A", bound=_Answer)


def ask(inputs: Inputs, question: Coroutine[Any, Any, A]) -> A:
    """Run a question, and name on standard error the files that it skipped."""
    from reconciler.cli.damaged import warn_of_damage
    from reconciler.cli.signals import run
    from reconciler.query.nothing_found import NothingFoundError

    try:
        found = run(question)
    except NothingFoundError as error:
        warn_of_damage(error.damaged, removal_in(inputs))
        raise
    warn_of_damage(found.damaged, removal_in(inputs))
    return found


def removal_in(inputs: Inputs) -> Callable[[str], str]:
    """What makes of a path on our Volume the command that removes it."""
    ours = inputs.environment
    is_local = ours.name == LOCAL
    program = "reconcile engine exec modal" if is_local else "modal"
    place = "" if is_local and ours.modal == LOCAL_MODAL else f" --env {ours.modal}"
    return lambda path: f"{program} volume rm {ours.app} {path}{place}"
