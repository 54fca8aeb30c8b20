"""``reconcile next``: the next occurrences of the schedules in git. It does not call Modal."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.cli.inputs import read_inputs, schedules_of
from reconciler.cli.json_output import print_json
from reconciler.cli.terminal import say, show
from reconciler.cron import minute
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError
from reconciler.manifest import Schedule
from reconciler.model.occurrence import format_minute
from reconciler.plan.preview import preview_records, preview_slots
from reconciler.query.nothing_found import unknown_schedule
from reconciler.query.timeline import timeline
from reconciler.render.heat_map import heat_map_text
from reconciler.render.style import Style
from reconciler.render.timeline import timeline_json, timeline_text
from reconciler.streams import write_bytes
from reconciler.words import count as counted

FARTHEST: Final = 366
"""Days: every schedule has its yearly occurrence in them."""

COUNT: Final = 20
"""Lines of a list, unless ``--count`` says otherwise."""


def main(
    *,
    env: str | None,
    schedules: str | None,
    name: str | None,
    count: int | None,
    hours: int,
    days: int,
    after: datetime | None,
    ics: str | None,
    form: str,
) -> int:
    """Print what happens next. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    chosen = _chosen(schedules_of(inputs), name)
    start = minute(after if after is not None else datetime.now(UTC))
    until = start + 60 * _hours(hours, days)
    records = preview_records(chosen, start)
    # Packed as if the whole budget is ours: Modal is not called.
    found = timeline(records, preview_slots(chosen, inputs.environment, start), start, until)
    if ics is not None:
        from reconciler.render.icalendar_feed import timeline_calendar

        shown = replace(found, occurrences=found.occurrences[:count])
        _write(ics, timeline_calendar(shown, {record.name: record for record in records}))
        say(
            f"{counted(len(shown.occurrences), 'occurrence')} up to {format_minute(until)}; "
            "--days looks farther."
        )
    elif form == "json":
        print_json(timeline_json(found, count or COUNT))
    else:
        if sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
            print(heat_map_text(found, Style.of(sys.stdout), columns), end="\n\n")
        show(timeline_text(found, count or COUNT))
    return 0


def _hours(hours: int, days: int) -> int:
    reach = 24 * days if days else hours
    if reach > 24 * FARTHEST:
        raise ReconcileError(
            f"{FARTHEST} days are the most that --days allows",
            remedy=f"Pass --days {FARTHEST} or fewer; --after starts the list later.",
        )
    return reach


def _chosen(schedules: tuple[Schedule, ...], name: str | None) -> tuple[Schedule, ...]:
    if name is None:
        return schedules
    chosen = tuple(schedule for schedule in schedules if schedule.name == name)
    if not chosen:
        raise unknown_schedule(
            name,
            (schedule.name for schedule in schedules),
            none="No manifest is for this environment.",
        )
    return chosen


def _write(target: str, content: bytes) -> None:
    if target == "-":
        write_bytes(content)
        return
    write_whole(Path(target), content)
