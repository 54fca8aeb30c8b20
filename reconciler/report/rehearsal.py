"""What the next wake would do, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.dispatch.occurrence import Occurrence, format_minute
from reconciler.dispatch.policy import LetGo
from reconciler.dispatch.runs import RunRecord
from reconciler.foreign_text import as_lines
from reconciler.report.runs_text import brief


@dataclass(frozen=True, slots=True)
class Start:
    """An occurrence that the wake would come to.

    Attributes:
        function: ``app/function``.
        attempt: the attempt that would be made.
        claimed: what its claim says already, such as ``started``; None when it is free.
        last: what the history says of it, such as ``start-failed``, for what was tried before.
        reason: why it came to that.
    """

    occurrence: Occurrence
    function: str
    attempt: int = 1
    claimed: str | None = None
    last: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a wake would do.

    Attributes:
        now: the epoch minute up to which it would look.
        alone: it would look at that minute only.
        starts: what is due.
        again: what earlier wakes had found due, and could not start or settle.
        let_go: what would not be started.
        unreadable: a line for each task that cannot be read.
    """

    now: int
    alone: bool
    starts: tuple[Start, ...] = ()
    again: tuple[Start, ...] = ()
    let_go: tuple[LetGo, ...] = ()
    unreadable: tuple[RunRecord, ...] = ()


def rehearsal_text(rehearsal: Rehearsal) -> str:
    """A line for each thing that would be done."""
    upon = "at" if rehearsal.alone else "up to"
    nothing = f"Nothing is due {upon} {format_minute(rehearsal.now)}."
    return as_lines(_lines(rehearsal)) or nothing


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """The same as JSON; within ``format: 1`` keys are only added."""
    return {
        "format": 1,
        "time": format_minute(rehearsal.now),
        "would_start": [_start(one) for one in rehearsal.starts if one.claimed is None],
        "would_try_again": [
            {**_start(one), "state": one.last, "reason": one.reason} for one in rehearsal.again
        ],
        "would_be_let_go": [
            {
                "name": one.name,
                "times": [format_minute(at) for at in one.times],
                "state": one.fate.value,
                "reason": one.reason,
            }
            for one in rehearsal.let_go
        ],
        "served_before": [
            {"occurrence": one.occurrence.id, "state": one.claimed}
            for one in rehearsal.starts
            if one.claimed is not None
        ],
        "unreadable": [one.to_json() for one in rehearsal.unreadable],
    }


def _start(one: Start) -> dict[str, Any]:
    return {
        "occurrence": one.occurrence.id,
        "name": one.occurrence.name,
        "time": format_minute(one.occurrence.at),
        "function": one.function,
        "attempt": one.attempt,
    }


def _lines(rehearsal: Rehearsal) -> Iterator[str]:
    for line in rehearsal.unreadable:
        yield f"{line.state.value:13} {line.occurrence.id}  {line.reason}"
    for one in rehearsal.again:
        last = "" if one.last is None else f"; {one.last}"
        reason = "" if one.reason is None else f": {brief(one.reason)}"
        yield (
            f"{'would try':13} {one.occurrence.id}  {one.function}  "
            f"attempt {one.attempt}{last}{reason}"
        )
    for let_go in rehearsal.let_go:
        yield _let_go_line(let_go)
    for one in rehearsal.starts:
        verb = "would start" if one.claimed is None else f"was {one.claimed}"
        yield f"{verb:13} {one.occurrence.id}  {one.function}"


def _let_go_line(let_go: LetGo) -> str:
    times = [format_minute(at) for at in let_go.times]
    span = times[0] if len(times) == 1 else f"{times[0]} … {times[-1]} ({len(times)})"
    return f"would be {let_go.fate.value}  {let_go.name}@{span}  {let_go.reason}"
