"""Safety: a miss is counted in one alarm at most, whatever the wakes that find it lose."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.decide.notifications import outbox_with
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.generation import new_generation
from reconciler.model.outbox import Outbox
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.policies import Delivery
from tests.dispatch.alarm_scenario import PAGER, rule
from tests.dispatch.scenario import World, at, hourly
from tests.simulation.virtual_time import run_virtually

NAMES = ("hourly", "renamed")
"""What the schedule is called."""


@dataclass
class Misses:
    """A world in which an hourly schedule misses what no wake finds within ten minutes."""

    world: World = field(default_factory=World)
    written: list[WakeLog] = field(default_factory=list)
    renamed: str | None = None
    """Until when its occurrences bear its old name; None while it has no other."""

    def live(self, *, number: int, more: bool = False, before: bool = False) -> None:
        """Apply, if wanted with another schedule: then the generation is another one.

        Args:
            before: what was live before the schedule was renamed.
        """
        records = [hourly(deadline=600)]
        if self.renamed is not None and not before:
            former = (("hourly", minute(at(self.renamed))),)
            records = [hourly("renamed", deadline=600, formerly=former)]
        if more:
            records.append(hourly("other", delivery=Delivery.AT_MOST_ONCE))
        begun = {record.name: number for record in records}
        self.world.live(*records, alerts=Alerts(rule(to=(PAGER,))), begun=begun)

    def wake(self, time: str, *, as_if: str | None = None) -> None:
        """Let a wake happen; a person may ask it for one minute alone."""
        asked = None if as_if is None else minute(at(as_if))
        self.written.append(self.world.wake(time, as_if=asked))

    def at_once(self, *times: str, before: int | None = None) -> None:
        """Let wakes meet, of which the second reads another generation.

        Args:
            before: which of them reads what was live before the schedule was renamed.
        """

        async def all_of_them() -> list[WakeLog]:
            jobs = []
            for number, time in enumerate(times):
                self.live(number=1, more=number % 2 == 1, before=number == before)
                token = f"{time}-{number}"
                request = WakeRequest(wake=token, token=token, slot="poller")
                jobs.append(asyncio.create_task(wake(self.world.ports(time), request)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            return await asyncio.gather(*jobs)

        self.written += run_virtually(all_of_them())

    def die_before_the_cursor(self, time: str) -> None:
        """Let a wake end between its runs file and the cursor: it has sent nothing either."""
        entries = self.world.claims.entries
        before = entries.get(CURSOR_KEY)
        self.written.append(self.world.wake(time, replace(self.world.ports(time), messenger=None)))
        entries.pop(CURSOR_KEY)
        if before is not None:
            entries[CURSOR_KEY] = before

    def lose_cursor(self) -> None:
        """Lose the cursor: the runs files then say how far wakes have come."""
        self.world.claims.entries.pop(CURSOR_KEY, None)

    def lose_runs_files(self) -> None:
        """Lose all that wakes wrote, as when Modal acknowledges a commit and loses it."""
        self.world.log.logs.clear()

    def decide_pending(self) -> None:
        """Let the next wake look again at what the cursor has passed."""
        entry = self.world.claims.entries.get(CURSOR_KEY)
        if entry is not None:
            dropped = ("number", "reached")
            self.world.claims.entries[CURSOR_KEY] = {
                key: value for key, value in entry.items() if key not in dropped
            }

    def forget_claims(self) -> None:
        """Let all claims die of idleness, those of notices too; the cursor is read and lives."""
        entries = self.world.claims.entries
        for key in [key for key in entries if "@" in key]:
            del entries[key]

    def counted(self) -> int:
        """The misses of the schedule that its alarms count."""
        return sum(
            alarm["count"]
            for message in self.world.messenger.sent
            for alarm in json.loads(message.body or b"{}").get("alarms", ())
            if alarm["kind"] == "missed" and alarm["schedule"] in NAMES
        )

    def missed(self) -> set[int]:
        """The misses that some wake has written down."""
        return {
            time
            for log in self.written
            for line in log.records
            if line.state is RunState.MISSED and line.name in NAMES
            for time in line.times
        }


def test_wakes_that_read_different_generations_count_a_miss_once() -> None:
    for times in (("10:30", "11:30"), ("11:30", "10:30"), ("11:30", "11:30")):
        misses = Misses()
        misses.live(number=1)
        misses.wake("09:05")
        misses.at_once(*times)
        assert misses.counted() == len(misses.missed()) > 0


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("times", [("10:30", "11:30"), ("11:30", "10:30"), ("11:30", "11:30")])
def test_wakes_of_which_one_knows_the_new_name_alone_count_a_miss_once(
    times: tuple[str, str], before: int
) -> None:
    misses = Misses()
    misses.live(number=1)
    misses.wake("09:05")
    misses.renamed = "11:40"
    misses.at_once(*times, before=before)
    assert misses.counted() == len(misses.missed()) > 0


def test_the_alarm_about_a_miss_names_the_schedule_as_it_is_called_now() -> None:
    misses = Misses(renamed="11:40")
    misses.live(number=1)
    misses.wake("09:05")
    misses.wake("10:30")
    (message,) = misses.world.messenger.sent
    (alarm,) = json.loads(message.body or b"{}")["alarms"]
    assert (alarm["schedule"], alarm["occurrence"]) == ("renamed", "hourly@2026-11-20T10:00Z")


def test_a_miss_whose_runs_file_was_lost_is_not_counted_again() -> None:
    misses = Misses()
    misses.live(number=1)
    misses.wake("09:05")
    misses.wake("10:30")
    assert misses.counted() == 1
    misses.lose_runs_files()
    misses.decide_pending()
    misses.wake("11:30")
    assert misses.counted() == len(misses.missed()) == 2


def test_a_miss_is_not_counted_again_when_the_claims_of_its_alarm_have_died() -> None:
    misses = Misses()
    misses.live(number=1)
    misses.wake("09:05")
    misses.wake("10:30")
    misses.lose_runs_files()
    misses.forget_claims()
    misses.decide_pending()
    misses.wake("10:50")
    assert misses.counted() == len(misses.missed())


def test_a_miss_in_the_file_of_a_wake_that_died_is_not_counted_again_without_the_cursor() -> None:
    misses = Misses()
    misses.live(number=1)
    misses.wake("09:05")
    misses.die_before_the_cursor("10:30")
    misses.wake("11:30")
    misses.lose_cursor()
    misses.wake("11:50")
    assert misses.counted() == len(misses.missed()) == 2


def test_the_misses_of_all_names_of_a_schedule_are_counted() -> None:
    nine, ten = minute(at("09:00")), minute(at("10:00"))
    record = hourly("new", formerly=(("old", nine),))
    generation = new_generation((record,), (), 300, alerts=Alerts(rule(to=(PAGER,))))
    known = Outbox({}, {}, misses={"old": (nine,), "new": (ten,)})
    lines = [
        RunRecord(name=name, times=(time,), state=RunState.MISSED, at="2026-11-20T11:00:00Z")
        for name, time in (("old", nine), ("new", ten))
    ]
    noted = outbox_with(known, generation, lines, at("11:00"), is_current=True)
    assert (noted.notifications, noted.misses) == ({}, known.misses)


def test_misses_that_were_counted_under_the_name_of_today_are_not_counted_again() -> None:
    nine, ten = minute(at("09:00")), minute(at("10:00"))
    record = hourly("new", formerly=(("old", ten),))
    generation = new_generation((record,), (), 300, alerts=Alerts(rule(to=(PAGER,))))
    known = Outbox({}, {}, misses={"new": (nine,)})
    line = RunRecord(
        name="old", times=(nine, ten), count=2, state=RunState.MISSED, at="2026-11-20T11:00:00Z"
    )
    noted = outbox_with(known, generation, [line], at("11:00"), is_current=True)
    assert [one.times for one in noted.notifications.values()] == [(ten,)]


def test_a_miss_is_not_counted_again_when_another_schedule_has_its_name_by_now() -> None:
    ten = minute(at("10:00"))
    records = (hourly("new", formerly=(("old", ten),)), hourly("old", since="10:30"))
    generation = new_generation(records, (), 300, alerts=Alerts(rule(to=(PAGER,))))
    known = Outbox({}, {}, misses={"old": (ten,)})
    line = RunRecord(name="old", times=(ten,), state=RunState.MISSED, at="2026-11-20T11:00:00Z")
    assert outbox_with(known, generation, [line], at("11:00"), is_current=True) == known._replace(
        notified=frozenset()
    )


@pytest.mark.parametrize(("is_current", "kept"), [(True, {}), (False, {"gone": (1,)})])
def test_misses_of_an_unknown_name_go_once_wakes_read_the_generation_without_it(
    is_current: bool, kept: dict[str, tuple[int, ...]]
) -> None:
    generation = new_generation((hourly(),), (), 300, alerts=Alerts(rule(to=(PAGER,))))
    known = Outbox({}, {}, misses={"gone": (1,)})
    assert outbox_with(known, generation, [], at("11:00"), is_current=is_current).misses == kept


Event: TypeAlias = tuple[str, int]

EVERYWHERE = ("wake", "at", "meet", "die", "apply", "rename", "look again", "forget claims")


def events(lost: str) -> st.SearchStrategy[list[Event]]:
    """What may happen where one of the two that say what was counted may be lost, but not both."""
    return st.lists(st.tuples(st.sampled_from((*EVERYWHERE, lost)), st.integers(1, 3)), max_size=10)


@given(events("lose cursor") | events("lose runs files"))
def test_no_miss_is_counted_twice(happening: list[Event]) -> None:
    misses = Misses()
    misses.live(number=1)
    misses.wake("09:05")
    hour = 10
    for event, step in happening:
        match event:
            case "wake":
                hour = min(hour + step, 22)
                misses.wake(f"{hour}:30")
            case "at":
                misses.wake(f"{hour}:40", as_if=f"{hour}:00")
            case "meet":
                hour = min(hour + step, 22)
                misses.at_once(f"{hour}:30", f"{hour + 1 if step == 3 else hour}:30")
            case "die":
                hour = min(hour + step, 22)
                misses.die_before_the_cursor(f"{hour}:30")
            case "lose cursor":
                misses.lose_cursor()
            case "rename" if misses.renamed is None:
                misses.renamed = f"{hour + 1}:30"
                misses.at_once(f"{hour}:30", f"{hour + 1}:30", before=step % 2)
            case "apply":
                misses.live(number=1 + step, more=step == 2)
            case "lose runs files":
                misses.lose_runs_files()
            case "look again":
                misses.decide_pending()
            case "forget claims":
                misses.forget_claims()
    assert misses.counted() <= len(misses.missed())
