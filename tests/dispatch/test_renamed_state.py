"""What is known of a schedule's runs moves along with its name, there and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap
from tests.dispatch.alarm_scenario import BAD, GOOD, rule, texts
from tests.dispatch.scenario import World, at, hourly, lines

GRACE = 10
"""Minutes for which occurrences keep the old name, as a plan gives them."""


@dataclass
class Renamed:
    """A world with one hourly schedule, which plans give other names."""

    overlap: Overlap
    record: ScheduleRecord = field(init=False)
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.record = hourly("a", overlap=self.overlap)
        self.live()

    def live(self) -> None:
        self.world.live(self.record, alerts=Alerts(rule(failures=2)))

    def rename(self, name: str, time: str) -> None:
        """Apply another name, as a plan at that time has it."""
        if name != self.record.name:
            last = (self.record.name, minute(at(time)) + GRACE)
            self.record = replace(self.record, name=name, formerly=(*self.record.formerly, last))
            self.live()

    def wake(self, time: str) -> list[str]:
        """What a wake decides, whatever the schedule is called."""
        return [
            f"{line.state.value} at {line.times}: {nameless(line.reason or '')}"
            for line in self.world.wake(time).records
        ]

    @property
    def told(self) -> list[str]:
        """What people are notified of, whatever the schedule is called."""
        return list(map(nameless, texts(self.world)))


def nameless(text: str) -> str:
    return re.sub(r"\b[abc](?=@| has| failed| succeeded| was)", "it", text)


def test_a_run_under_a_name_between_is_seen_after_the_rename_is_taken_back() -> None:
    """The name has an entry of its own from before, which says nothing of what came since."""
    played = Renamed(Overlap.SKIP)
    played.wake("09:00")
    played.world.end(1, GOOD)
    played.rename("b", "09:30")
    played.wake("10:00")
    played.wake("11:00")
    played.rename("a", "11:30")
    log = played.world.wake("12:00")
    assert lines(log, RunState.SKIPPED) == ["a@12:00"]
    assert "b@2026-11-20T10:00Z is still running" in (log.records[-1].reason or "")


def test_a_run_of_another_schedule_that_had_the_name_before_is_not_waited_for() -> None:
    played = Renamed(Overlap.SKIP)
    played.world.live(hourly("b", overlap=Overlap.SKIP))
    played.wake("09:00")
    played.rename("b", "09:30")
    assert lines(played.world.wake("10:00"), RunState.STARTED) == ["b@10:00"]


def test_a_streak_goes_on_when_a_rename_is_taken_back() -> None:
    played = Renamed(Overlap.ALLOW)
    played.wake("09:00")
    played.world.end(1, BAD)
    played.rename("b", "09:10")
    played.wake("10:00")
    played.world.end(2, BAD)
    played.rename("a", "10:10")
    played.wake("11:00")
    played.world.end(3, BAD)
    played.rename("b", "11:10")
    played.wake("12:00")
    played.world.end(4, GOOD)
    played.wake("13:00")
    (failed, recovered) = texts(played.world)
    assert "a has a streak of 2 failures, last b@2026-11-20T10:00Z" in failed
    assert "b succeeded again, b@2026-11-20T12:00Z" in recovered


hours = st.lists(
    st.tuples(
        st.sampled_from("aabbc"),
        st.lists(st.tuples(st.integers(1, 10), st.sampled_from([GOOD, BAD])), max_size=2),
    ),
    max_size=10,
)


@pytest.mark.parametrize("overlap", Overlap)
@given(hours=hours)
@example(hours=[("b", [(1, GOOD)]), ("b", []), ("a", []), ("a", [])])
def test_renames_change_neither_what_starts_nor_what_is_notified(
    overlap: Overlap, hours: list[tuple[str, list[tuple[int, CallState]]]]
) -> None:
    """Safety and liveness: the schedule does as one that was never renamed."""
    kept, renamed = Renamed(overlap), Renamed(overlap)
    for hour, (name, ends) in enumerate(hours, 9):
        found = [played.wake(f"{hour:02}:00") for played in (kept, renamed)]
        assert found[0] == found[1]
        started = len(kept.world.caller.calls)
        for call, state in ends:
            if call <= started and f"fc-{call}" not in kept.world.caller.statuses:
                kept.world.end(call, state)
                renamed.world.end(call, state)
        renamed.rename(name, f"{hour:02}:30")
    assert kept.told == renamed.told
