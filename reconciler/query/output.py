"""What a run printed, and by which calls: the question behind ``reconcile logs``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from reconciler.cron import instant
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.deploy.ports import CallGoneError, OutputLine
from reconciler.dispatch.ports import Claims
from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings
from reconciler.model.claim import ClaimState, read_claim, try_key
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run, begun
from reconciler.model.runs_file import RunState
from reconciler.query.name_matcher import records_of
from reconciler.query.nothing_found import NothingFoundError
from reconciler.query.ports import QueryPorts
from reconciler.query.reach import FAR_DAYS
from reconciler.query.runs import RunsWanted, find_runs, list_runs

LEAST_KEPT: Final = timedelta(days=1)
"""For how long every plan of Modal keeps logs."""
CALL: Final = "fc-"
"""How the id of a call begins, in the line of a try that was started."""
_NEWEST: Final = 20
"""Of a name alone, how many of the newest runs are looked at for one that has started."""
_NEIGHBOURS: Final = 1_000
"""How many runs are looked at for the nearest to a time."""
_STARTS: Final = 5
"""How often a try is started at most; see ``dispatch.wake.supervision``."""
_LOOK_AGAIN: Final = 1.0
"""Seconds for which Modal holds back its answer whether a supervisor has ended."""


class ExpiredLogsError(ReconcileError):
    """Modal no longer has the output of a run."""


class TargetCall(NamedTuple):
    """A call of the schedule's target.

    Attributes:
        attempt: counts the tries of a supervised run; 1 for any other.
    """

    attempt: int
    call: str


class CalledLine(NamedTuple):
    """A line with the call that printed it."""

    call: TargetCall
    line: OutputLine


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """The run whose output is asked for.

    Attributes:
        supervised: its call is a supervisor's, which prints nothing of its own.
        damaged: what cannot be read of the files that were read.
    """

    run: Run
    supervised: bool
    damaged: tuple[Damaged, ...] = ()


async def find_logged(
    ports: QueryPorts,
    settings: EnvironmentSettings,
    name: str,
    occurrence: Occurrence | None,
    *,
    days: int = FAR_DAYS,
) -> LoggedRun:
    """The run that is meant.

    Args:
        name: of a schedule, or the id of a task.
        occurrence: None for the newest run of that name, of those that started if there is one.

    Raises:
        NothingFoundError: there is none; of an occurrence, the error names the nearest.
        UnavailableError: Modal did not answer.
    """
    if occurrence is not None:
        try:
            exact = await find_runs(ports, occurrence, days=days)
        except NothingFoundError as error:
            raise await _nearest(ports, settings, occurrence, days, error) from error
        record = exact.records.get(exact.runs[-1].occurrence.name)
        last = exact.runs[-1].occurrence
        supervised = record is not None and record.supervises(last)
        return LoggedRun(exact.runs[-1], supervised, exact.damaged)
    wanted = RunsWanted(count=_NEWEST, days=days, name=name)
    found = await list_runs(ports, settings, wanted)
    if not found.runs:
        raise NothingFoundError(
            f"{name} has not run in the last {days} days",
            remedy="See its times",
            command=f"explain {name}",
        )
    started = [one for one in reversed(found.runs) if one.call is not None]
    run = max(started, key=begun, default=found.runs[-1])
    generation = await RemoteGenerations(ports.files).live()
    records = await records_of([run], generation, ports.tasks)
    record = records.get(run.occurrence.name)
    return LoggedRun(run, record is not None and record.supervises(run.occurrence), found.damaged)


async def _nearest(
    ports: QueryPorts,
    settings: EnvironmentSettings,
    occurrence: Occurrence,
    days: int,
    error: NothingFoundError,
) -> NothingFoundError:
    wanted = RunsWanted(count=_NEIGHBOURS, days=days, name=occurrence.name)
    runs = (await list_runs(ports, settings, wanted)).runs
    if not runs:
        return error
    nearest = min(runs, key=lambda one: abs(one.occurrence.at - occurrence.at)).occurrence
    better = NothingFoundError(
        f"the history has no {occurrence.id}; the nearest is {nearest.id}",
        remedy="Ask for that one",
        command=f"logs {nearest.id}",
    )
    better.damaged = error.damaged
    return better


async def kept_output(ports: QueryPorts, logged: LoggedRun) -> AsyncIterator[CalledLine]:
    """The output of a run that Modal still has.

    Raises:
        ReconcileError: the run was not started.
        ExpiredLogsError: Modal has dropped a call.
        UnavailableError: Modal did not answer.
    """
    run = logged.run
    calls = await _calls(run, ports.claims, supervised=logged.supervised)
    if not calls:
        raise _not_started(run)
    for call in calls:
        try:
            async for line in ports.output.kept(call.call):
                yield CalledLine(call, line)
        except CallGoneError as error:
            raise _expired(run) from error


async def followed_output(ports: QueryPorts, logged: LoggedRun) -> AsyncIterator[CalledLine]:
    """The output of a run that has started, from its first line until the run has ended.

    Raises:
        ExpiredLogsError: Modal does not know a call any more.
        UnavailableError: Modal did not answer.
    """
    run = logged.run
    assert run.call is not None
    number, ended = 1, not logged.supervised
    while True:
        call = (
            run.call if not logged.supervised else await _try(run.occurrence, number, ports.claims)
        )
        if call is not None:
            one = TargetCall(number, call)
            try:
                async for line in ports.output.follow(call):
                    yield CalledLine(one, line)
            except CallGoneError as error:
                raise _expired(run) from error
            number += 1
            if not logged.supervised:
                return
        elif ended:
            return
        else:
            # Once more after its end: a try may have begun between the two questions.
            ended = (await ports.caller.wait(run.call, _LOOK_AGAIN)).ended


def why_nothing(run: Run, ports: QueryPorts) -> str:
    """Why a run that has started has no output. Modal does not say whether logs have expired."""
    if run.is_open:
        return "it has printed nothing so far"
    if ports.clock.now() - instant(run.occurrence.at) <= LEAST_KEPT:
        return "it printed nothing"
    return (
        "it printed nothing, or its logs have expired: Modal's Starter plan keeps them for one day"
    )


async def _calls(run: Run, claims: Claims, *, supervised: bool) -> list[TargetCall]:
    """The calls of the target, first try first; empty where none was started.

    The call of a supervised run is its supervisor's. Those of the target are in the lines of its
    tries once it has ended, and in the claims of its tries while it runs.
    """
    if run.tries:
        # The tries that Modal itself makes are all of one call, which has one output.
        first_tries: dict[str, int] = {}
        for number, line in enumerate(run.tries, start=1):
            call = next((word for word in line.split() if word.startswith(CALL)), None)
            if call is not None:
                first_tries.setdefault(call, number)
        return [TargetCall(number, call) for call, number in first_tries.items()]
    if not supervised:
        return [] if run.call is None else [TargetCall(1, run.call)]
    found: list[TargetCall] = []
    while (call := await _try(run.occurrence, len(found) + 1, claims)) is not None:
        found.append(TargetCall(len(found) + 1, call))
    if found or run.is_open or run.call is None:
        return found
    # It ended before its schedule had supervised runs: its call is the target's own.
    return [TargetCall(1, run.call)]


async def _try(occurrence: Occurrence, number: int, claims: Claims) -> str | None:
    """The call of a try of a supervised run; None when it was not started, or not yet."""
    for start in range(1, _STARTS + 1):
        key = try_key(occurrence.id, number, start)
        entry = await claims.get(key)
        if entry is None:
            return None
        claim = read_claim(entry, key)
        if claim.state is ClaimState.STARTED:
            return claim.call
    return None


def _not_started(run: Run) -> ReconcileError:
    what = f"it was not started ({run.state.value})"
    if run.state is RunState.STARTED:
        what = "its first try has not started yet"
    return ReconcileError(
        f"{run.occurrence.id} has no logs: {what}" + (f": {run.reason}" if run.reason else ""),
        remedy="Ask why",
        command=f"explain {run.occurrence.name} {format_minute(run.occurrence.at)}",
    )


def _expired(run: Run) -> ExpiredLogsError:
    return ExpiredLogsError(
        f"the logs of {run.occurrence.id} have expired: Modal keeps a call for 7 days",
        remedy="See how it ended",
        command=f"runs {run.occurrence.id}",
    )
