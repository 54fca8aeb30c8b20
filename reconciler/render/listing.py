"""The schedules, a line each, as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from reconciler.foreign_text import as_lines, on_one_line
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import Run, duration
from reconciler.model.runs_file import RunState
from reconciler.query.status import ScheduleStatus, State
from reconciler.render.document_part import Part
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import state_text, took_text
from reconciler.render.style import Style
from reconciler.render.table import WIDEST, Column, table

_COLUMNS: Final = (
    Column("NAME"),
    Column("STATE"),
    Column("LAST", 2),
    Column("OUTCOME", 1),
    Column("DURATION", 4),
    Column("NEXT"),
    Column("OWNER", 3),
)


class LastRunPart(Part):
    """The newest run that was not skipped."""

    time: str = Field(description="Its nominal time.")
    state: RunState
    started: str | None
    attempt: int = Field(ge=1)
    took_seconds: int | None = Field(
        description="From its start to the wake that saw its end: it ran no longer than that."
    )


class ListedSchedulePart(Part):
    """One schedule."""

    name: str
    state: State
    needs_attention: bool
    last: LastRunPart | None
    next: str | None
    owner: str | None
    labels: dict[str, str]


class ListDocument(Part):
    """What `reconcile list --format json` prints."""

    format: Literal[2] = OUTPUT_FORMAT
    schedules: list[ListedSchedulePart]


def list_document(listed: Sequence[ScheduleStatus]) -> ListDocument:
    """The schedules as JSON."""
    return ListDocument(
        schedules=[
            ListedSchedulePart(
                name=one.record.name,
                state=one.state,
                needs_attention=not one.well,
                last=None if one.last is None else last_run_part(one.last),
                next=None if one.following is None else format_minute(one.following),
                owner=one.record.owner,
                labels=dict(one.record.labels),
            )
            for one in listed
        ]
    )


def last_run_part(run: Run) -> LastRunPart:
    """A run in short."""
    return LastRunPart(
        time=format_minute(run.occurrence.at),
        state=run.state,
        started=run.started,
        attempt=run.attempt,
        took_seconds=duration(run),
    )


def list_text(listed: Sequence[ScheduleStatus], style: Style, width: int = WIDEST) -> str:
    """A line for each schedule.

    Args:
        width: characters of a line; columns that do not fit are left out.
    """
    if not listed:
        return "No schedules."
    return as_lines(table(_COLUMNS, [_row(one, style) for one in listed], style, width))


def _row(one: ScheduleStatus, style: Style) -> Sequence[str]:
    last = one.last
    state = style.green(one.state.value) if one.well else style.red(one.state.value)
    return (
        one.record.name,
        style.yellow(one.state.value) if one.state is State.SUSPENDED else state,
        "" if last is None else format_minute(last.occurrence.at),
        "" if last is None else state_text(last.state, style),
        took_text(last),
        "" if one.following is None else format_minute(one.following),
        on_one_line(one.record.owner or ""),
    )
