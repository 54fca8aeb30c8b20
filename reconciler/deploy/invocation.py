"""Calls of our deployed dispatcher, by people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import modal
from modal.exception import ExecutionError, NotFoundError

from reconciler.deploy.lost import lost_volume
from reconciler.deploy.modal_apps import ModalApps
from reconciler.deploy.modal_files import ModalFiles
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.adapters.modal_calls import ModalCaller, translated_errors
from reconciler.dispatch.answers import FailureKind, ModalError
from reconciler.dispatch.wake.request import UnknownScheduleError
from reconciler.errors import ReconcileError
from reconciler.model.generation import ON_DEMAND
from reconciler.model.runs_file import RunRecord, RunState, WakeLog

_NOT_STARTED: Final = "Container exited"
"""What the client's error says of a container that ended before it took its input."""
_NEWER: Final = {
    "args": "takes no arguments for a run",
    "rerun": "starts no further run of an occurrence",
    "rerun_args": "takes no arguments for a further run of an occurrence",
    "backfill": "drives no backfill",
    "test_alerts": "sends no test alerts",
}
"""Arguments of the dispatcher that older versions do not have, and what these do not do."""
_FAILED: Final = "internal error: "
_TRACEBACK: Final = "remote traceback:"
"""What stands before the container's traceback in the text of the client's error."""
FIRST_POLL: Final = 4.0
LONGEST_POLL: Final = 30.0
"""Seconds for which Modal holds back its answer about a call that has not ended: at first, and at
most. Each question takes twice as long as the one before it, so a run of 10 s takes two."""


async def call_dispatcher(
    app: str,
    environment: str,
    *,
    as_if: str | None = None,
    trigger: str | None = None,
    args: Mapping[str, object] | None = None,
    rerun: str | None = None,
    backfill: str | None = None,
    test_alerts: bool = False,
) -> str:
    """Wake the deployed dispatcher and return its log, empty when nothing was ever applied.

    Args:
        args: of a trigger or a further run: arguments in place of those of the manifest.
        rerun: the id of a further run of an occurrence, which is to start.
        backfill: the digest of the one because of which it is woken.
        test_alerts: send test alerts instead, and return the answer about them.

    Raises:
        ReconcileError: our app is not deployed, or the wake itself raised it, or what it raised
            cannot be read here.
        UnavailableError: the call failed.
    """
    asked = f"wake the dispatcher of the app {app} in {environment}"
    function: modal.Function[..., str, str] = modal.Function.from_name(
        app, ON_DEMAND, environment_name=environment
    )
    with translated_errors(asked):
        try:
            await function.hydrate.aio()
        except NotFoundError as error:
            raise ReconcileError(
                f"the app {app} is not deployed in the Modal environment {environment}",
                remedy="Run reconcile first.",
            ) from error
    try:
        with translated_errors(asked, patient=True):
            # A dispatcher of an older version takes none.
            more: dict[str, object] = {}
            if args:
                more["args" if rerun is None else "rerun_args"] = dict(args)
            if rerun is not None:
                more["rerun"] = rerun
            if backfill is not None:
                more["backfill"] = backfill
            if test_alerts:
                more["test_alerts"] = True
            return await _called(function, app, environment, as_if=as_if, trigger=trigger, **more)
    except ModalError as error:
        if error.kind is not FailureKind.INTERNAL:
            raise
        lost = await lost_volume(ModalApps(app, environment), ModalFiles(app, environment), app)
        if lost is not None:
            raise lost from error
        if _NOT_STARTED not in error.what:
            raise
        raise ReconcileError(
            f"the dispatcher's container could not start: {error.what.partition(_FAILED)[2]}",
            where=app,
            remedy=f"See its logs: modal app logs {app} --env {environment}. Then deploy it again: "
            "reconcile",
        ) from error


async def _called(
    function: modal.Function[..., str, str],
    app: str,
    environment: str,
    **given: object,
) -> str:
    try:
        return await function.remote.aio(**given)
    except UnknownScheduleError as error:
        raise ReconcileError(
            f"no schedule {error} is live now", remedy="See which are", command="status"
        ) from error
    except TypeError as error:
        for key, what in _NEWER.items():
            if key in given and f"unexpected keyword argument '{key}'" in str(error):
                raise ReconcileError(
                    f"the deployed dispatcher is of a version that {what}",
                    where=app,
                    remedy="Deploy this version: run reconcile. Then try it again.",
                ) from error
        raise
    except ExecutionError as error:
        raise _of_container(error, app, environment) from error


def _of_container(error: ExecutionError, app: str, environment: str) -> Exception:
    """What the client makes of an error whose class it does not have, without the traceback.

    The container's source is of the version that applied last, which may be newer than this one.
    """
    _, unreadable, trace = str(error).partition(_TRACEBACK)
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    if not unreadable or not lines:
        return error
    return ReconcileError(
        f"the dispatcher failed: {lines[-1]}",
        where=app,
        remedy=f"See its logs: modal app logs {app} --env {environment}. If another version of "
        "schedule-reconciler applied last, use that one.",
    )


async def send_test_alerts(app: str, environment: str) -> list[dict[str, str | None]]:
    """Let the deployed dispatcher send a test alert to each recipient.

    Returns:
        For each recipient ``to``, ``format`` and ``error``, None when it took the alert.

    Raises:
        ReconcileError, UnavailableError: as :func:`call_dispatcher`.
    """
    answer = await call_dispatcher(app, environment, test_alerts=True)
    return [json.loads(line) for line in answer.splitlines()]


async def wait_for_calls(log: WakeLog, environment: str) -> WakeLog:
    """Wait until every call that the wake started has ended; its lines then say how."""
    caller = ModalCaller(environment)

    async def ended(record: RunRecord) -> RunRecord:
        if record.state is not RunState.STARTED or record.call is None:
            return record
        seconds = FIRST_POLL
        while not (status := await caller.wait(record.call, seconds)).ended:
            seconds = min(2 * seconds, LONGEST_POLL)
        state = RunState(status.state.value)
        return replace(record, state=state, reason=status.reason, result=status.result)

    return replace(log, records=tuple(await together(*map(ended, log.records))))
