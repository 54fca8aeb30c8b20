"""``reconcile next``: when the schedules in git run next; nothing is asked of Modal."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from zoneinfo import ZoneInfo

from reconciler.commands.inputs import read_inputs, schedules_of
from reconciler.commands.unknown import unknown_schedule
from reconciler.cron import instant, minute
from reconciler.manifest import Schedule


@dataclass(frozen=True, slots=True, order=True)
class Upcoming:
    """One occurrence to come: epoch minute, schedule, and the zone that it is written in."""

    at: int
    name: str
    zone: str


def main(args: Namespace) -> int:
    """Print the next occurrences. Returns the exit code."""
    schedules = schedules_of(read_inputs(args))
    if args.name is not None:
        known = [schedule.name for schedule in schedules]
        schedules = tuple(schedule for schedule in schedules if schedule.name == args.name)
        if not schedules:
            raise unknown_schedule(args.name, known)
    after = minute(args.after if args.after is not None else datetime.now(UTC))
    found = list(islice(merge(*(upcoming(schedule, after) for schedule in schedules)), args.count))
    suspended = [schedule.name for schedule in schedules if schedule.suspension is not None]
    if args.format == "json":
        rows = [
            {"name": item.name, "time": _utc(item.at), "local": _local(item.at, item.zone)}
            for item in found
        ]
        print(json.dumps({"format": 1, "next": rows, "suspended": suspended}, indent=2))
    else:
        print("\n".join(_lines(found, suspended)))
    return 0


def upcoming(schedule: Schedule, after: int) -> Iterator[Upcoming]:
    """The occurrences of one schedule later than an epoch minute; none while suspended."""
    if schedule.suspension is not None:
        return
    if isinstance(schedule.times, datetime):
        at = minute(schedule.times)
        if at > after:
            yield Upcoming(at, schedule.name, schedule.timezone)
        return
    while (following := schedule.times.next(after)) is not None:
        yield Upcoming(following, schedule.name, schedule.timezone)
        after = following


def _lines(found: Iterable[Upcoming], suspended: Iterable[str]) -> Iterator[str]:
    found = list(found)
    width = max((len(item.name) for item in found), default=0)
    for item in found:
        local = "" if item.zone == "UTC" else _local(item.at, item.zone)
        yield f"{_utc(item.at)}  {item.name:{width}}  {local}".rstrip()
    for name in suspended:
        yield f"{'suspended':17}  {name}"
    if not found and not suspended:
        yield "Nothing is due any more."


def _utc(at: int) -> str:
    return f"{instant(at):%Y-%m-%dT%H:%MZ}"


def _local(at: int, zone: str) -> str:
    return f"{instant(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
