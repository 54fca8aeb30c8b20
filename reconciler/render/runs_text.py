"""Runs as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.cron import instant
from reconciler.durations import format_seconds
from reconciler.errors import command_line
from reconciler.foreign_text import as_lines, on_one_line
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.outbox import sending_line
from reconciler.model.runs import Run, duration
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.query.run_groups import RunGroup
from reconciler.render.style import Style
from reconciler.render.table import WIDEST, Column, table

BRIEF: Final = 100
"""Characters of a reason or a result in a list; one run alone is shown with all of it."""
SPELLED_OUT: Final = 5
"""Occurrences that one line names; the rest is counted."""


_COLUMNS: Final = (
    Column("TIME"),
    Column("NAME"),
    Column("OUTCOME"),
    Column("ENDED BY", 3),
    Column("DURATION", 2),
    Column("RUN"),
    Column("TRY", 1),
    Column("", is_text=True),
)


def runs_text(groups: Sequence[RunGroup], style: Style, width: int = WIDEST) -> str:
    """A line per run, oldest first; a line per group of occurrences that were skipped alike.

    Args:
        width: characters of a line; columns that do not fit are left out.
    """
    if not groups:
        return "No runs."
    return as_lines(table(_COLUMNS, [_row(group, style) for group in groups], style, width))


def took_text(run: Run | None) -> str:
    """``≤1m30s``: how long a run took at most, as wakes saw it; empty where that is not known."""
    seconds = None if run is None else duration(run)
    return "" if seconds is None else f"≤{format_seconds(seconds)}"


def _row(group: RunGroup, style: Style) -> Sequence[str]:
    run = group[-1]
    detail = brief(run.reason or run.result or run.call or "")
    if len(group) > 1:
        first = format_minute(group[0].occurrence.at)
        detail = f"{len(group):,} occurrences from {first} on" + (f": {detail}" if detail else "")
    return (
        format_minute(run.occurrence.at),
        run.occurrence.name,
        state_text(run.state, style),
        clock_text(run) if run.state.ended else "",
        took_text(run),
        str(run.occurrence.run) if run.occurrence.is_rerun else "",
        str(run.attempt) if run.attempt > 1 else "",
        on_one_line(detail),
    )


def clock_text(run: Run) -> str:
    """When the last of a run was seen: ``09:00:12`` in UTC, with the date where it is another than
    that of its nominal time."""
    seen = datetime.fromisoformat(run.seen).astimezone(UTC)
    same_day = seen.date() == instant(run.occurrence.at).date()
    return f"{seen:%H:%M:%S}" if same_day else f"{seen:%m-%d %H:%M:%S}"


def run_json(run: Run) -> dict[str, Any]:
    """One run as JSON."""
    return {
        "occurrence": run.occurrence.first.id,
        "run": run.occurrence.id,
        "name": run.occurrence.name,
        "time": format_minute(run.occurrence.at),
        "state": run.state.value,
        "started": run.started,
        "seen": run.seen,
        "ended_by": run.seen if run.state.ended else None,
        "took_seconds": duration(run),
        "attempt": run.attempt,
        "call": run.call,
        "reason": run.reason,
        "result": run.result,
        "tries": list(run.tries),
        "decisions": [
            {
                "at": decision.at,
                "state": decision.state.value,
                "attempt": decision.attempt,
                "reason": decision.reason,
            }
            for decision in run.decisions
        ],
        "replaced": run.replaced,
        "replaced_by": run.replaced_by,
        "slot": run.slot,
        "wake": run.wake,
    }


def wake_text(
    log: WakeLog, style: Style, *, alone: bool = False, before: Sequence[RunRecord] = ()
) -> str:
    """What one wake did.

    Args:
        alone: it looked at its minute only, and at none before.
        before: what it came upon that earlier wakes had settled, a line for each occurrence.
    """
    width = max((len(record.name) for record in log.records), default=0)
    lines = [_record_line(record, width, style) for record in log.records]
    if before:
        lines += _settled_before(before)
    elif not lines:
        lines.append(f"Nothing was due {'at' if alone else 'up to'} {format_minute(log.now)}.")
    return as_lines([*lines, *(sending_line(sending) for sending in log.sendings)])


def _settled_before(before: Sequence[RunRecord]) -> Iterator[str]:
    """``Processed by earlier wakes: a@2026-11-20T09:00Z.``, and of each that did not run why."""
    dropped = [line for line in before if line.state in (RunState.MISSED, RunState.SKIPPED)]
    for line in dropped[:SPELLED_OUT]:
        why = f", because {line.reason.rstrip('.')}" if line.reason else ""
        yield f"{line.occurrence.id} was {line.state.value}{why}."
    if len(dropped) > SPELLED_OUT:
        yield f"And {len(dropped) - SPELLED_OUT} more were missed or skipped before."
    failed = [line for line in before if line.state.ended and line.state is not RunState.SUCCEEDED]
    for line in failed[:SPELLED_OUT]:
        why = f": {brief(line.reason)}" if line.reason else ""
        yield f"{line.occurrence.id} has run before ({line.state.value}{why})."
    if len(failed) > SPELLED_OUT:
        yield f"And {len(failed) - SPELLED_OUT} more have run before, and did not succeed."
    processed = [
        line.occurrence.id for line in before if line not in dropped and line not in failed
    ]
    if processed:
        more = len(processed) - SPELLED_OUT
        named = f"{', '.join(processed[:SPELLED_OUT])}{f' and {more} more' if more > 0 else ''}"
        yield f"Processed by earlier wakes: {named}."


def missed_names(records: Iterable[RunRecord]) -> list[str]:
    """The names of schedules with missed occurrences, each with how many: ``hourly (3)``."""
    counts: dict[str, int] = {}
    for record in records:
        if record.state is RunState.MISSED:
            counts[record.name] = counts.get(record.name, 0) + record.count
    return [f"{name} ({count})" for name, count in sorted(counts.items())]


def state_text(state: RunState, style: Style) -> str:
    """A state in its colour."""
    match state:
        case RunState.SUCCEEDED:
            return style.green(state.value)
        case RunState.STARTED | RunState.SKIPPED | RunState.QUEUED:
            return state.value
        case RunState.START_FAILED | RunState.CANCELLED | RunState.EXPIRED:
            return style.yellow(state.value)
        case RunState.FAILED | RunState.TIMED_OUT | RunState.MISSED:
            return style.red(state.value)


def brief(text: str) -> str:
    """The beginning of what would fill lines."""
    return text if len(text) <= BRIEF else f"{text[: BRIEF - 1]}…"


def rerun_command(occurrence: Occurrence, environment: str | None) -> str:
    """The command that starts the next run of an occurrence.

    Args:
        environment: the one that it names; None for the default.
    """
    return command_line(f"rerun {occurrence.first.id}", environment)


def _record_line(record: RunRecord, width: int, style: Style) -> str:
    times = format_minute(record.times[-1])
    if record.count > 1:
        times = f"{format_minute(record.times[0])} … {times} ({record.count})"
    number = f"run {record.run}  " if record.run > 1 else ""
    detail = brief(record.reason or record.result or record.call or "")
    padding = " " * (12 - len(record.state.value))
    return (
        f"{state_text(record.state, style)}{padding}  {record.name:{width}}  {times}  "
        f"{number}{detail}"
    ).rstrip()
