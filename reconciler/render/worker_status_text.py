"""The Worker on Cloudflare in a status, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from reconciler.foreign_text import on_one_line
from reconciler.model.occurrence import format_minute
from reconciler.model.runs_file import format_time
from reconciler.plan.state import WorkerAttempts
from reconciler.query.latency import Latency, WakeLatency
from reconciler.query.worker_status import WorkerStatus
from reconciler.render.style import Style
from reconciler.words import count

_OUTCOMES: Final = {
    "accepted": "accepted",
    "failed": "failed",
    "refused": "refused by the HTTP API",
    "exhausted": "given up by the queue",
}
"""The outcomes that the Worker records, in words."""


def worker_status_lines(
    found: WorkerStatus, started: Latency | None, style: Style
) -> Iterator[str]:
    """When the Worker last asked for a wake, and how long it takes until a run starts.

    Args:
        started: from nominal time to start, of all runs.
    """
    yield style.bold("Worker on Cloudflare")
    woke = "has asked for no wake yet"
    if found.last_wake is not None:
        woke = f"last asked for a wake {found.last_wake}"
    due = "" if found.overdue is None else f", overdue since {format_minute(found.overdue)}"
    leaving = "" if found.worker.leaving is None else ", retiring"
    yield f"  {found.worker.source}  {woke}{style.red(due) if due else ''}{leaving}"
    if found.latency is not None:
        yield f"    trigger to wake         {_words(found.latency.to_wake, 'wake')}"
        if found.latency.to_start is not None:
            yield f"    wake to first start     {_words(found.latency.to_start, 'wake')}"
    if found.attempts is not None:
        yield f"    requests of the last day: {_attempts(found.attempts)}"
        failures = [one for one in found.attempts if one.outcome != "accepted"]
        if failures:
            newest = max(failures, key=lambda one: one.last)
            yield f"    newest failure: {style.yellow(_failure(newest))}"
    if found.unknown is not None:
        yield f"    not checked on Cloudflare: {found.unknown}"
    if started is not None:
        yield f"    nominal time to start   {_words(started, 'run')}"


def worker_status_json(found: WorkerStatus) -> dict[str, Any]:
    """The same as JSON."""
    leaving = found.worker.leaving
    return {
        "source": found.worker.source,
        "last_wake": found.last_wake,
        "overdue": None if found.overdue is None else format_minute(found.overdue),
        "alone": found.worker.alone,
        "leaving": None if leaving is None else format_minute(leaving),
        "latency": None if found.latency is None else _wake_latency_json(found.latency),
        "attempts": None if found.attempts is None else [*map(_attempts_json, found.attempts)],
        "unknown": found.unknown,
    }


def latency_json(found: Latency, of: str) -> dict[str, float]:
    """A latency as JSON, in seconds.

    Args:
        of: what it was measured of.
    """
    return {of: found.number, "least": found.least, "median": found.median, "p99": found.p99}


def latency_words(late: Latency) -> str:
    """A latency in words."""
    return f"min {late.least:g} s, median {late.median:g} s, p99 {late.p99:g} s"


def _wake_latency_json(found: WakeLatency) -> dict[str, Any]:
    started = found.to_start
    return {
        "trigger_to_wake": latency_json(found.to_wake, "wakes"),
        "wake_to_start": None if started is None else latency_json(started, "wakes"),
    }


def _attempts(found: Sequence[WorkerAttempts]) -> str:
    numbers = {one.outcome: one.number for one in found}
    known = [outcome for outcome in _OUTCOMES if outcome in numbers]
    parts = [f"{numbers[outcome]:,} {_OUTCOMES[outcome]}" for outcome in known]
    return ", ".join(parts) or "none recorded"


def _failure(one: WorkerAttempts) -> str:
    status = f" HTTP {one.status}" if one.status else ""
    error = f": {on_one_line(one.error)}" if one.error else ""
    return f"{format_time(one.last)} {_OUTCOMES.get(one.outcome, one.outcome)}{status}{error}"


def _attempts_json(one: WorkerAttempts) -> dict[str, Any]:
    return {
        "outcome": one.outcome,
        "number": one.number,
        "last": format_time(one.last),
        "status": one.status,
        "error": one.error,
    }


def _words(late: Latency, of: str) -> str:
    return f"{latency_words(late)} ({count(late.number, of)})"
