"""Schedules that wait for each other, under the faults of wakes: what they do, and what is wrong.

The checker does its own arithmetic over minutes of the day. It knows nothing of how waiting is
stored or decided, only what was started when, how it ended, and what the runs files say.

* Safety: an occurrence starts only when each upstream's newest occurrence in its window has ended
  as asked, or did not run and ``on`` is ``ended``; and, once on record, not again.
* Liveness: each occurrence has started, or a runs file says that it was missed or skipped.
* Truth: what is missed for waiting had nothing to start it while an undisturbed wake looked, and
  its waiting was over; what is skipped had an upstream that did not run; an alert is about what had
  not started, and comes again only when nothing said that it was sent.

What is exempt: an occurrence, or one of its upstreams, that a wake had in hand in which a fault
struck (it may be in doubt, and started late or twice), a supervisor that was disturbed, and lines
whose commit was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from reconciler.dispatch.answers import CallState
from reconciler.model.generation import new_generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord, Upstream
from reconciler.policies import Catchup, Condition
from tests.simulation.faults import Climate
from tests.simulation.run import played
from tests.simulation.scenario import ALERTS, Scenario
from tests.simulation.schedules import DAY, PUNCTUALITY
from tests.simulation.wakes import draw_wakes
from tests.simulation.world import FIRST_MINUTE, START_SECOND, Call, World

SHOWN: Final = 5
"""Problems of one seed that are shown."""
SETTLED: Final = 2 * DAY
"""Minutes before the end from which on an occurrence may still wait."""
LONG_SETTLED: Final = 8 * DAY
"""The same of one whose next occurrence does not end its waiting."""
A_WAKE: Final = 400.0
"""Seconds that a wake takes at most, with what its clock may be behind."""
_FAILED: Final = (CallState.FAILED, CallState.TIMED_OUT, CallState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Planned:
    """One schedule of the simulation.

    Attributes:
        minutes: of the day at which it is due.
        excluded: days since the start on which it does not run.
        suspended: it never runs.
    """

    name: str
    minutes: tuple[int, ...]
    after: tuple[Upstream, ...] = ()
    follows: bool = False
    catchup: Catchup = Catchup.LATEST
    deadline: int | None = None
    excluded: tuple[int, ...] = ()
    suspended: bool = False

    def times(self, days: int) -> Iterator[int]:
        """Its nominal times, epoch minutes."""
        for day in range(days):
            yield from (FIRST_MINUTE + day * DAY + at for at in self.minutes if day or at)

    def newest(self, after: int, until: int) -> int | None:
        """Its newest nominal time in ``(after, until]``."""
        days = range(max(0, (after - FIRST_MINUTE) // DAY), (until - FIRST_MINUTE) // DAY + 1)
        times = (FIRST_MINUTE + day * DAY + at for day in days for at in self.minutes)
        return max((at for at in times if max(after, FIRST_MINUTE) < at <= until), default=None)

    def runs(self, at: int) -> bool:
        """Whether it is to run at one of its times."""
        return not self.suspended and (at - FIRST_MINUTE) // DAY not in self.excluded

    def record(self, dependants: Sequence[str]) -> ScheduleRecord:
        """As the dispatcher reads it."""
        return ScheduleRecord(
            name=self.name,
            app="shop",
            function="sync",
            args={"id": "${occurrence.id}"},
            anchor=FIRST_MINUTE,
            when=tuple(f"{at % 60} {at // 60} * * *" for at in self.minutes),
            after=self.after,
            follows=self.follows,
            dependants=tuple(dependants),
            catchup=self.catchup,
            deadline=self.deadline,
            suspended="for good" if self.suspended else None,
            exclude=tuple(_date(day) for day in self.excluded),
        )


def simulate_dependencies(seed: int, days: int = 5) -> list[str]:
    """Play the scenario of a seed; returns what broke a promise."""
    random = Random(seed)
    climate = replace(Climate.draw(random), skewed=0.0)
    schedules = {one.name: one for one in _drawn(random, days)}
    dependants = {
        name: sorted(
            other.name
            for other in schedules.values()
            if name in (upstream.name for upstream in other.after)
        )
        for name in schedules
    }
    generation = new_generation(
        [one.record(dependants[one.name]) for one in schedules.values()],
        (),
        PUNCTUALITY,
        alerts=ALERTS,
    )
    scenario = Scenario(
        seed=seed,
        days=days,
        lives={},
        generations=[(START_SECOND, generation)],
        wakes=tuple(draw_wakes(random, climate, days)),
        requests=(),
        cursor_lost=sorted(
            random.uniform(0, days * 86400) for _ in range(random.choice((0, 0, 3)))
        ),
        climate=climate,
    )
    return list(_Check(schedules, played(scenario), days).wrong())


def _drawn(random: Random, days: int) -> Iterator[Planned]:
    """A few sources, and in three layers what waits for them."""
    earlier = [_source(random, f"a{number}", days) for number in range(4)]
    for layer in "bcd":
        found = [_waiting(random, f"{layer}{number}", earlier, days) for number in range(3)]
        earlier += found
    yield from earlier


def _source(random: Random, name: str, days: int) -> Planned:
    return Planned(
        name,
        _minutes(random),
        catchup=random.choice(list(Catchup)),
        deadline=random.choice((None, None, None, 1800)),
        excluded=tuple(random.sample(range(days), random.choice((0, 0, 1)))),
        suspended=random.random() < 0.1,
    )


def _waiting(random: Random, name: str, earlier: Sequence[Planned], days: int) -> Planned:
    catchup, deadline = random.choice(list(Catchup)), random.choice((None, None, 4 * 3600))
    if random.random() < 0.3:
        upstream = random.choice(earlier)
        one = Upstream(upstream.name, 1, random.choice(list(Condition)), _by(random))
        return Planned(name, upstream.minutes, (one,), True, catchup, deadline)
    others = random.sample(earlier, random.choice((1, 1, 2)))
    after = tuple(
        sorted(
            Upstream(
                one.name,
                random.choice((60, 360, DAY, 2 * DAY)),
                random.choice((Condition.SUCCEEDED, *Condition)),
                _by(random),
            )
            for one in others
        )
    )
    excluded = tuple(random.sample(range(days), random.choice((0, 0, 1))))
    return Planned(name, _minutes(random), after, False, catchup, deadline, excluded)


def _minutes(random: Random) -> tuple[int, ...]:
    every, first = random.choice((60, 360, DAY, DAY)), random.randrange(DAY)
    return tuple(sorted((first + step) % DAY for step in range(0, DAY, every)))


def _by(random: Random) -> int | None:
    return random.randrange(DAY) if random.random() < 0.2 else None


def _date(day: int) -> str:
    return f"2026-03-{2 + day:02}"


@dataclass(frozen=True, slots=True)
class _Check:
    schedules: Mapping[str, Planned]
    world: World
    days: int

    def wrong(self) -> Iterator[str]:
        lines = self._lines()
        for schedule in self.schedules.values():
            for at in schedule.times(self.days):
                occurrence = Occurrence(schedule.name, at)
                calls = self._calls(occurrence)
                for call in calls:
                    yield from self._wrong_start(schedule, occurrence, call)
                yield from self._unsettled(schedule, occurrence, lines.get(occurrence, []))
        yield from self._wrong_alerts()

    def _lines(self) -> dict[Occurrence, list[tuple[RunState, str, float]]]:
        found: dict[Occurrence, list[tuple[RunState, str, float]]] = {}
        for log in self.world.written:
            for line in log.records:
                span = range(line.times[0], line.times[-1] + 1)
                for at in span if line.count > len(line.times) else line.times:
                    # What a wake knows it knew when it began.
                    entry = (line.state, line.reason or "", log.now * 60.0)
                    found.setdefault(Occurrence(line.name, at), []).append(entry)
        return found

    def _calls(self, occurrence: Occurrence) -> Sequence[Call]:
        return [one for one in self.world.starts.get(occurrence.id, ()) if not one.by_hand]

    def _is_disturbed(self, *occurrences: Occurrence) -> bool:
        world = self.world
        return any(
            one.id in world.disturbed or one.id in world.disturbed_runs for one in occurrences
        )

    def _upstreams(
        self, schedule: Planned, at: int
    ) -> Iterator[tuple[Upstream, Planned, Occurrence | None]]:
        for one in schedule.after:
            upstream = self.schedules[one.name]
            newest = upstream.newest(at - one.within, at)
            yield one, upstream, None if newest is None else Occurrence(one.name, newest)

    def _allows(
        self, one: Upstream, upstream: Planned, newest: Occurrence | None, by: float
    ) -> bool:
        """Whether an upstream allowed a start at a true epoch second."""
        if newest is None or not upstream.runs(newest.at):
            return one.on is Condition.ENDED
        calls = self._calls(newest)
        ended = [call for call in calls if call.ends <= by + 60]
        match one.on:
            case Condition.SUCCEEDED:
                return any(call.state is CallState.SUCCEEDED for call in ended)
            case Condition.FAILED:
                return any(call.state in _FAILED for call in ended)
            case Condition.ENDED:
                return bool(ended) or not calls or self._did_not_run(newest, by)

    def _did_not_run(self, occurrence: Occurrence, by: float) -> bool:
        """Whether a runs file said by then that it was missed or skipped."""
        ends = (RunState.MISSED, RunState.SKIPPED)
        return any(
            line.state in ends and occurrence.at in line.times and log.now * 60.0 <= by + 60
            for log in self.world.written
            for line in log.records
            if line.name == occurrence.name
        )

    def _wrong_start(self, schedule: Planned, occurrence: Occurrence, call: Call) -> Iterator[str]:
        if call.repeats_confirmed and not self._is_disturbed(occurrence):
            yield f"{occurrence.id} started again though its start was confirmed"
        if not schedule.runs(occurrence.at):
            yield f"{occurrence.id} started though it is excluded"
        for one, upstream, newest in self._upstreams(schedule, occurrence.at):
            if newest is not None and self._is_disturbed(newest):
                continue
            if not self._allows(one, upstream, newest, call.began):
                waited = one.name if newest is None else newest.id
                yield f"{occurrence.id} started at {_clock(call.began)} before {waited} {one.on}"

    def _unsettled(
        self,
        schedule: Planned,
        occurrence: Occurrence,
        lines: Sequence[tuple[RunState, str, float]],
    ) -> Iterator[str]:
        if self._calls(occurrence):
            return
        missed = [(why, at) for state, why, at in lines if state is RunState.MISSED]
        skipped = [why for state, why, _at in lines if state is RunState.SKIPPED]
        is_long = schedule.follows or schedule.catchup is Catchup.ALL
        settled = LONG_SETTLED if is_long else SETTLED
        is_late = occurrence.at > FIRST_MINUTE + self.days * DAY - settled
        if not missed and not skipped:
            waits = any(state is RunState.QUEUED for state, _why, _at in lines)
            if not self.world.lost and not (waits and is_late):
                yield f"{occurrence.id} neither started nor is it reported"
            return
        if self._is_disturbed(occurrence):
            return
        for why, at in missed:
            if not why.startswith("waited for "):
                continue
            if self._could_have_started(schedule, occurrence, at):
                yield f"{occurrence.id} was missed ({why}), and could have started"
            if not self._is_over(schedule, occurrence, at):
                yield f"{occurrence.id} was missed ({why}), and its waiting was not over"
        if skipped and schedule.after and schedule.runs(occurrence.at):
            yield from self._wrongly_skipped(schedule, occurrence, skipped[0])

    def _is_over(self, schedule: Planned, occurrence: Occurrence, by: float) -> bool:
        """Whether an occurrence waits no longer at a true epoch second."""
        waited = by - occurrence.at * 60.0
        if waited > 7 * 86400 or (schedule.deadline is not None and waited > schedule.deadline):
            return True
        later = (
            at for at in schedule.times(2 * self.days) if at > occurrence.at and schedule.runs(at)
        )
        return schedule.catchup is not Catchup.ALL and next(later, float("inf")) * 60 <= by

    def _could_have_started(self, schedule: Planned, occurrence: Occurrence, by: float) -> bool:
        """Whether an undisturbed wake came after all upstreams allowed it and before it was over.

        Args:
            by: when a wake reported it missed.
        """
        upstreams = list(self._upstreams(schedule, occurrence.at))
        others = [newest for _one, _upstream, newest in upstreams if newest is not None]
        if self._is_disturbed(*others):
            return False
        for execution in self.world.executions:
            looked = execution.began
            if not execution.clean or not occurrence.at * 60.0 <= looked < by - 60:
                continue
            # The wake before this one may have written down late that an upstream started.
            known = looked - A_WAKE
            if all(
                self._allows(one, upstream, newest, known - 60)
                and not (
                    newest is not None and upstream.runs(newest.at) and not self._calls(newest)
                )
                for one, upstream, newest in upstreams
            ):
                return True
        return False

    def _wrongly_skipped(
        self, schedule: Planned, occurrence: Occurrence, why: str
    ) -> Iterator[str]:
        for one, upstream, newest in self._upstreams(schedule, occurrence.at):
            if one.on is Condition.ENDED:
                continue
            if newest is None or not upstream.runs(newest.at) or self._is_disturbed(newest):
                return
            calls = self._calls(newest)
            succeeded = any(call.state is CallState.SUCCEEDED for call in calls)
            if (not calls and upstream.after) or (one.on is Condition.FAILED and succeeded):
                return
        yield f"{occurrence.id} was skipped ({why}), and all its upstreams ran"

    def _wrong_alerts(self) -> Iterator[str]:
        for alarm in self.world.alarms:
            if alarm.fields["kind"] != "waiting":
                continue
            occurrence = Occurrence.parse(str(alarm.fields["occurrence"]))
            if alarm.noted_before:
                yield f"an alert that {occurrence.id} waits was sent again"
            calls = self._calls(occurrence)
            if any(call.began < alarm.at - A_WAKE for call in calls) and not self._is_disturbed(
                occurrence
            ):
                yield f"an alert says that {occurrence.id} waits, and it had started"
            by = [one.by for one in self.schedules[occurrence.name].after if one.by is not None]
            if not by or alarm.at < min(_next(occurrence.at, at) for at in by) * 60.0:
                yield f"an alert that {occurrence.id} waits came too early"


def _next(at: int, by: int) -> int:
    """The first minute after an epoch minute at which it is that time of the day."""
    return at + 1 + (by - at - 1) % DAY


def _clock(at: float) -> str:
    return f"minute {(at - START_SECOND) / 60:.1f}"


def report(seed: int, problems: Sequence[str]) -> str:
    """What is wrong, and how to play it again."""
    some = "".join(f"\n  {problem}" for problem in problems[:SHOWN])
    return f"seed {seed}: {len(problems)} problems; simulate_dependencies({seed}){some}"
