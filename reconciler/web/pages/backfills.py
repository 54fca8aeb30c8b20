"""The backfills that are not over: how far each is, and how a paused one goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import command_line
from reconciler.model.backfill import SHOWN
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.status import Status
from reconciler.render.backfill_line import local_range, progress_words


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """One backfill.

    Attributes:
        name: of its schedule, as it is called now.
        link: whether the schedule has a page: it may be deleted.
        range: in the zone of the schedule, the end excluded.
        progress: `14 of 48 runs started, 2 open, paused`.
        command: what resumes it; empty where it is not paused.
    """

    name: str
    link: bool
    range: str
    progress: str
    command: str


def backfill_rows(status: Status, environment: str) -> tuple[BackfillRow, ...]:
    """The backfills that are not over, the newest first.

    Args:
        environment: as the command line names it.
    """
    records = [one.record for one in status.schedules]
    return tuple(
        BackfillRow(
            name=one.backfill.name if record is None else record.name,
            link=record is not None,
            range=local_range(one.backfill, "UTC" if record is None else record.timezone),
            progress=progress_words(one) + ("" if one.word == "running" else f", {one.word}"),
            command=(
                command_line(f"backfill resume {one.backfill.digest[:SHOWN]}", environment)
                if one.word == "paused"
                else ""
            ),
        )
        for one in status.backfills
        for record in (_owner(records, one.backfill.runs[0]),)
    )


def _owner(records: Iterable[ScheduleRecord], run: Occurrence) -> ScheduleRecord | None:
    """The schedule that a run is of, as :meth:`Generation.owner` finds it; None when deleted."""
    return min(
        (record for record in records if run.name in record.names),
        key=lambda record: (
            record.name == run.name and run.at <= record.anchor,
            record.name != run.name,
        ),
        default=None,
    )
