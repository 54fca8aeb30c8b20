"""What changes in a generation beside its schedules and slots: what the settings say to wakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.durations import format_seconds
from reconciler.model.generation import Generation
from reconciler.plan.change import Action, Change, Kind


def generation_changes(applied: Generation, planned: Generation) -> Iterator[Change]:
    """The changes, in a stable order."""
    yield from _change(
        "history",
        "history_days",
        (applied.history_days, f"{applied.history_days}d"),
        (planned.history_days, f"{planned.history_days}d"),
    )
    yield from _change(
        "punctuality",
        "punctuality",
        (applied.punctuality, format_seconds(applied.punctuality)),
        (planned.punctuality, format_seconds(planned.punctuality)),
    )
    yield from _change(
        "tz database",
        "tz",
        (applied.tz, applied.tz or "unknown"),
        (planned.tz, planned.tz),
    )
    yield from _change(
        "tasks",
        "task_resolution",
        (applied.task_resolution, _resolution(applied.task_resolution)),
        (planned.task_resolution, _resolution(planned.task_resolution)),
    )


def _change(
    name: str, key: str, before: tuple[Any, str], after: tuple[Any, str]
) -> Iterator[Change]:
    if before != after:
        yield Change(
            action=Action.UPDATE,
            kind=Kind.GENERATION,
            name=name,
            reason=f"{name} {before[1]} → {after[1]}",
            before={key: before[0]},
            after={key: after[0]},
        )


def _resolution(minutes: int | None) -> str:
    return "not woken for" if minutes is None else f"every {minutes} min"
