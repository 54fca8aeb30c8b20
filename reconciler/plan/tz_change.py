"""Which occurrences another edition of the tz database moves.

The edition that is live is not installed any more. So a generation keeps, for the zones of its
schedules, what their clocks were known to do; the live times follow from that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from reconciler.cron import Timetable, Zone, instant, minute, zone_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.text import members
from reconciler.cron.zone import RecordedZone
from reconciler.cron.zone_files import version_order
from reconciler.dispatch.decide.nominal_times import exclusion
from reconciler.model.generation import Clocks, Generation
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.safety import Refusal, SafetyRule

KEPT_YEARS: Final = 3
"""Whole years from the first of January of the current one, for which a generation keeps what
clocks do: never less than two years ahead, and the same all year."""
AHEAD: Final = 400 * MINUTES_PER_DAY
"""Minutes within which occurrences are compared: a year, and what a rule may shift it by."""
LISTED_TIMES: Final = 3
"""Occurrences listed of a schedule."""
COMPARED: Final = 60
"""Coming times of a schedule, in the old clock and the new one, after which the comparison of it
ends with the next day on which some move."""
LISTED_SCHEDULES: Final = 50
"""Schedules listed, those that move first."""


@dataclass(frozen=True, slots=True)
class MovedOccurrence:
    """One local time; epoch minutes, None where the occurrence does not exist."""

    before: int | None
    after: int | None

    @property
    def first(self) -> int:
        """When anything is different."""
        return min(at for at in (self.before, self.after) if at is not None)


@dataclass(frozen=True, slots=True)
class MovedSchedule:
    """The first occurrences of a schedule that move, ascending.

    Attributes:
        more: whether others move too.
    """

    name: str
    moved: tuple[MovedOccurrence, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class TzChange:
    """Another edition, or other files of the same one, than the live generation was planned with.

    Attributes:
        before, after: the editions: ``2026f``; empty where a generation names none.
        until: the epoch minute up to which times were compared; None when the live generation
            does not say what its clocks do.
        schedules: those of which occurrences move, the soonest first.
        unlisted: how many more there are.
    """

    before: str
    after: str
    until: int | None
    schedules: tuple[MovedSchedule, ...] = ()
    unlisted: int = 0


def known_clocks(records: Iterable[ScheduleRecord], now: int) -> Clocks:
    """What the clocks of the records' zones do in the years around an epoch minute."""
    year = instant(now).year
    start, until = (minute(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + KEPT_YEARS))
    zones = sorted({record.timezone for record in records} - {"UTC"})
    return Clocks(until, {name: _offsets(zone_named(name), start, until) for name in zones})


def tz_change(applied: Generation, planned: Generation, now: int) -> TzChange | None:
    """Compare the clocks of two generations; None when nothing says that they differ.

    Args:
        now: epoch minute.
    """
    if applied.clocks is None:
        zoned = any(record.timezone != "UTC" for record in applied.records)
        if not zoned or applied.tz == planned.tz:
            return None
        return TzChange(applied.tz, planned.tz, None)
    until = min(applied.clocks.until, now + AHEAD)
    found = sorted(
        _moved(applied, planned, now, until), key=lambda schedule: schedule.moved[0].first
    )
    if not found and applied.tz == planned.tz:
        return None
    return TzChange(
        applied.tz,
        planned.tz,
        until if until > now else None,
        tuple(found[:LISTED_SCHEDULES]),
        max(0, len(found) - LISTED_SCHEDULES),
    )


def refuse_older_tz(known: Iterable[Generation], tz: str) -> Iterator[Refusal]:
    """An older edition would move times back that a newer one has moved."""
    editions = (generation.tz for generation in known if version_order(generation.tz))
    newest = max(editions, key=lambda edition: version_order(edition) or (), default="")
    ours, live = version_order(tz), version_order(newest)
    if ours is not None and live is not None and ours < live:
        yield Refusal(
            SafetyRule.OLDER_TZ,
            f"the live schedules were planned with the tz database {newest}, and this machine has "
            f"{tz}: local times would move back to what was thought before",
            "upgrade the package: python -m pip install --upgrade tzdata",
        )


def _offsets(zone: Zone, start: int, until: int) -> tuple[tuple[int, int], ...]:
    changes = zone.transitions(start, until)
    return ((start, zone.offset(start)), *((change.minute, change.after) for change in changes))


def _moved(
    applied: Generation, planned: Generation, now: int, until: int
) -> Iterator[MovedSchedule]:
    assert applied.clocks is not None
    start = now - MINUTES_PER_DAY  # what has run today may be due once more
    clocks = {
        name: _Clocks.of(name, offsets, start, until)
        for name, offsets in applied.clocks.offsets.items()
    }
    compared: dict[tuple[str, tuple[str, ...], int], list[MovedOccurrence]] = {}
    for record in planned.records:
        before = applied.by_name.get(record.name)
        if before is None or (before.when, before.timezone) != (record.when, record.timezone):
            continue  # its changes show what it runs at
        zone, timetable = clocks.get(record.timezone), record.timetable()
        if zone is not None and zone.days and timetable is not None:
            first_day = max(record.start or 0, record.resumes or 0) // MINUTES_PER_DAY
            key = (record.timezone, record.when, first_day)
            if key not in compared:
                compared[key] = zone.moved(timetable, first_day, now)
            found = [moved for moved in compared[key] if _counts(record, moved, now)]
            if found:
                first = tuple(found[:LISTED_TIMES])
                yield MovedSchedule(record.name, first, len(found) > LISTED_TIMES)


def _counts(record: ScheduleRecord, moved: MovedOccurrence, now: int) -> bool:
    """Whether an occurrence is one of the record's, and not all past."""
    times = [at for at in (moved.before, moved.after) if at is not None]
    return max(times) > now and all(
        at > record.anchor
        and (record.start is None or record.start <= at)
        and (record.end is None or at < record.end)
        and exclusion(record, at) is None
        for at in times
    )


@dataclass(frozen=True, slots=True)
class _Clocks:
    """A zone as it was known and as it is.

    Attributes:
        days: the UTC days on which the two differ.
    """

    old: Zone
    new: Zone
    days: tuple[int, ...]

    @classmethod
    def of(cls, name: str, offsets: Sequence[tuple[int, int]], start: int, until: int) -> Self:
        old, new = RecordedZone(name, offsets), zone_named(name)
        days = range(start // MINUTES_PER_DAY, until // MINUTES_PER_DAY)
        return cls(old, new, tuple(day for day in days if old.day(day) != new.day(day)))

    def moved(self, new: Timetable, first: int, now: int) -> list[MovedOccurrence]:
        """The first occurrences that move from a UTC day on, by their local time.

        Args:
            now: epoch minute; the times until then do not count towards :data:`COMPARED`.
        """
        old = Timetable.by_clock(new.expressions, self.old)
        befores: dict[int, int] = {}
        afters: dict[int, int] = {}
        complete, enough = None, False
        for day in self.days:
            if day < first:
                continue
            was, will = old.minutes_of_day(day), new.minutes_of_day(day)
            for at in members(was & ~will):
                at += day * MINUTES_PER_DAY
                befores.setdefault(at + self.old.offset(at), at)
            for at in members(will & ~was):
                at += day * MINUTES_PER_DAY
                afters.setdefault(at + self.new.offset(at), at)
            if enough:
                complete = day * MINUTES_PER_DAY  # the other half of this day's may follow
                break
            enough = sum(at > now for at in (*befores.values(), *afters.values())) > COMPARED
        found = (
            MovedOccurrence(befores.get(local), afters.get(local))
            for local in sorted({*befores, *afters})
        )
        return [moved for moved in found if complete is None or moved.first < complete]
