"""What the next wake would do, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from typing import Any, Final

from reconciler.model.occurrence import format_minute
from reconciler.query.rehearsal import Line, Rehearsal, Will
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import brief


def rehearsal_text(rehearsal: Rehearsal) -> str:
    """A line for each thing that would be done."""
    upon = "at" if rehearsal.alone else "up to"
    nothing = f"Nothing is due {upon} {format_minute(rehearsal.now)}."
    lines = [_text(line) for will in _ORDER for line in rehearsal.of(will)]
    return "\n".join(lines) or nothing


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """The same as JSON; see :data:`OUTPUT_FORMAT`."""
    return {
        "format": OUTPUT_FORMAT,
        "time": format_minute(rehearsal.now),
        "would_start": [
            {**_start(one), "reason": one.record.reason} for one in rehearsal.of(Will.START)
        ],
        "would_try_again": [
            {
                **_start(one),
                "state": None if one.before is None else one.before.state.value,
                "reason": None if one.before is None else one.before.reason,
            }
            for one in rehearsal.of(Will.TRY)
        ],
        "would_fail_to_start": [
            {**_start(one), "reason": one.record.reason} for one in rehearsal.of(Will.FAIL)
        ],
        "would_wait": [
            {**_start(one), "reason": one.record.reason} for one in rehearsal.of(Will.WAIT)
        ],
        "would_be_dropped": [
            {
                "name": one.record.name,
                "times": [format_minute(at) for at in one.record.times],
                "state": one.record.state.value,
                "reason": one.record.reason,
            }
            for one in rehearsal.of(Will.DROP)
        ],
        "would_record": [one.record.to_json() for one in rehearsal.of(Will.RECORD)],
        "processed_before": [
            {
                "occurrence": one.record.occurrence.id,
                "state": one.record.state.value,
                "reason": one.record.reason,
            }
            for one in rehearsal.of(Will.NOTHING)
        ],
        "unreadable": [one.record.to_json() for one in rehearsal.of(Will.REPORT)],
    }


_ORDER: Final = (
    Will.REPORT,
    Will.TRY,
    Will.FAIL,
    Will.WAIT,
    Will.DROP,
    Will.START,
    Will.RECORD,
    Will.NOTHING,
)


def _start(one: Line) -> dict[str, Any]:
    return {
        "occurrence": one.record.occurrence.id,
        "name": one.record.name,
        "time": format_minute(one.record.occurrence.at),
        "function": one.function,
        "attempt": one.record.attempt,
    }


def _text(line: Line) -> str:
    record, occurrence = line.record, line.record.occurrence.id
    reason = f"  {brief(record.reason)}" if record.reason else ""
    match line.will:
        case Will.DROP:
            times = [format_minute(at) for at in record.times]
            span = times[0] if len(times) == 1 else f"{times[0]} … {times[-1]} ({record.count})"
            return f"would be {record.state.value}  {record.name}@{span}{reason}"
        case Will.NOTHING:
            return f"was processed {occurrence}  {record.state.value}{reason}"
        case Will.RECORD:
            return f"would record  {occurrence}  {record.state.value}{reason}"
        case Will.REPORT:
            return f"{line.will.value:13} {occurrence}{reason}"
        case Will.TRY | Will.WAIT if line.before is not None:
            before = line.before
            why = f": {brief(before.reason)}" if before.reason else ""
            last = f"attempt {record.attempt}; {before.state.value}{why}"
            return f"{line.will.value:13} {occurrence}  {line.function}  {last}"
        case _:
            attempt = f"  attempt {record.attempt}" if record.attempt > 1 else ""
            return f"{line.will.value:13} {occurrence}  {line.function}{attempt}{reason}"
