"""The schedules of a simulation, and how git changes them while it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from reconciler.alerts import Alerts
from reconciler.cron import Timetable, instant, parse, parse_times
from reconciler.manifest.calendar import DateRange
from reconciler.manifest.location import Location
from reconciler.manifest.retries import Retries
from reconciler.manifest.schedule import (
    Exclusion,
    FunctionTarget,
    Schedule,
    Suspension,
)
from reconciler.model.cursor import CLOCK_TOLERANCE
from reconciler.model.generation import Generation, generation_path, new_generation
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.stored_generation import decode_generation
from reconciler.plan import Lost
from reconciler.plan.compilation import Compiled, compile_records
from reconciler.policies import Catchup, Delivery, Overlap

DAY: Final = 24 * 60
PUNCTUALITY: Final = 300
EPOCH: Final = date(1970, 1, 1)
EXCLUDED_HOUR: Final = 7
TARGET: Final = FunctionTarget("shop", "sync")


@dataclass(frozen=True, slots=True)
class Declared:
    """One schedule as git has it, and by our own arithmetic when it occurs.

    Attributes:
        identity: stays the same through changes and renames.
        minutes: of the day at which it is due; empty for a task.
        anchor: epoch minute after which its occurrences count.
    """

    identity: int
    schedule: Schedule
    minutes: tuple[int, ...]
    anchor: int

    @property
    def at(self) -> int | None:
        """A task's one time."""
        times = self.schedule.times
        return None if isinstance(times, Timetable) else int(times.timestamp() // 60)

    def nominal(self, after: int, until: int) -> Iterator[int]:
        """Its times in the half-open ``(after, until]``."""
        after = max(after, self.anchor)
        if self.at is not None:
            times = [self.at]
        else:
            midnights = range(after - after % DAY, until + 1, DAY)
            times = [midnight + minute for midnight in midnights for minute in self.minutes]
        yield from (at for at in times if after < at <= until and self.bounds_hold(at))

    def bounds_hold(self, at: int) -> bool:
        """Whether an epoch minute is neither before its start nor from its end on."""
        start, end = self.schedule.start, self.schedule.end
        if start is not None and at < start:
            return False
        return end is None or at < end

    @property
    def may_bar(self) -> bool:
        """Whether it is suspended or excludes anything, whenever."""
        return self.schedule.suspension is not None or bool(self.schedule.exclude)

    def exclusion(self, at: int) -> bool:
        """Whether it is suspended at this epoch minute, or excludes it."""
        return self.suspended(at) or any(
            _excludes(exclusion, at) for exclusion in self.schedule.exclude
        )

    def suspended(self, at: int) -> bool:
        """Whether it is suspended at this epoch minute."""
        suspension = self.schedule.suspension
        if suspension is None:
            return False
        return suspension.until is None or at * 60 < suspension.until.timestamp()


@dataclass(slots=True)
class Life:
    """A schedule for as long as it stays the same; true epoch seconds."""

    declared: Declared
    record: ScheduleRecord
    begin: float
    end: float = float("inf")


@dataclass(slots=True)
class History:
    """What git says as time goes on, and what was applied of it."""

    random: Random
    living: dict[str, Declared] = field(default_factory=dict)
    lives: dict[int, list[Life]] = field(default_factory=dict)
    """By identity, in the order of time."""
    applied: list[tuple[float, Generation]] = field(default_factory=list)
    """From which true epoch second on each was live."""
    identities: int = 0
    alerts: Alerts | None = None

    def apply(self, planned: int, live: float, history_days: int) -> None:
        """Compile what git says, as a plan made at that minute; live from a true second on.

        Args:
            planned: epoch minute by the clock of the machine that applies, which may be wrong.
        """
        for name, declared in self.living.items():
            if declared.anchor > planned + CLOCK_TOLERANCE:
                self.living[name] = replace(declared, anchor=planned)
        known = [generation for _at, generation in self.applied[-1:]]
        schedules = [declared.schedule for declared in self.living.values()]
        compiled = compile_records(schedules, known, planned, number=len(self.applied) + 1)
        records = self._goes_live(compiled, live, history_days)
        by_name = {record.name: record for record in records}
        current = {declared.identity: declared for declared in self.living.values()}
        for identity, lives in self.lives.items():
            if lives[-1].end == float("inf") and lives[-1].declared is not current.get(identity):
                lives[-1].end = live
        for name, declared in self.living.items():
            lives = self.lives.setdefault(declared.identity, [])
            if not lives or lives[-1].declared is not declared:
                lives.append(Life(declared, by_name[name], live))

    def repair(self, planned: int, live: float, history_days: int, lost: Lost, number: int) -> None:
        """Compile what git says once more when nothing of what was applied is left.

        Args:
            number: of this apply.
        """
        schedules = [declared.schedule for declared in self.living.values()]
        compiled = compile_records(schedules, (), planned, number=number, lost=lost)
        by_name = {one.name: one for one in self._goes_live(compiled, live, history_days)}
        for name, declared in self.living.items():
            lives = self.lives[declared.identity]
            lives[-1].end = live
            record = by_name[name]
            # It counts from the last wake, also if it began later, or a wrong clock said so.
            declared = replace(declared, anchor=min(declared.anchor, record.anchor))
            lives.append(Life(declared, record, live))

    def _goes_live(
        self, compiled: Compiled, live: float, history_days: int
    ) -> Sequence[ScheduleRecord]:
        generation = new_generation(
            compiled.records,
            (),
            PUNCTUALITY,
            history_days=history_days,
            begun=compiled.begun,
            rebuilt=compiled.rebuilt,
            alerts=self.alerts,
        )
        self.applied.append((live, self.stored(generation, live)))
        return compiled.records

    def stored(self, compiled: Generation, _live: float) -> Generation:
        """What wakes read of a generation that goes live at this true second."""
        return decode_generation(compiled.encoded, generation_path(compiled.digest))

    def declare(self, name: str, now: int, at_minute: int | None = None) -> None:
        """Add a schedule, due once a day at that minute if one is given."""
        self.identities += 1
        self.living[name] = self._drawn(self.identities, name, now, at_minute)

    def change(self, now: int, *, clock_is_right: bool = True) -> None:
        """Change some of the schedules.

        Args:
            now: epoch minute by the clock of the machine that applies.
            clock_is_right: otherwise nothing is renamed, and no bounds are moved: both need the
                minutes after the apply, which that machine takes to be others.
        """
        for name in self.random.sample(sorted(self.living), min(8, len(self.living))):
            before = self.living.pop(name)
            match self.random.randrange(7):
                case 0:
                    # Some are due before every wake has seen them.
                    soon = self.random.choice((None, (now + self.random.randrange(1, 10)) % DAY))
                    self.declare(f"{name.partition('-')[0]}-new{now}", now, soon)
                case 1:
                    self._keep(self._times_changed(before, now))
                case 2:
                    self._keep(self._suspension_changed(before, now))
                case 3 if clock_is_right:
                    renamed = f"{name.partition('-')[0]}-was{now}"
                    schedule = replace(before.schedule, name=renamed, formerly=(name,))
                    self._keep(replace(before, schedule=schedule))
                case 4 | 5 if clock_is_right:
                    other = self._drawn(before.identity, name, now).schedule
                    schedule = replace(
                        before.schedule,
                        catchup=other.catchup,
                        deadline=other.deadline,
                        overlap=other.overlap,
                        exclude=other.exclude,
                        start=other.start,
                        end=other.end,
                        retries=other.retries,
                        timeout=other.timeout,
                    )
                    after = replace(before, schedule=schedule)
                    opened = any(
                        after.bounds_hold(at) and not before.bounds_hold(at)
                        for at in range(now + 1, now + DAY + 1)
                    )
                    self._keep(replace(after, anchor=now) if opened else after)
                case _ if len(self.living) < 5:
                    self._keep(before)

    def _keep(self, declared: Declared) -> None:
        self.living[declared.schedule.name] = declared

    def _times_changed(self, before: Declared, now: int) -> Declared:
        """Other times and policies, which do not end a suspension."""
        after = self._drawn(before.identity, before.schedule.name, now)
        schedule = replace(
            after.schedule,
            formerly=before.schedule.formerly,
            suspension=before.schedule.suspension,
        )
        same = before.minutes == after.minutes != ()
        return replace(after, schedule=schedule, anchor=before.anchor if same else after.anchor)

    def _suspension_changed(self, before: Declared, now: int) -> Declared:
        suspension = None
        if before.schedule.suspension is None:
            until = instant(now + self.random.randrange(60, 4 * DAY))
            suspension = Suspension(self.random.choice((None, until)), "a change")
        after = replace(before, schedule=replace(before.schedule, suspension=suspension))
        if after.suspended(now) == before.suspended(now):
            return after
        return replace(after, anchor=now)

    def _drawn(self, identity: int, name: str, now: int, at_minute: int | None = None) -> Declared:
        random = self.random
        every = random.choice((30, 60, 120, 240, 360, 360, DAY, DAY, DAY))
        first = random.randrange(DAY)
        minutes = tuple(sorted((first + step) % DAY for step in range(0, DAY, every)))
        if at_minute is not None:
            minutes = (at_minute,)
        task = at_minute is None and random.random() < 0.1
        when = () if task else _expressions(minutes)
        expressions = tuple(expression for text in when for expression in parse_times(text))
        at = instant(now + random.randrange(1, 5 * DAY))
        schedule = Schedule(
            name=name,
            times=at if task else Timetable(expressions, "UTC"),
            when=(at.isoformat(),) if task else when,
            target=TARGET,
            args={"id": "${occurrence.id}"},
            catchup=random.choice(list(Catchup)),
            deadline=random.choice((None, None, 1800, 7200)),
            delivery=random.choice(list(Delivery)),
            overlap=random.choice((Overlap.ALLOW, *Overlap)),
            exclude=self._exclusions(now),
            start=now + random.randrange(DAY) if random.random() < 0.1 else None,
            end=now + random.randrange(2 * DAY, 9 * DAY) if random.random() < 0.1 else None,
            retries=Retries(random.choice((0,) * 14 + (1, 3)), timedelta(seconds=30)),
            timeout=random.choice((None,) * 14 + (1200,)),
            location=Location("schedules/drawn.yaml", 1, 1),
        )
        return Declared(identity, schedule, () if task else minutes, now)

    def _exclusions(self, now: int) -> tuple[Exclusion, ...]:
        if self.random.random() < 0.8:
            return ()
        if self.random.random() < 0.3:
            return (parse(f"* {EXCLUDED_HOUR} * * *"),)
        first = instant(now).date() + timedelta(days=self.random.randrange(5))
        return (DateRange(first, first + timedelta(days=self.random.randrange(2))),)


def _excludes(exclusion: Exclusion, at: int) -> bool:
    if isinstance(exclusion, DateRange):
        return (exclusion.first - EPOCH).days <= at // DAY <= (exclusion.last - EPOCH).days
    return at // 60 % 24 == EXCLUDED_HOUR


def _expressions(minutes: tuple[int, ...]) -> tuple[str, ...]:
    if len(minutes) > 24:
        return (f"{','.join(str(minute) for minute in sorted({m % 60 for m in minutes}))} * * * *",)
    hours = ",".join(str(minute // 60) for minute in minutes)
    return (f"{minutes[0] % 60} {hours} * * *",)
