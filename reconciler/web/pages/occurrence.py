"""The newest occurrence of a schedule, in sentences: what was due, what happened, what is next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from reconciler.cron import instant, tzinfo_named
from reconciler.dispatch.decide.dependencies import WAITS_FOR
from reconciler.model.runs import Run, duration, lateness
from reconciler.model.runs_file import RunState
from reconciler.query.long_run import Usual
from reconciler.query.status import ScheduleStatus
from reconciler.web.pages.listing import LONGEST
from reconciler.web.pages.moments import clock, moment, span


def local_time(at: int, zone: str) -> str:
    """``Sun 29 Nov 23:00``, in the schedule's zone."""
    local = instant(at).astimezone(tzinfo_named(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def sentences_of(one: ScheduleStatus, runs: Sequence[Run], now: datetime) -> tuple[str, ...]:
    """The sentences about its newest occurrence; none where there is none.

    Args:
        runs: its newest, oldest first.
    """
    return tuple(filter(None, _sentences(one, runs, now)))


def _sentences(one: ScheduleStatus, runs: Sequence[Run], now: datetime) -> Iterator[str]:
    run, zone = one.last, one.record.timezone
    if one.overdue is not None and (run is None or run.occurrence.at < one.overdue):
        place = zone.rpartition("/")[2].replace("_", " ")
        yield (
            f"Due {local_time(one.overdue, zone)} {place} ({moment(one.overdue, now).text}). "
            "No wake has processed it."
        )
        return
    if run is None:
        return
    yield _start(run, zone, now)
    yield _length(run, runs, now)
    yield _end(one, run, now)


def _start(run: Run, zone: str, now: datetime) -> str:
    place = zone.rpartition("/")[2].replace("_", " ")
    at = run.occurrence.at
    due = f"Due {local_time(at, zone)} {place} ({moment(at, now).text})."
    if run.started is None:
        return f"{due} {_not_started(run)}"
    begun, late = datetime.fromisoformat(run.started), lateness(run) or 0
    slot = f"A wake of slot {run.slot}" if run.slot else "A wake"
    after = span(timedelta(seconds=late)) or "0 s"
    return f"{due} {slot} started it at {begun:%H:%M:%S}Z, {after} after its time."


def _not_started(run: Run) -> str:
    because = f": {run.reason[:LONGEST]}" if run.reason else ""
    if run.state is RunState.QUEUED:
        # What waits for other schedules says so itself.
        waits = (run.reason or "").startswith(WAITS_FOR)
        return f"It {because[2:]}." if waits else f"It waits{because}."
    if run.state is RunState.START_FAILED:
        return f"It has not started yet{because}."
    return f"It did not start{because}."


def _length(run: Run, runs: Sequence[Run], now: datetime) -> str:
    before = Usual.of(other for other in runs if other.occurrence != run.occurrence)
    usual = ""
    if before is not None:
        shortest, longest = (
            span(timedelta(seconds=seconds)) for seconds in (before.shortest, before.longest)
        )
        usual = f" The {before.successes} successes before took {shortest} to {longest}."
    if run.state is RunState.STARTED and run.started is not None:
        elapsed = span(now - datetime.fromisoformat(run.started)) or "0 s"
        return f"It has been running for {elapsed}.{usual}"
    length = duration(run)
    if length is None:
        return ""
    return f"It took {span(timedelta(seconds=length))}.{usual}"


def _end(one: ScheduleStatus, run: Run, now: datetime) -> str:
    record = one.record
    if run.state is RunState.STARTED and run.started is not None:
        retries = f"{record.retries} retries are configured." if record.retries else ""
        if record.timeout is None:
            return retries
        end = datetime.fromisoformat(run.started) + timedelta(seconds=record.timeout)
        when = f"in {span(end - now)}" if end > now else "now"
        limit = span(timedelta(seconds=record.timeout))
        retries = retries or "No retry is configured."
        return f"At {clock(end, now)}, {when}, it reaches its timeout of {limit}. {retries}"
    if one.following is None:
        return "No further occurrence."
    following = moment(one.following, now, record.timezone)
    streak = ""
    if one.failures > 1:
        streak = f"Its streak is {one.failures} failures. "
    return f"{streak}The next occurrence is {following.text}, {following.relative or 'now'}."
