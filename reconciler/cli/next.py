"""``reconcile next``: the next occurrences of the schedules in git. It does not call Modal."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.cli.inputs import Inputs, read_inputs, schedules_of
from reconciler.cli.json_output import print_json
from reconciler.cron import minute
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError
from reconciler.manifest import Schedule
from reconciler.model.occurrence import format_minute
from reconciler.plan import slot_timetable
from reconciler.plan.preview import preview_records, preview_slots
from reconciler.query.unknown_names import unknown_schedule
from reconciler.render.heat_map import heat_map
from reconciler.render.style import Style
from reconciler.render.timeline import timeline, timeline_json, timeline_text
from reconciler.streams import write_bytes
from reconciler.words import count

FARTHEST: Final = 366
"""Days: every schedule has its yearly occurrence in them."""


def main(args: Namespace) -> int:
    """Print what happens next. Returns the exit code."""
    inputs = read_inputs(args)
    schedules = _chosen(schedules_of(inputs), args.name)
    after = minute(args.after if args.after is not None else datetime.now(UTC))
    until = after + 60 * _hours(args)
    records = preview_records(schedules, after)
    found = timeline(records, _wakes(inputs, schedules, after, until), after, until)
    if args.ics is not None:
        from reconciler.render.calendar import timeline_calendar

        _write(args.ics, timeline_calendar(found, {record.name: record for record in records}))
        print(
            f"{count(len(found.occurrences), 'occurrence')} up to {format_minute(until)}; "
            "--days looks farther.",
            file=sys.stderr,
        )
    elif args.format == "json":
        print_json(timeline_json(found, args.count))
    else:
        if sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
            print(heat_map(found, Style.of(sys.stdout), columns), end="\n\n")
        print(timeline_text(found, args.count))
    return 0


def _hours(args: Namespace) -> int:
    hours: int = 24 * args.days if args.days else args.hours
    if hours > 24 * FARTHEST:
        raise ReconcileError(
            f"{FARTHEST} days are the most that is looked at",
            remedy=f"Pass --days {FARTHEST} or fewer; --after begins later.",
        )
    return hours


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


def _wakes(
    inputs: Inputs, schedules: Iterable[Schedule], after: int, until: int
) -> Mapping[str, Sequence[int]]:
    """The slots as they are packed when the whole budget is ours: nothing is asked of Modal."""
    slots = preview_slots(schedules, inputs.environment, after)
    return {slot.name: tuple(slot_timetable(slot).between(after, until)) for slot in slots}


def _write(target: str, content: bytes) -> None:
    if target == "-":
        write_bytes(content)
        return
    write_whole(Path(target), content)
