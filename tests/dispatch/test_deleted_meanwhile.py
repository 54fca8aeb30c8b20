"""What waits while the schedule, its alerts, an entry or an answer is gone meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.alerts import Address, Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeRunLog
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.decide.due import Due, in_steps
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS, recover
from reconciler.dispatch.wake.due_tasks import find_tasks
from reconciler.dispatch.wake.sending import recipients
from reconciler.model.formats import Entry, FormatError
from reconciler.model.generation import Slot, new_generation
from reconciler.model.outbox import Notification, NotificationKind
from reconciler.model.runs_file import (
    LISTED_TIMES,
    ReadLogs,
    RunRecord,
    RunState,
    WakeLog,
    shorten,
)
from reconciler.model.task import Ending, SettledTask, decode_task
from reconciler.policies import Overlap
from tests.dispatch.alarm_scenario import BAD, GOOD, SLACK, rule, run_hours, texts
from tests.dispatch.scenario import World, at, hourly, lines
from tests.dispatch.task_scenario import spawned, store, task

PING = Address(url="https://hc-ping.com/1")


def test_a_ping_that_waits_while_its_schedule_is_deleted_is_dropped() -> None:
    world = World()
    world.live(hourly(ping=PING))
    world.wake("09:00")
    world.end(1, GOOD)
    world.messenger.refusing.add(PING.shown)
    world.wake("09:05")
    (waiting,) = world.claims.entries["cursor"]["notices"]
    assert waiting["kind"] == "ping-success"
    world.live(hourly("other"))
    world.messenger.refusing.clear()
    assert world.wake("09:20").sendings == ()
    assert "notices" not in world.claims.entries["cursor"]


def test_an_alarm_that_waits_while_the_alerts_are_taken_out_is_dropped() -> None:
    slot = Slot("poller", "0 * * * *")
    world = World()
    values = {"slots": (slot, Slot("other", "0 * * * *")), "slots_since": {"other": 0}}
    world.live(hourly(), alerts=Alerts(rule()), **values)
    world.messenger.refusing.add(SLACK.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    assert len(world.claims.entries["cursor"]["notices"]) >= 1
    world.live(hourly(), **values)
    world.messenger.refusing.clear()
    assert world.wake("09:35").sendings == ()
    assert world.messenger.sent == []


def test_an_overdue_slot_is_an_alarm_no_more_once_the_alerts_are_gone() -> None:
    notification = Notification(
        kind=NotificationKind.OVERDUE,
        name="poller",
        subject="poller@2026-11-20T09:00Z",
        raised="2026-11-20T09:30:00Z",
    )
    without = new_generation([hourly()], (), 300)
    assert recipients(notification, without) == ()
    for silent in (Alerts(rule(), overdue=False), Alerts(rule(to=()))):
        assert recipients(notification, new_generation([hourly()], (), 300, alerts=silent)) == ()
    assert recipients(notification, new_generation([hourly()], (), 300, alerts=Alerts(rule()))) == (
        SLACK,
    )


@pytest.mark.parametrize(
    "change", [{"args": []}, {"args": None}, {"id": "a b"}, {"id": 7}, {"at": 7}, {"app": []}]
)
def test_a_task_with_a_field_of_another_form_is_no_task(change: dict[str, object]) -> None:
    one = task()
    content = json.dumps({**json.loads(one.encode()), **change}).encode()
    with pytest.raises(FormatError, match="is not a task"):
        decode_task(content, one.path)


@pytest.mark.parametrize("name", ["a b", "../a", "", 101 * "a"])
def test_a_task_whose_id_cannot_be_part_of_a_name_is_no_task(name: str) -> None:
    one = replace(task(), id=name)
    with pytest.raises(FormatError, match="its id is of another form"):
        decode_task(one.encode(), one.path)


def test_a_run_that_another_living_wake_is_starting_is_waited_for() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.SKIP))
    # Another wake has claimed nine, and has not confirmed its start yet.
    world.claims.entries["hourly@2026-11-20T09:00Z"] = {
        "state": "claimed",
        "token": "other",
        "wake": "fc-other",
        "attempt": "1",
        "until": "2026-11-20T10:05:30Z",
    }
    log = world.wake("10:00", as_if=minute(at("10:00")))
    assert log.records == ()
    assert world.caller.calls == []
    # More than an hour after its time it waits on while that wake may still confirm it.
    assert world.wake("10:05", as_if=minute(at("10:00"))).records == ()
    log = world.wake("10:06", as_if=minute(at("10:00")))
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]


def test_a_task_that_was_started_while_its_file_is_still_there_is_not_written_down_again() -> None:
    world = World()
    world.live(hourly())
    one = task()
    store(world, one)
    settled = SettledTask(task=one, ending=Ending.STARTED, at="2026-11-20T15:00:00Z", call="fc-9")
    world.tasks.files[one.settled_path] = settled.encode()
    log = world.wake("15:05")
    assert [line for line in log.records if line.name.startswith("task/")] == []
    assert spawned(world) == ["sync"]  # the schedule
    assert one.path not in world.tasks.files


def test_an_occurrence_that_first_failed_to_start_and_then_succeeds_ends_its_row() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    world.caller.missing.clear()
    world.wake("09:05")
    world.end(1, GOOD)
    world.wake("09:10")
    assert [text.partition(",")[0] for text in texts(world)] == [
        "hourly failed",
        "hourly succeeded again",
    ]


def test_streaks_and_open_calls_are_found_again_as_the_runs_files_have_them() -> None:
    world = World()
    world.live(hourly())
    run_hours(world, [BAD, GOOD, BAD])
    world.wake("12:00")
    recovered = recover(world.log.logs)
    assert recovered.outbox.streaks == {"hourly": ("2026-11-20T11:00Z",)}
    assert recovered.calls == {"fc-4": "hourly@2026-11-20T12:00Z"}
    assert RECOVERY_DAYS >= 7


def test_one_that_waited_and_was_dropped_leaves_its_place_in_the_queue() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE, deadline=1800))
    world.wake("09:00")
    assert lines(world.wake("10:00"), RunState.QUEUED) == ["hourly@10:00"]
    assert lines(world.wake("10:31"), RunState.MISSED) == ["hourly@10:00"]
    assert lines(world.wake("11:00"), RunState.QUEUED) == ["hourly@11:00"]
    assert lines(world.wake("11:31"), RunState.MISSED) == ["hourly@11:00"]
    assert lines(world.wake("12:00"), RunState.QUEUED) == ["hourly@12:00"]


def test_one_whose_first_attempt_failed_keeps_its_place_and_no_other_waits_beside_it() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    # Its first attempt failed: it waits with the second.
    world.claims.entries["hourly@2026-11-20T10:00Z"] = {"state": "failed", "error": "timed out"}
    log = world.wake("11:01")
    assert lines(log, RunState.QUEUED) == []
    assert lines(log, RunState.SKIPPED) == ["hourly@11:00"]


TIMES = st.lists(st.integers(1, 60), max_size=30, unique=True).map(sorted)


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 10))
def test_each_occurrence_is_in_one_step_and_steps_go_on_in_time(
    starts: list[list[int]], size: int
) -> None:
    dues = [Due(hourly(f"s{number}"), tuple(times)) for number, times in enumerate(starts)]
    steps = list(in_steps(dues, 60, size))
    found = [(due.record.name, time) for step in steps for due in step.dues for time in due.start]
    assert sorted(found) == sorted((due.record.name, t) for due in dues for t in due.start)
    assert [step.through for step in steps] == sorted({step.through for step in steps})
    before = 0
    for step in steps:
        times = [time for due in step.dues for time in due.start]
        assert all(before < time <= step.through for time in times)
        assert len(times) <= size or len(set(times)) == 1
        before = step.through


@dataclass
class CountingRunLog(FakeRunLog):
    reads: int = 0

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        self.reads += 1
        return await super().recent(days, about)


@pytest.mark.parametrize(("age_days", "reads"), [(1, 0), (5, 0), (7, 1)])
def test_the_runs_files_are_read_only_for_tasks_whose_claim_may_have_died(
    age_days: int, reads: int
) -> None:
    world = World()
    one = task(created=minute(at("12:00")))
    store(world, one)
    log = CountingRunLog()
    now = one.at + age_days * 24 * 60
    found = asyncio.run(find_tasks([one.path], world.tasks, log, world.claims, now, at("15:00")))
    assert (list(found.due), log.reads) == ([one.name], reads)


def test_a_long_line_keeps_its_first_time_its_newest_ones_and_the_count() -> None:
    record = RunRecord(
        name="a",
        times=tuple(range(1, 1001)),
        count=1000,
        state=RunState.MISSED,
        at="2026-11-20T09:00:00Z",
    )
    short = shorten(record)
    assert short.times == (1, *range(1000 - LISTED_TIMES + 2, 1001))
    assert (len(short.times), short.count) == (LISTED_TIMES, 1000)
    assert shorten(short) is short


@dataclass
class ForgetfulClaims(FakeClaims):
    """An entry is gone between the look that finds it taken and the look at what it holds."""

    forgets: str = ""

    async def put_new(self, key: str, entry: Entry) -> bool:
        if key == self.forgets:
            return False
        return await super().put_new(key, entry)


def test_a_claim_that_is_gone_when_it_is_read_is_looked_at_by_the_next_wake() -> None:
    world = World()
    world.live(hourly())
    ports = world.ports("09:00")
    forgetful = ForgetfulClaims(world.claims.entries, forgets="hourly@2026-11-20T09:00Z")
    log = world.wake("09:00", replace(ports, claims=forgetful))
    assert (log.records, log.pending) == ((), {"hourly@2026-11-20T09:00Z": 1})
    assert lines(world.wake("09:05"), RunState.STARTED) == ["hourly@09:00"]


@dataclass
class LossyClaims(FakeClaims):
    """The answer to each first put is lost; the client's second one finds the key taken."""

    async def put_new(self, key: str, entry: Entry) -> bool:
        await super().put_new(key, entry)
        return False


def test_a_notice_whose_claim_was_ours_and_whose_answer_was_lost_is_sent_at_once() -> None:
    world = World(claims=LossyClaims())
    world.live(hourly(), alerts=Alerts(rule()))
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    assert len(texts(world)) == 1


@pytest.mark.parametrize("hour", ["09", "10", "19", "23"])
def test_the_name_of_a_runs_file_sorts_by_the_time_of_day(hour: str) -> None:
    log = WakeLog(
        wake="fc-1",
        slot="poller",
        started=f"2026-11-20T{hour}:30:15Z",
        now=1,
        generation="",
        through=None,
        pending={},
        records=(),
    )
    assert log.path == f"runs/2026-11-20/{hour}3015-fc-1.jsonl"


# The cursor is lost


def lose(world: World, *, everything: bool) -> None:
    keep = () if everything else [key for key in world.claims.entries if key != "cursor"]
    for key in [key for key in world.claims.entries if key not in keep]:
        del world.claims.entries[key]


@pytest.mark.parametrize("everything", [False, True])
def test_what_waits_to_be_sent_is_sent_after_the_cursor_was_lost(everything: bool) -> None:
    world = World()
    world.live(hourly(deadline=600), alerts=Alerts(rule()))
    world.messenger.refusing.add(SLACK.address.shown)
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    world.wake("10:30")
    lose(world, everything=everything)
    world.messenger.refusing.clear()
    world.wake("10:40")
    (text,) = texts(world)
    assert "hourly failed, hourly@2026-11-20T09:00Z" in text
    assert "hourly@2026-11-20T10:00Z was missed" in text


@pytest.mark.parametrize("everything", [False, True])
def test_what_was_sent_is_not_sent_again_after_the_cursor_was_lost(everything: bool) -> None:
    world = World()
    slots = (Slot("poller", "*/5 * * * *"), Slot("quiet", "*/30 * * * *"))
    since = {slot.name: minute(at("08:00")) for slot in slots}
    world.live(hourly(deadline=600), alerts=Alerts(rule()), slots=slots, slots_since=since)
    world.wake("08:30", slot="quiet")
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    world.wake("10:30")
    world.wake("10:30", slot="quiet")
    sent = texts(world)
    assert len(sent) >= 1
    for time in ("10:35", "10:40"):
        lose(world, everything=everything)
        world.wake(time)
    assert texts(world) == sent
