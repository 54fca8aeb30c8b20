"""Whether an occurrence may start, given the runs of the schedules that it waits for. Pure.

The occurrence at t waits for the newest occurrence of each upstream in ``(t - within, t]``. The
wake gathers the runs that the history has of these
(:mod:`reconciler.dispatch.wake.dependencies`); then this decides, without a call. No claim is made
for waiting, so what is decided here can be decided again by another wake; the claim is made when
the occurrence starts, or is dropped.

What it is not: a promise about the future. An upstream that succeeded and is run again after that
does not stop what has started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from reconciler.cron import instant, minute, tzinfo_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.dispatch.decide.nominal_times import exclusion, latest_time, running_times
from reconciler.durations import format_seconds
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord, Upstream
from reconciler.policies import Catchup, Condition

WAITS_AT_MOST: Final = 7 * MINUTES_PER_DAY
"""Minutes that an occurrence waits at most whose next occurrence does not end its waiting."""
WAITS_FOR: Final = "waits for "
"""How the reason of what waits begins."""
_FAILED: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED})
_NOT_OVER: Final = frozenset({RunState.STARTED, RunState.QUEUED, RunState.START_FAILED})


class Ruling(Enum):
    """What an occurrence may do."""

    START = "start"
    WAIT = "wait"
    SKIP = "skip"
    MISS = "miss"


class Ruled(NamedTuple):
    """A decision about one occurrence.

    Attributes:
        reason: for the history; None of one that starts.
        running: the upstream runs for whose end it waits.
    """

    ruling: Ruling
    reason: str | None = None
    running: tuple[Run, ...] = ()


class UpstreamRuns(NamedTuple):
    """One upstream, and what the history says of it.

    Attributes:
        record: None when it is not among the schedules that were read.
        runs: by nominal time, epoch minutes. An occurrence that is not among them was not processed
            yet, or its runs file is lost.
    """

    upstream: Upstream
    record: ScheduleRecord | None
    runs: Mapping[int, Run]

    @classmethod
    def of(
        cls, upstream: Upstream, record: ScheduleRecord | None, runs: Iterable[Run]
    ) -> UpstreamRuns:
        """Of all runs those of the upstream, whatever its name was then. Of an occurrence that has
        several, the last that has ended counts."""
        found: dict[int, Run] = {}
        for run in sorted(runs, key=lambda run: run.occurrence.run):
            at = run.occurrence.at
            if record is None or run.occurrence.first != record.occurrence(at):
                continue
            if at not in found or run.state not in _NOT_OVER:
                found[at] = run
        return cls(upstream, record, found)

    def newest(self, at: int) -> int | None:
        """The nominal time of the occurrence for which one at this epoch minute waits; None when
        there is none.

        What the history has counts whatever the times are today: a schedule that changed them has
        run at the old ones, and a person can have started it at any minute.
        """
        after = at - self.upstream.within
        times = [time for time in self.runs if after < time <= at]
        if self.record is not None:
            latest = latest_time(self.record, at)
            if latest is not None and latest > after:
                times.append(latest)
        return max(times, default=None)


def decide_dependencies(
    record: ScheduleRecord, at: int, upstreams: Iterable[UpstreamRuns], now: int
) -> Ruled:
    """Decide about one occurrence that has not started.

    It starts when each upstream allows it. One that did not run, and was not to run, skips it. Else
    it waits, and the end of its waiting makes it a miss.

    Args:
        at: its nominal time.
        now: epoch minute.
    """
    ruled = [_of_one(one, at) for one in upstreams]
    skipped = [one.reason for one in ruled if one.ruling is Ruling.SKIP]
    if skipped:
        return Ruled(Ruling.SKIP, skipped[0])
    waits = [one for one in ruled if one.ruling is Ruling.WAIT]
    if not waits:
        return Ruled(Ruling.START)
    names = ", and ".join(one.reason or "" for one in waits)
    running = tuple(one.running for one in waits if one.running is not None)
    over = _over(record, at, now, is_open=any(one.is_open for one in waits))
    if over is not None:
        return Ruled(Ruling.MISS, f"waited for {names}, {over}", running)
    return Ruled(Ruling.WAIT, f"{WAITS_FOR}{names}", running)


def alert_time(record: ScheduleRecord, at: int) -> int | None:
    """The epoch minute from which on an alert says that an occurrence still waits: the first time
    ``by`` after it, in the schedule's zone. None without ``by``."""
    return min(
        (_next_time_of_day(record, at, one.by) for one in record.after if one.by is not None),
        default=None,
    )


def _next_time_of_day(record: ScheduleRecord, at: int, by: int) -> int:
    zone = tzinfo_named(record.timezone)
    day = instant(at).astimezone(zone).date()
    # One of these two days has it after ``at``; the third is for a time that a clock change skips.
    for ahead in range(3):
        local = datetime.combine(day, datetime.min.time(), zone) + timedelta(days=ahead)
        found = minute(local.replace(hour=by // 60, minute=by % 60))
        if found > at:
            return found
    return at + MINUTES_PER_DAY


class _OfOne(NamedTuple):
    """What one upstream makes of an occurrence.

    Attributes:
        is_open: it waits for a run that may still end by itself.
    """

    ruling: Ruling
    reason: str | None = None
    running: Run | None = None
    is_open: bool = False


def _of_one(one: UpstreamRuns, at: int) -> _OfOne:
    name, within, on, _by = one.upstream
    if one.record is None:
        return _OfOne(Ruling.WAIT, f"{name}, which is not among the schedules that can be read")
    newest = one.newest(at)
    if newest is None:
        reason = f"{name} has no occurrence in the {format_seconds(within * 60)} before it"
        return _starts_or(on, reason)
    occurrence = one.record.occurrence(newest)
    run = one.runs.get(newest)
    if run is None:
        excluded = exclusion(one.record, newest)
        if excluded is not None:
            return _starts_or(on, f"{occurrence.id} does not run: {excluded}")
        return _waits(on, occurrence, "has not started", is_open=True)
    return _of_run(on, occurrence, run)


def _of_run(on: Condition, occurrence: Occurrence, run: Run) -> _OfOne:
    if run.state in _NOT_OVER:
        running = run if run.is_open else None
        return _waits(on, occurrence, _OPEN_SAYS[run.state], running=running, is_open=True)
    if run.state is RunState.SKIPPED:
        why = f": {run.reason}" if run.reason else ""
        return _starts_or(on, f"{occurrence.id} was skipped{why}")
    if _MEETS[on](run.state):
        return _OfOne(Ruling.START)
    if on is Condition.FAILED and run.state is RunState.SUCCEEDED:
        return _OfOne(Ruling.SKIP, f"{occurrence.id} succeeded; on is failed")
    when = "" if run.state is RunState.MISSED else f" at {run.seen[:16]}Z"
    return _waits(on, occurrence, f"{_ENDED_SAYS[run.state]}{when}")


def _waits(
    on: Condition,
    occurrence: Occurrence,
    says: str,
    *,
    running: Run | None = None,
    is_open: bool = False,
) -> _OfOne:
    asks = "" if on is Condition.SUCCEEDED else f" (on is {on})"
    return _OfOne(Ruling.WAIT, f"{occurrence.id}, which {says}{asks}", running, is_open)


def _starts_or(on: Condition, reason: str) -> _OfOne:
    """It is skipped, unless the end of the upstream is enough: what does not run has ended."""
    return _OfOne(Ruling.START) if on is Condition.ENDED else _OfOne(Ruling.SKIP, reason)


_MEETS: Final[Mapping[Condition, Callable[[RunState], bool]]] = {
    Condition.SUCCEEDED: lambda state: state is RunState.SUCCEEDED,
    Condition.FAILED: _FAILED.__contains__,
    Condition.ENDED: lambda _state: True,
}
_OPEN_SAYS: Final = {
    RunState.STARTED: "is running",
    RunState.QUEUED: "waits itself",
    RunState.START_FAILED: "could not be started yet",
}
_ENDED_SAYS: Final = {
    RunState.SUCCEEDED: "succeeded",
    RunState.FAILED: "failed",
    RunState.TIMED_OUT: "timed out",
    RunState.CANCELLED: "was cancelled",
    RunState.EXPIRED: "ended with an outcome that Modal no longer knows",
    RunState.MISSED: "was missed",
}


def _over(record: ScheduleRecord, at: int, now: int, *, is_open: bool) -> str | None:
    """Why the waiting of an occurrence has ended; None while it goes on.

    Args:
        is_open: it waits for a run that may still end by itself.
    """
    if record.deadline is not None and (now - at) * 60 > record.deadline:
        return f"until its deadline of {format_seconds(record.deadline)} was over"
    if now - at > WAITS_AT_MOST and (record.catchup is Catchup.ALL or record.follows):
        return "for 7 days"
    if record.catchup is Catchup.ALL or (record.follows and is_open):
        # One that follows has an occurrence for each of its upstream: while that one runs, a newer
        # one takes nothing from it.
        return None
    following = next(running_times(record, at), None)
    if following is None:
        return "for 7 days" if now - at > WAITS_AT_MOST else None
    return f"until {format_minute(following)} was due" if following <= now else None
