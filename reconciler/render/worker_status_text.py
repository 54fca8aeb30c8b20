"""The Worker on Cloudflare in a status, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.occurrence import format_minute
from reconciler.query.latency import Latency, WakeLatency
from reconciler.query.worker_status import WorkerStatus
from reconciler.render.style import Style
from reconciler.words import count


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


def _words(late: Latency, of: str) -> str:
    return f"{latency_words(late)} ({count(late.number, of)})"
