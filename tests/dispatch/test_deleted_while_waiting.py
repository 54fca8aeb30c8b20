"""A schedule, its alerts or its file is gone while something of it waits: no wake fails for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from reconciler.alerts import Address, AlertRule, Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeTaskFiles
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.generation import Slot
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap
from tests.dispatch.alarm_scenario import BAD, GOOD, PAGER, SLACK, rule, texts
from tests.dispatch.scenario import World, at, hourly, lines
from tests.dispatch.task_scenario import spawned, store, task

PING = Address(url="https://hc-ping.example/uuid")
OTHER = hourly("other", function="load")
KINDS = ("failures", "missed", "recovered", "ping-success", "ping-fail")


def waiting(kind: str) -> World:
    """A world in which a notification of that kind waits for its recipient, who refuses it."""
    world = World()
    record = hourly(deadline=600, ping=PING if kind.startswith("ping") else None)
    world.live(record, OTHER, alerts=None if record.ping else Alerts(rule()))
    world.wake("09:00")
    world.end(1, BAD if kind in ("failures", "recovered", "ping-fail") else GOOD, "ValueError: no")
    world.end(2, GOOD)
    if kind == "recovered":
        world.wake("10:00")
        world.end(3, GOOD)
    world.messenger.refusing |= {SLACK.address.shown, PING.shown}
    world.wake("11:30")
    assert kind in notifications(world)
    world.messenger.refusing.clear()
    world.messenger.sent.clear()
    return world


def notifications(world: World) -> list[str]:
    """The kinds of the notices that wait."""
    return [
        notification["kind"] for notification in world.claims.entries[CURSOR_KEY].get("notices", [])
    ]


CHANGES: dict[str, Callable[[ScheduleRecord], tuple[tuple[ScheduleRecord, ...], Alerts | None]]] = {
    "the schedule is deleted": lambda _record: ((), Alerts(rule())),
    "its alerts and its ping are taken out": lambda record: ((replace(record, ping=None),), None),
    "no recipient is left": lambda record: (
        (replace(record, ping=None, alerts=AlertRule(to=())),),
        Alerts(rule()),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_notice_without_a_recipient_is_dropped_and_the_wake_goes_on(
    kind: str, change: str
) -> None:
    world = waiting(kind)
    records, alerts = CHANGES[change](hourly())
    world.live(*records, OTHER, alerts=alerts)
    log = world.wake("12:00")
    assert "other@12:00" in lines(log, RunState.STARTED)
    assert [told.notification for told in log.sendings if "hourly" in told.notification] == []
    assert [kind for kind in notifications(world) if kind in KINDS] == []


@pytest.mark.parametrize("kind", ["failures", "missed", "recovered"])
def test_a_notice_that_waits_while_its_recipient_changes_goes_to_the_new_one(kind: str) -> None:
    world = waiting(kind)
    world.live(hourly(), OTHER, alerts=Alerts(rule(to=(PAGER,))))
    world.wake("11:35")
    assert [sent.address for sent in world.messenger.sent] == [PAGER.address]


@pytest.mark.parametrize("kind", ["failures", "missed", "recovered"])
def test_a_notice_that_waits_while_its_schedule_is_renamed_is_sent(kind: str) -> None:
    world = waiting(kind)
    renamed = replace(hourly("renamed"), formerly=(("hourly", minute(at("11:32"))),))
    world.live(OTHER, renamed, alerts=Alerts(rule()))
    world.wake("11:35")
    assert "hourly" in texts(world)[0]


def test_a_slot_that_is_gone_is_not_overdue() -> None:
    world = World()
    slots = (Slot("poller", "0 * * * *"), Slot("quiet", "*/30 * * * *"))
    since = {slot.name: minute(at("08:00")) for slot in slots}
    world.live(hourly(), alerts=Alerts(rule()), slots=slots, slots_since=since)
    world.wake("08:30", slot="quiet")
    world.wake("09:00")
    world.messenger.sent.clear()
    world.live(hourly(), alerts=Alerts(rule()), slots=slots[:1], slots_since=since)
    world.wake("10:00")
    assert texts(world) == []


def test_damage_that_is_found_while_there_are_no_alerts_is_written_down_and_not_sent() -> None:
    world = World()
    world.live(hourly(), OTHER)
    world.wake("09:00")
    world.claims.entries["other@2026-11-20T10:00Z"] = {"state": 7}
    log = world.wake("10:00")
    assert [one.where for one in log.damaged] == ["Dict entry other@2026-11-20T10:00Z"]
    assert notifications(world) == []


# Runs


@pytest.mark.parametrize("alerts", [None, Alerts(rule())])
def test_the_end_of_a_run_is_written_down_though_its_schedule_is_deleted(
    alerts: Alerts | None,
) -> None:
    world = World()
    world.live(hourly(ping=PING), OTHER, alerts=Alerts(rule()))
    world.wake("09:00")
    world.messenger.sent.clear()
    world.live(OTHER, alerts=alerts)
    world.end(1, BAD, "ValueError: no rows")
    log = world.wake("09:30")
    assert lines(log, RunState.FAILED) == ["hourly@09:00"]
    assert world.messenger.sent == []
    assert [
        key for key in world.claims.entries[CURSOR_KEY]["calls"].values() if "hourly" in key
    ] == []


def test_the_failures_of_a_deleted_schedule_are_none_of_the_next_one_of_its_name() -> None:
    world = World()
    alerts = Alerts(rule(failures=2))
    world.live(hourly(), OTHER, alerts=alerts)
    world.wake("09:00")
    world.end(1, BAD)
    world.wake("09:30")
    world.live(OTHER, alerts=alerts)
    world.wake("10:00")
    world.live(hourly(since="10:30"), OTHER, alerts=alerts)
    log = world.wake("11:00")
    started = next(line for line in log.records if line.name == "hourly")
    assert started.call is not None
    world.end(int(started.call.removeprefix("fc-")), BAD)
    world.wake("11:30")
    assert texts(world) == []


def test_alerts_that_come_while_a_run_is_open_notify_of_its_end() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.live(hourly(), alerts=Alerts(rule()))
    world.end(1, BAD, "ValueError: no rows")
    world.wake("09:30")
    assert len(texts(world)) == 1


# Occurrences that wait


def test_what_waits_behind_a_run_of_a_deleted_schedule_is_missed() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE), OTHER)
    world.wake("09:00")
    assert lines(world.wake("10:00"), RunState.QUEUED) == ["hourly@10:00"]
    world.live(OTHER)
    world.end(1, GOOD)
    log = world.wake("11:00")
    assert lines(log, RunState.MISSED) == ["hourly@10:00"]
    assert spawned(world).count("supervise_run") == 1


def test_what_waits_behind_a_run_starts_at_once_when_overlap_is_allowed_meanwhile() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    world.live(hourly())
    assert lines(world.wake("10:05"), RunState.STARTED) == ["hourly@10:00"]


@pytest.mark.parametrize(
    "gone", ["hourly@2026-11-20T09:00Z", "running/hourly", "queue/fc-1", "cursor"]
)
def test_what_waits_behind_a_run_starts_once_when_it_has_ended_whichever_entry_is_gone(
    gone: str,
) -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    del world.claims.entries[gone]
    world.end(1, GOOD)
    log = world.wake("10:05")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    world.wake("10:10")
    assert len(world.caller.calls) == 2


def test_a_task_whose_file_is_gone_before_its_next_attempt_is_not_started() -> None:
    world = World()
    world.live(OTHER)
    one = task()
    store(world, one)
    world.caller.missing.add("shop/sync")
    log = world.wake("15:00")
    assert lines(log, RunState.START_FAILED) == ["task/renewal@15:00"]
    world.caller.missing.clear()
    del world.tasks.files[one.path]
    world.wake("15:05")
    assert "sync" not in spawned(world)
    assert world.claims.entries[CURSOR_KEY]["unsettled"] == {}


@dataclass
class Forgetful(FakeTaskFiles):
    """Its files are gone between the listing and the reading."""

    async def read(self, path: str) -> bytes | None:
        await super().read(path)
        return None


def test_a_task_whose_file_is_gone_between_the_listing_and_the_reading_is_passed_over() -> None:
    world = World()
    world.live(OTHER)
    store(world, task())
    ports = replace(world.ports("15:00"), tasks=Forgetful(world.tasks.files))
    log = world.wake("15:00", ports)
    assert lines(log, RunState.STARTED) == ["other@15:00"]
