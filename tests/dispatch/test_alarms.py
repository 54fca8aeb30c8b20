"""Alarms: what is one, that it is told once, and that telling costs no start."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.alerts import Address, Alerts
from reconciler.cron import minute
from reconciler.dispatch.answers import CallState, Entry, UnavailableError, UnsentError
from reconciler.dispatch.cursor import CURSOR_KEY
from reconciler.dispatch.delivery import ATTEMPTS, SENDING
from reconciler.dispatch.fakes import FakeClaims, FakeMessenger, FakeRunLog
from reconciler.dispatch.notices import NOTICES_KEPT
from reconciler.dispatch.record import Record
from reconciler.dispatch.runs import RunState, WakeLog
from reconciler.dispatch.stored_runs import decode_wake_log
from reconciler.dispatch.told import ToldState
from reconciler.dispatch.wake import WakeRequest, wake
from tests.dispatch.alarm_scenario import PAGER, SLACK, alarming, rule, run_hours, texts
from tests.dispatch.scenario import World, at, hourly, lines
from tests.dispatch.task_scenario import store, task
from tests.simulation.virtual_time import run_virtually

GOOD, BAD = CallState.SUCCEEDED, CallState.FAILED


def test_a_failed_run_is_told_with_what_when_why_and_how_to_look() -> None:
    world = alarming()
    run_hours(world, [BAD])
    log = world.wake("09:30")
    (text,) = texts(world)
    assert text == (
        "[production] hourly failed, hourly@2026-11-20T09:00Z: ValueError: no rows. "
        "To look: reconcile runs hourly@2026-11-20T09:00Z --env production"
    )
    (told,) = log.told
    assert (told.state, told.to) == (ToldState.SENT, "https://hooks.slack.com/…")


def test_failures_in_a_row_are_told_once_until_a_run_succeeds() -> None:
    world = alarming(failures=3)
    run_hours(world, [BAD, BAD, GOOD, BAD, BAD, BAD, BAD, BAD])
    world.wake("17:30")
    (alarm,) = texts(world)
    assert "hourly failed 3 times in a row, last hourly@2026-11-20T14:00Z" in alarm
    run_hours(world, [GOOD, BAD, BAD, BAD])
    world.wake("21:30")
    assert [text.partition(" hourly ")[2].partition(",")[0] for text in texts(world)] == [
        "failed 3 times in a row",
        "succeeded again",
        "failed 3 times in a row",
    ]


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_run_that_fails_after_a_newer_one_has_succeeded_begins_no_row(wanted: int) -> None:
    world = alarming(failures=wanted)
    world.wake("09:00")
    world.wake("10:00")
    world.end(2, GOOD)
    world.wake("10:30")
    world.end(1, BAD)
    world.wake("11:00")
    assert len(texts(world)) == (1 if wanted == 1 else 0), "it is told where each is"
    world.end(3, BAD)
    world.wake("12:00")
    world.end(4, BAD)
    world.wake("13:00")
    times = re.findall(r"hourly failed .*last hourly@2026-11-20T(\d\d)", "\n".join(texts(world)))
    told = re.findall(r"hourly failed, hourly@2026-11-20T(\d\d)", "\n".join(texts(world)))
    assert (told, times) == ((["09", "11"], []) if wanted == 1 else ([], ["12"]))
    assert "succeeded" not in world.claims.entries[CURSOR_KEY], "no older run is open any more"


def test_that_a_newer_run_has_succeeded_is_remembered_across_a_new_name() -> None:
    world, alerts = World(), Alerts(rule(failures=2))
    world.live(hourly("old"), alerts=alerts)
    world.wake("09:00")
    world.wake("10:00")
    world.live(hourly("new", formerly=(("old", minute(at("10:20"))),)), alerts=alerts)
    world.end(2, GOOD)
    world.wake("10:30")
    world.end(1, BAD)
    world.wake("11:00")
    world.end(3, BAD)
    world.wake("12:00")
    assert texts(world) == []


def test_a_row_that_was_too_short_is_told_once_fewer_are_wanted() -> None:
    world = alarming(failures=3)
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("10:30")
    assert texts(world) == []
    world.live(hourly(), alerts=Alerts(rule(failures=1)), environment="production")
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("13:00")
    assert [text.partition(", last")[0] for text in texts(world)] == [
        "[production] hourly failed 3 times in a row"
    ]


def test_a_row_that_was_told_is_not_told_again_when_another_number_is_wanted() -> None:
    world = alarming()
    run_hours(world, [CallState.FAILED] * 2)
    world.live(hourly(), alerts=Alerts(rule(failures=3)), environment="production")
    run_hours(world, [CallState.FAILED] * 3)
    run_hours(world, [CallState.SUCCEEDED])
    world.wake("15:00")
    assert [text.partition(",")[0] for text in texts(world)] == [
        "[production] hourly failed",
        "[production] hourly succeeded again",
    ]


def test_a_row_of_which_it_is_not_known_whether_it_was_told_is_as_long_as_is_wanted() -> None:
    world = alarming()
    run_hours(world, [CallState.FAILED] * 2)
    entry = world.claims.entries[CURSOR_KEY]
    world.claims.entries[CURSOR_KEY] = {key: entry[key] for key in entry if key != "told"}
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("13:00")
    assert len(texts(world)) == 1


def test_a_run_from_before_the_failures_that_succeeds_late_does_not_end_them() -> None:
    world = alarming()
    world.wake("09:00")
    world.wake("10:00")
    world.end(2, BAD, "ValueError: no rows")
    world.wake("10:30")
    world.end(1, GOOD)
    world.wake("11:00")
    assert len(texts(world)) == 1, "the one of 10:00 has failed, and none after it succeeded"
    world.end(3, GOOD)
    world.wake("11:30")
    assert "hourly succeeded again, hourly@2026-11-20T11:00Z" in texts(world)[-1]


def test_an_unrelated_change_tells_no_old_news() -> None:
    world = alarming()
    run_hours(world, [GOOD, BAD, BAD])
    world.wake("11:30")
    told = texts(world)
    world.live(hourly(), hourly("other", since="11:31"), alerts=Alerts(rule()))
    for time in ("11:32", "11:40"):
        assert world.wake(time).records == ()
    assert texts(world) == told


def test_a_run_that_was_cancelled_neither_fails_nor_succeeds() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD, CallState.CANCELLED, CallState.TIMED_OUT])
    world.wake("12:30")
    assert "hourly failed 2 times in a row" in texts(world)[0]


def test_an_occurrence_that_does_not_start_counts_once_however_often_it_is_tried() -> None:
    world = alarming(failures=2)
    world.caller.missing.add("shop/sync")
    for time in ("09:00", "09:10", "09:20"):
        world.wake(time)
    assert texts(world) == []
    world.wake("10:00")
    (alarm,) = texts(world)
    assert "failed 2 times in a row, last hourly@2026-11-20T10:00Z: there is no function" in alarm


def test_missed_occurrences_are_told_as_one() -> None:
    world = alarming()
    world.wake("09:00")
    world.wake("13:30")
    (alarm,) = texts(world)
    assert alarm.startswith(
        "[production] hourly did not run 3 times, 2026-11-20T10:00Z to 2026-11-20T12:00Z: no wake"
    )


def test_what_was_missed_for_two_reasons_is_told_with_both() -> None:
    world = alarming()
    world.live(hourly(deadline=7200), alerts=Alerts(rule()))
    world.wake("08:45")
    world.wake("14:30")
    (alarm,) = texts(world)
    assert alarm.partition(" To look")[0] == (
        "hourly did not run 5 times, 2026-11-20T09:00Z to 2026-11-20T13:00Z: no wake came within "
        "its deadline of 2h; no wake came in time; catchup is latest, and 2026-11-20T14:00Z is "
        "newer."
    )


def test_what_is_turned_off_is_not_told() -> None:
    world = alarming(failures=None, missed=False)
    run_hours(world, [BAD])
    world.wake("13:30")
    assert texts(world) == []
    assert "notices" not in world.claims.entries[CURSOR_KEY]


def test_a_schedule_says_for_itself_what_is_an_alarm_and_who_is_told() -> None:
    world = World()
    world.live(
        hourly("calm", alerts=rule(to=())),
        hourly("paged", alerts=rule(to=(PAGER,))),
        hourly("usual"),
        alerts=Alerts(rule()),
    )
    world.wake("09:00")
    for number in (1, 2, 3):
        world.end(number, BAD, "ValueError: no")
    world.wake("09:30")
    (slack,) = texts(world)
    assert slack.startswith("usual failed")
    (page,) = [m for m in world.messenger.sent if m.address == PAGER.address]
    assert [alarm["schedule"] for alarm in json.loads(page.body or b"")["alarms"]] == ["paged"]


def test_the_json_body_is_as_its_page_shows_it() -> None:
    world = World()
    nightly = hourly("nightly", since="05:30", when=("0 6 * * *",))
    world.live(nightly, alerts=Alerts(rule(to=(PAGER,))), environment="production")
    run_hours(world, [BAD], first=6)
    world.wake("06:30")
    (message,) = world.messenger.sent
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    shown = page.partition("```json\n")[2].partition("```")[0]
    assert json.loads(message.body or b"") == json.loads(shown)


def test_an_error_text_cannot_mention_a_channel() -> None:
    world = alarming()
    world.wake("09:00")
    world.end(1, BAD, "ValueError: <!channel> & more")
    world.wake("09:30")
    assert "ValueError: &lt;!channel&gt; &amp; more" in texts(world)[0]


def test_an_error_text_that_is_none_of_utf_8_is_told_and_written_down() -> None:
    world = alarming()
    world.wake("09:00")
    world.end(1, BAD, "ValueError: cannot read caf\udce9")
    log = world.wake("10:00")
    assert decode_wake_log(log.encode(), "") == log
    assert "ValueError: cannot read caf\udce9" in texts(world)[0]


def test_many_alarms_are_one_message() -> None:
    world = World()
    world.live(*(hourly(f"h{number:02}") for number in range(30)), alerts=Alerts(rule()))
    world.wake("09:00")
    for number in range(1, 31):
        world.end(number, BAD, "ValueError: no")
    world.wake("09:30")
    (text,) = texts(world)
    assert text.splitlines()[0] == "30 alarms:"
    assert text.splitlines()[-1] == "• and 10 more."


def test_no_more_notices_wait_than_the_cursor_can_hold() -> None:
    world = World()
    names = [f"h{number:04}" for number in range(NOTICES_KEPT + 5)]
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.caller.missing.add("shop/sync")
    world.live(*(hourly(name) for name in names), alerts=Alerts(rule()))
    world.wake("09:00")
    assert len(world.claims.entries[CURSOR_KEY]["notices"]) == NOTICES_KEPT


def test_two_wakes_at_once_send_one_alarm() -> None:
    world = alarming()
    run_hours(world, [BAD])

    async def both() -> None:
        requests = [WakeRequest(wake=f"fc-{n}", token=str(n), slot="poller") for n in range(4)]
        await asyncio.gather(*(wake(world.ports("09:30"), request) for request in requests))

    asyncio.run(both())
    assert len(texts(world)) == 1
    world.wake("09:40")
    assert len(texts(world)) == 1


@dataclass
class HeldLog(FakeRunLog):
    """A run log that is slow for one wake."""

    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, log: WakeLog) -> None:
        if log.wake == "fc-slow":
            await self.released.wait()
        await super().write(log)


def test_a_slow_wake_does_not_bring_back_a_failure_that_was_made_good() -> None:
    """It would be counted again, and what fails from then on would count as told."""
    log = HeldLog()
    world = alarming()
    world.log = log

    async def at_nine(name: str) -> None:
        await wake(world.ports("09:00"), WakeRequest(wake=name, token=name, slot=name))

    async def go_on(time: str) -> None:
        await wake(world.ports(time), WakeRequest(wake=f"fc-{time}", token=time, slot="poller"))

    async def play() -> None:
        slow = asyncio.create_task(at_nine("fc-slow"))
        await asyncio.sleep(0)
        await at_nine("fc-fast")
        world.end(1, BAD)
        await go_on("10:00")
        world.end(2, GOOD)
        await go_on("11:00")
        log.released.set()
        await slow
        world.end(3, BAD)
        await go_on("12:00")

    asyncio.run(play())
    said = [text.partition(":00Z")[0] for text in texts(world)]
    assert said == [
        "[production] hourly failed, hourly@2026-11-20T09",
        "[production] hourly succeeded again, hourly@2026-11-20T10",
        "[production] hourly failed, hourly@2026-11-20T11",
    ]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([GOOD, BAD, CallState.CANCELLED]), max_size=12), st.integers(1, 4))
def test_each_row_that_is_long_enough_is_told_once_and_so_is_its_end(
    ends: list[CallState], wanted: int
) -> None:
    world = alarming(failures=wanted)
    run_hours(world, ends)
    world.wake("22:30")
    row, expected = 0, []
    for end in ends:
        if end is GOOD and row >= wanted:
            expected.append("succeeded again")
        row = 0 if end is GOOD else row + (end is BAD)
        if end is BAD and row == wanted:
            expected.append("failed")
    said = "\n".join(texts(world))
    found = re.findall(r"hourly (succeeded again|failed)", said)
    assert found == expected


def test_wakes_at_once_that_share_out_what_was_missed_send_one_alarm() -> None:
    world = alarming()
    world.wake("09:00")

    async def all_of_them() -> None:
        requests = [WakeRequest(wake=f"fc-{n}", token=str(n), slot="poller") for n in range(4)]
        await asyncio.gather(*(wake(world.ports("13:30"), request) for request in requests))

    asyncio.run(all_of_them())
    (alarm,) = texts(world)
    assert "did not run 3 times, 2026-11-20T10:00Z to 2026-11-20T12:00Z" in alarm


def test_what_is_told_is_no_longer_in_the_cursor() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.wake("09:30")
    entry = world.claims.entries[CURSOR_KEY]
    assert "notices" not in entry
    assert entry["streaks"] == {"hourly": ["2026-11-20T09:00Z"]}


def test_a_refused_alarm_is_tried_again_after_longer_and_longer_waits_and_then_given_up() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add("https://hooks.slack.com/…")
    attempts = [log for log in _wakes_each_minute(world, "09:30", 300) if log.told]
    assert [log.started[11:16] for log in attempts] == [
        "09:30", "09:31", "09:33", "09:37", "09:45", "10:01", "10:33", "11:33",
    ]  # fmt: skip
    assert [log.told[0].state for log in attempts] == [ToldState.FAILED] * (ATTEMPTS - 1) + [
        ToldState.GIVEN_UP
    ]
    assert attempts[0].told[0].error == "it answered 500"
    assert "notices" not in world.claims.entries[CURSOR_KEY]
    stored = [log for log in world.log.logs if log.told]
    assert len(stored) == ATTEMPTS


def test_it_arrives_once_the_receiver_takes_it_again() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.wake("09:31")
    world.wake("09:40")
    assert len(texts(world)) == 1


def test_one_dead_receiver_does_not_keep_another_from_being_told() -> None:
    world = alarming(to=(PAGER, SLACK))
    world.messenger.refusing.add(PAGER.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.wake("09:32")
    assert len(texts(world)) == 1


class Killed(BaseException):
    """The container is gone."""


@dataclass
class Dying(FakeMessenger):
    """The container is killed before a message is sent, or right after."""

    after: bool = False
    alive: bool = False

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        if self.alive or self.after:
            await super().send(address, suffix, body)
        if not self.alive:
            raise Killed


@pytest.mark.parametrize(("after", "sent"), [(False, 1), (True, 2)])
def test_a_wake_that_dies_while_sending_leaves_the_alarm_to_another_once_its_lease_is_over(
    after: bool, sent: int
) -> None:
    world = alarming()
    world.messenger = messenger = Dying(after=after)
    run_hours(world, [BAD])
    with pytest.raises(Killed):
        world.wake("09:30")
    messenger.alive = True
    world.wake("09:33")
    assert len(texts(world)) == sent - 1
    world.wake("09:40")
    world.wake("09:50")
    assert len(texts(world)) == sent


@dataclass
class Broken(FakeMessenger):
    """Takes nothing."""

    async def send(self, _address: Address, _suffix: str, _body: bytes | None) -> None:
        raise UnsentError("no answer within 5 s")


def test_a_start_does_not_wait_for_an_alarm() -> None:
    world = alarming()
    world.messenger = Broken()
    run_hours(world, [BAD])
    log = world.wake("10:00")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    starts = next(n for n, log in enumerate(world.log.logs) if log.now == minute(at("10:00")))
    telling = next(n for n, log in enumerate(world.log.logs) if log.told)
    assert starts < telling


def test_an_alarm_of_a_schedule_that_was_deleted_meanwhile_is_dropped() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.live(alerts=Alerts(rule()))
    world.wake("09:40")
    entry = world.claims.entries[CURSOR_KEY]
    assert texts(world) == []
    assert "notices" not in entry
    assert "streaks" not in entry


def test_a_streak_goes_on_under_a_new_name() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD, BAD])
    world.wake("10:10")
    old = hourly()
    renamed = replace(old, name="renamed", formerly=((old.name, minute(at("10:20"))),))
    world.live(renamed, alerts=Alerts(rule(failures=2)))
    world.wake("11:00")
    world.end(3, BAD)
    world.wake("11:30")
    assert len(texts(world)) == 1


def test_what_waits_to_be_told_goes_with_the_cursors_entry() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add(SLACK.address.shown)
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.claims.entries.pop(CURSOR_KEY)
    world.wake("09:40")
    assert texts(world) == []


@dataclass
class Hanging(FakeMessenger):
    """Comes to no end."""

    async def send(self, _address: Address, _suffix: str, _body: bytes | None) -> None:
        await asyncio.sleep(3600)


def test_a_wake_spends_no_more_than_half_a_minute_on_telling() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger = Hanging()

    async def timed() -> float:
        request = WakeRequest(wake="fc-x", token="x", slot="poller")
        await wake(world.ports("09:30"), request)
        return asyncio.get_running_loop().time()

    assert run_virtually(timed()) == SENDING
    world.messenger = FakeMessenger()
    world.wake("09:40")
    assert len(texts(world)) == 1


def test_the_streak_is_found_again_when_the_cursors_entry_is_gone() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.claims.entries.pop(CURSOR_KEY)
    run_hours(world, [BAD])
    world.wake("10:30")
    assert "hourly failed 2 times in a row" in texts(world)[0]


@dataclass
class Failing(FakeClaims):
    """A Dict that takes nothing any more once a message was sent."""

    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    async def put(self, key: str, entry: Entry) -> None:
        if self.messenger.sent:
            raise UnavailableError
        await super().put(key, entry)


def test_a_dict_that_does_not_answer_while_telling_breaks_no_wake() -> None:
    world = alarming()
    world.claims = Failing(messenger=world.messenger)
    run_hours(world, [BAD])
    log = world.wake("10:00")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    assert len(texts(world)) == 1


def _wakes_each_minute(world: World, first: str, count: int) -> list[WakeLog]:
    start = minute(at(first))
    times = (f"{n // 60 % 24:02}:{n % 60:02}" for n in range(start, start + count))
    return [world.wake(time) for time in times]


def test_records_of_this_form_are_read_back() -> None:
    record = hourly(
        alerts=rule(failures=None, to=(PAGER, SLACK)), ping=Address(secret="s", key="K")
    )
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_the_failure_of_a_task_is_an_alarm_however_many_in_a_row_are_wanted() -> None:
    world = World()
    world.live(alerts=Alerts(rule(failures=3)))
    store(world, task("renewal", "15:00"))
    world.wake("15:00")
    world.end(1, BAD, "ValueError: no rows")
    world.wake("15:30")
    (text,) = texts(world)
    assert text.startswith("task/renewal failed, task/renewal@2026-11-20T15:00Z: ValueError")


def test_so_is_that_of_a_schedule_that_occurs_once() -> None:
    world = World()
    once = hourly("once", when=(), at=minute(at("09:00")))
    world.live(once, alerts=Alerts(rule(failures=3)))
    run_hours(world, [BAD])
    world.wake("09:30")
    assert texts(world)[0].startswith("once failed, once@2026-11-20T09:00Z")
