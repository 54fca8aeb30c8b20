"""The occurrences to come as an iCalendar (RFC 5545), for calendars to subscribe to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from icalendar import Calendar, Event

from reconciler.cron import instant
from reconciler.foreign_text import printable_lines, without_commands
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.timeline import Timeline

LENGTH: Final = timedelta(minutes=5)
"""Shown length of an event: a run's own is not known beforehand, and zero is drawn as nothing."""


def timeline_calendar(found: Timeline, records: Mapping[str, ScheduleRecord]) -> bytes:
    """One event per occurrence; its UID is the occurrence's id: importing twice changes nothing."""
    calendar = Calendar()
    calendar.add("prodid", "-//schedule-reconciler//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Modal schedules")
    for item in found.occurrences:
        record = records[item.name]
        event = Event()
        event.add("uid", Occurrence(item.name, item.at).id)
        event.add("dtstamp", instant(found.after))
        event.add("dtstart", instant(item.at))
        event.add("duration", LENGTH)
        event.add("transp", "TRANSPARENT")
        event.add("summary", item.name)
        described = [f"{record.app}/{record.function}", record.description, record.owner]
        event.add("description", printable_lines("\n".join(line for line in described if line)))
        calendar.add_component(event)
    # Long lines are folded, and a command may begin where one is.
    return without_commands(calendar.to_ical().decode()).encode()
