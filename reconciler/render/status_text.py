"""A status as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from reconciler.foreign_text import as_lines, on_one_line
from reconciler.model.occurrence import format_minute
from reconciler.model.pointer import Pointer
from reconciler.model.runs import lateness
from reconciler.query.status import ScheduleStatus, State, Status, Tasks, TaskStatus
from reconciler.render.backfill_line import backfill_json, backfill_line
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import (
    brief,
    clock_text,
    rerun_command,
    run_json,
    state_text,
    took_text,
)
from reconciler.render.style import Style
from reconciler.render.worker_status_text import (
    latency_json,
    worker_status_json,
    worker_status_lines,
)
from reconciler.words import count, rough_duration


def status_text(
    status: Status,
    style: Style,
    remedies: Mapping[str, str] = MappingProxyType({}),
    listed: Sequence[ScheduleStatus] | None = None,
    environment: str | None = None,
) -> str:
    """The status, several lines.

    Args:
        remedies: for each damaged place what repairs it.
        listed: the schedules to list; None for all. The others are counted.
        environment: the one that commands name; None for the default.
    """
    listed = status.schedules if listed is None else listed
    return as_lines(_lines(status, style, remedies, listed, environment))


def status_json(status: Status, listed: Sequence[ScheduleStatus] | None = None) -> dict[str, Any]:
    """The status as JSON; ``listed`` as in :func:`status_text`."""
    pointer = status.pointer
    return {
        "format": OUTPUT_FORMAT,
        "well": status.well,
        "generation": status.generation,
        "tz": status.tz or None,
        "commit": None if pointer is None else pointer.commit,
        "dirty": None if pointer is None else pointer.dirty,
        "rolled_back_from": None if pointer is None else pointer.rolled_back_from,
        "author": None if pointer is None else pointer.author,
        "link": None if pointer is None else pointer.link,
        "applied_by": None if pointer is None else pointer.by,
        "applied_at": None if pointer is None else pointer.at,
        "schedules": [
            {
                "name": item.record.name,
                "commit": status.commits.get(item.record.name),
                "state": item.state.value,
                "well": item.well,
                "suspended": item.suspended,
                "suspended_until": _time(item.record.resumes) if item.suspended else None,
                "suspended_reason": (item.record.suspended or None) if item.suspended else None,
                "last": None if item.last is None else run_json(item.last),
                "next": _time(item.following),
                "overdue": _time(item.overdue),
                "rebuilt_at": _time(item.rebuilt),
                "anchor_ahead": _time(item.record.anchor if item.ahead else None),
                "late_seconds": item.late,
                "failure_streak": item.failures,
                "missed_streak": item.missed,
                "start_by": _time(item.start_by),
            }
            for item in (status.schedules if listed is None else listed)
        ],
        "tasks": {
            "pending": status.tasks.pending,
            "needs_attention": [_task_json(task) for task in status.tasks.wanting],
        },
        "backfills": [backfill_json(one) for one in status.backfills],
        "runs_twice": [doubled._asdict() for doubled in status.twice],
        "deployment": [
            {"what": one.what, "reason": one.reason, "remedy": one.remedy}
            for one in status.findings
        ],
        "open_runs_not_asked": status.not_asked,
        "cursor_ahead": _time(status.cursor_ahead),
        "damaged": [{"where": one.where, "why": one.why} for one in status.damaged],
        "slots": [
            {
                "slot": item.slot.name,
                "cron": item.slot.cron,
                "last_wake": item.last_wake,
                "overdue": _time(item.overdue),
            }
            for item in status.slots
        ],
        "worker": None if status.worker is None else worker_status_json(status.worker),
        "latency": None if status.latency is None else latency_json(status.latency, "runs"),
    }


def _lines(
    status: Status,
    style: Style,
    remedies: Mapping[str, str],
    listed: Sequence[ScheduleStatus],
    environment: str | None,
) -> Iterator[str]:
    pointer = status.pointer
    edition = f", tz database {status.tz}" if status.tz else ""
    yield style.bold(f"Generation {status.generation[:12]}{_origin(pointer)}{edition}")
    if pointer is not None and pointer.rolled_back_from is not None:
        yield (
            f"Rolled back on purpose from commit {pointer.rolled_back_from[:12]}, which is ahead "
            "of what is live: the next apply from there undoes the rollback."
        )
    yield from _rebuilt_lines(status)
    width = max((len(item.record.name) for item in listed), default=0)
    for item in listed:
        yield f"  {item.record.name:{width}}  {_next(item, style)}  {_last(item, style)}"
    yield from _count_lines(status, listed)
    yield from _repair_lines(listed, environment)
    if status.slots:
        yield style.bold("Slots")
    slots = max((len(item.slot.name) for item in status.slots), default=0)
    for slot in status.slots:
        woke = "has not woken yet" if slot.last_wake is None else f"last woke {slot.last_wake}"
        overdue = "" if slot.overdue is None else f", overdue since {format_minute(slot.overdue)}"
        yield (
            f"  {slot.slot.name:{slots}}  {slot.slot.cron} ({slot.slot.timezone})  {woke}"
            f"{style.red(overdue) if overdue else ''}"
        )
    if status.worker is not None:
        yield from worker_status_lines(status.worker, status.latency, style)
    if status.backfills:
        yield style.bold("Backfills")
    yield from (f"  {backfill_line(one, style)}" for one in status.backfills)
    yield from _task_lines(status.tasks, style)
    yield from _damage_lines(status, style, remedies)
    yield from _clock_lines(status, style)
    if status.twice:
        yield style.bold("Runs twice")
    for doubled in status.twice:
        yield f"  {style.yellow(str(doubled))}"
    if status.findings:
        yield style.bold("Deployment")
    for finding in status.findings:
        yield f"  {style.red(f'{finding.what} {finding.reason}')}"
        yield f"    {finding.remedy}"
    bad = [finding.what for finding in status.findings]
    drift = {finding.schedule for finding in status.findings}
    bad += [
        one.record.name for one in status.schedules if not one.well and one.record.name not in drift
    ]
    bad += [f"slot {slot.slot.name}" for slot in status.slots if slot.overdue is not None]
    if status.worker is not None and status.worker.overdue is not None:
        bad.append(status.worker.worker.source)
    bad += [task.name for task in status.tasks.wanting]
    bad += [doubled.name for doubled in status.twice]
    bad += ["the cursor"] if status.cursor_ahead is not None else []
    bad += dict.fromkeys(one.where for one in status.damaged)
    yield (style.red(f"Needs attention: {', '.join(bad)}.") if bad else style.green("All is well."))


def _repair_lines(listed: Sequence[ScheduleStatus], environment: str | None) -> Iterator[str]:
    """How to run what was missed: the command for the first of them."""
    missed = [one.last for one in listed if one.last is not None and one.state is State.MISSED]
    if missed:
        yield f"  To run what was missed: {rerun_command(missed[0].occurrence, environment)}"


def _count_lines(status: Status, listed: Sequence[ScheduleStatus]) -> Iterator[str]:
    """How many schedules are not listed, and how they stand."""
    left = Counter(item.state for item in status.schedules) - Counter(one.state for one in listed)
    if left:
        states = ", ".join(f"{left[state]:,} {state.value}" for state in State if left[state])
        yield (
            f"  {left.total():,} of {count(len(status.schedules), 'schedule')} not listed: "
            f"{states}; --all lists them"
        )
    if status.not_asked:
        yield (
            f"  {count(status.not_asked, 'open run')} shown as the last wake left them: Modal was "
            "asked about the oldest only"
        )


def _origin(pointer: Pointer | None) -> str:
    """From which commit, and by whom, what is live was applied."""
    if pointer is None:
        return ""
    applied = f", applied by {pointer.by} at {pointer.at}"
    if not pointer.commit:
        return applied
    author = f" by {on_one_line(pointer.author)}" if pointer.author else ""
    changed = " with uncommitted changes" if pointer.dirty else ""
    return f", commit {pointer.commit[:12]}{author}{changed}{applied}"


def _damage_lines(status: Status, style: Style, remedies: Mapping[str, str]) -> Iterator[str]:
    if status.damaged:
        yield style.bold("Damaged")
    for one in status.damaged:
        yield f"  {style.red(str(one))}"
        if one.where in remedies:
            yield f"    {remedies[one.where]}"


def _clock_lines(status: Status, style: Style) -> Iterator[str]:
    ahead = [item.record for item in status.schedules if item.ahead]
    if ahead or status.cursor_ahead is not None:
        yield style.bold("Clocks (one was wrong: that of an apply or a wake, or this machine's)")
    for record in ahead:
        anchor = style.red(f"does not run before its anchor {format_minute(record.anchor)}")
        yield f"  {record.name}  {anchor}; the next apply sets it to now"
    if status.cursor_ahead is not None:
        cursor = style.red(f"the cursor {format_minute(status.cursor_ahead)} is ahead")
        yield f"  {cursor}; the next wake looks again at the last 24 hours"


def _rebuilt_lines(status: Status) -> Iterator[str]:
    times = Counter(item.rebuilt for item in status.schedules if item.rebuilt is not None)
    for at, schedules in sorted(times.items()):
        yield (
            f"Rebuilt from git at {format_minute(at)}, after what was live was lost: "
            f"{count(schedules, 'schedule')}. How they were before is not known."
        )


def _task_json(task: TaskStatus) -> dict[str, Any]:
    return {
        "name": task.name,
        "time": format_minute(task.at),
        "what": task.what,
        "reason": task.reason,
    }


def _task_lines(tasks: Tasks, style: Style) -> Iterator[str]:
    if tasks == Tasks():
        return
    yield style.bold(f"Tasks: {tasks.pending:,} pending")
    width = max((len(task.name) for task in tasks.wanting), default=0)
    for task in tasks.wanting:
        reason = f": {task.reason}" if task.reason else ""
        yield f"  {task.name:{width}}  {format_minute(task.at)} {style.red(task.what)}{reason}"


def _next(item: ScheduleStatus, style: Style) -> str:
    suspended = _suspension(item)
    if item.overdue is not None:
        when = style.red(f"overdue since {format_minute(item.overdue)}")
    elif item.following is not None:
        when = f"next {format_minute(item.following)}"
    else:
        return f"{suspended or 'no more':22}"
    return f"{when}  {style.yellow(suspended)}" if suspended else when


def _suspension(item: ScheduleStatus) -> str:
    """``suspended until 2026-12-01T00:00Z: moving house``; empty when it is not."""
    if not item.suspended:
        return ""
    record = item.record
    until = "" if record.resumes is None else f" until {format_minute(record.resumes)}"
    reason = f": {brief(record.suspended)}" if record.suspended else ""
    return f"suspended{until}{reason}"


def _last(item: ScheduleStatus, style: Style) -> str:
    last = item.last
    if last is None:
        return style.dim("no run yet")
    state = state_text(last.state, style)
    reason = f": {brief(last.reason)}" if last.reason else ""
    seconds = lateness(last)
    late = f", {rough_duration(seconds)} late" if seconds is not None and seconds >= 60 else ""
    if last.state.ended:
        took = took_text(last)
        state += f" by {clock_text(last)}" + (f", in {took}" if took else "")
    late += f", try {last.attempt}" if last.attempt > 1 else ""
    rows = []
    if item.usual is not None:
        longest = rough_duration(item.usual.longest)
        rows.append(style.yellow(f", longer than usual (at most {longest})"))
    if item.start_by is not None:
        rows.append(style.yellow(f"; should start by {format_minute(item.start_by)}"))
    if item.failures > 1:
        rows.append(f"  streak of {item.failures} failures")
    if item.missed > 1:
        rows.append(f"  missed {item.missed}")
    return f"last {format_minute(last.occurrence.at)} {state}{late}{reason}{''.join(rows)}"


def _time(at: int | None) -> str | None:
    return None if at is None else format_minute(at)
