"""Alerts: what causes one, that it is sent once, and that sending costs no start."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.alerts import Address, Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeMessenger
from reconciler.dispatch.answers import UnavailableError, UnsentError
from reconciler.dispatch.decide.notifications import NOTIFICATIONS_KEPT
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.sending import ATTEMPTS, SENDING
from reconciler.dispatch.wake.wake import wake
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Entry
from reconciler.model.outbox import SendingState
from reconciler.model.runs_file import RunState, WakeLog, decode_wake_log
from reconciler.model.schedule_record import ScheduleRecord
from tests.dispatch.alarm_scenario import BAD, GOOD, PAGER, SLACK, alarming, rule, run_hours, texts
from tests.dispatch.scenario import Killed, World, at, hourly, lines
from tests.simulation.virtual_time import run_virtually


def test_a_failed_run_is_notified_with_what_when_why_and_how_to_look() -> None:
    world = alarming()
    run_hours(world, [BAD])
    log = world.wake("09:30")
    (text,) = texts(world)
    assert text == (
        "[production] hourly failed, hourly@2026-11-20T09:00Z: ValueError: no rows. "
        "To look: reconcile runs hourly@2026-11-20T09:00Z --env production"
    )
    (told,) = log.sendings
    assert (told.state, told.to) == (SendingState.SENT, "https://hooks.slack.com/…")


def test_an_unrelated_change_notifies_no_old_failure() -> None:
    world = alarming()
    run_hours(world, [GOOD, BAD, BAD])
    world.wake("11:30")
    told = texts(world)
    world.live(hourly(), hourly("other", since="11:31"), alerts=Alerts(rule()))
    for time in ("11:32", "11:40"):
        assert world.wake(time).records == ()
    assert texts(world) == told


def test_missed_occurrences_are_notified_as_one() -> None:
    world = alarming()
    world.wake("09:00")
    world.wake("13:30")
    (alarm,) = texts(world)
    assert alarm.startswith(
        "[production] hourly did not run 3 times, 2026-11-20T10:00Z to 2026-11-20T12:00Z: no wake"
    )


def test_what_was_missed_for_two_reasons_is_notified_with_both() -> None:
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


def test_what_is_turned_off_is_not_notified() -> None:
    world = alarming(failures=None, missed=False)
    run_hours(world, [BAD])
    world.wake("13:30")
    assert texts(world) == []
    assert "notices" not in world.claims.entries[CURSOR_KEY]


def test_a_schedule_says_for_itself_what_is_an_alarm_and_who_is_notified() -> None:
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


def test_an_error_text_that_is_none_of_utf_8_is_notified_and_written_down() -> None:
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
        world.end(number, BAD, f"ValueError: no {number}")
    world.wake("09:30")
    (text,) = texts(world)
    assert text.splitlines()[0] == "30 alerts:"
    assert text.splitlines()[-1] == "• and 10 more."


def test_no_more_notices_wait_than_the_cursor_can_hold() -> None:
    world = World()
    names = [f"h{number:04}" for number in range(NOTIFICATIONS_KEPT + 5)]
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.caller.missing.add("shop/sync")
    world.live(*(hourly(name) for name in names), alerts=Alerts(rule()))
    world.wake("09:00")
    assert len(world.claims.entries[CURSOR_KEY]["notices"]) == NOTIFICATIONS_KEPT
    world.live(*(hourly(name) for name in [*names, "new"]), alerts=Alerts(rule()))
    world.wake("10:00")
    assert len(world.claims.entries[CURSOR_KEY]["notices"]) == NOTIFICATIONS_KEPT


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


def test_wakes_at_once_that_share_out_what_was_missed_send_one_alarm() -> None:
    world = alarming()
    world.wake("09:00")

    async def all_of_them() -> None:
        requests = [WakeRequest(wake=f"fc-{n}", token=str(n), slot="poller") for n in range(4)]
        await asyncio.gather(*(wake(world.ports("13:30"), request) for request in requests))

    asyncio.run(all_of_them())
    (alarm,) = texts(world)
    assert "did not run 3 times, 2026-11-20T10:00Z to 2026-11-20T12:00Z" in alarm


def test_what_is_notified_is_no_longer_in_the_cursor() -> None:
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
    attempts = [log for log in _wakes_each_minute(world, "09:30", 300) if log.sendings]
    assert [log.started[11:16] for log in attempts] == [
        "09:30", "09:31", "09:33", "09:37", "09:45", "10:01", "10:33", "11:33",
    ]  # fmt: skip
    assert [log.sendings[0].state for log in attempts] == [SendingState.FAILED] * (ATTEMPTS - 1) + [
        SendingState.GIVEN_UP
    ]
    assert attempts[0].sendings[0].error == "it answered 500"
    assert "notices" not in world.claims.entries[CURSOR_KEY]
    stored = [log for log in world.log.logs if log.sendings]
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


def test_one_dead_receiver_does_not_keep_another_from_being_notified() -> None:
    world = alarming(to=(PAGER, SLACK))
    world.messenger.refusing.add(PAGER.address.shown)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.wake("09:32")
    assert len(texts(world)) == 1


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
    telling = next(n for n, log in enumerate(world.log.logs) if log.sendings)
    assert starts < telling


def test_an_alarm_of_a_schedule_that_was_deleted_meanwhile_is_dropped() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.live(alerts=Alerts(rule()))
    world.wake("09:44")
    assert "notices" in world.claims.entries[CURSOR_KEY], "the wake may read what was live before"
    world.wake("09:45")
    entry = world.claims.entries[CURSOR_KEY]
    assert texts(world) == []
    assert "notices" not in entry
    assert "streaks" not in entry


def test_a_wake_that_does_not_know_a_new_schedule_yet_leaves_its_alarm_to_the_next() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add("https://hooks.slack.com/…")
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.live(hourly("other"), alerts=Alerts(rule()))
    world.wake("09:35")
    assert texts(world) == []
    world.live(hourly(), alerts=Alerts(rule()))
    world.wake("09:40")
    (text,) = texts(world)
    assert "hourly failed, hourly@2026-11-20T09:00Z" in text


def test_what_waits_to_be_sent_is_found_in_the_runs_files_when_the_cursors_entry_is_gone() -> None:
    world = alarming()
    run_hours(world, [BAD])
    world.messenger.refusing.add(SLACK.address.shown)
    world.wake("09:30")
    world.messenger.refusing.clear()
    world.claims.entries.pop(CURSOR_KEY)
    world.wake("09:40")
    (text,) = texts(world)
    assert "hourly failed, hourly@2026-11-20T09:00Z" in text


@dataclass
class Hanging(FakeMessenger):
    """Comes to no end."""

    async def send(self, _address: Address, _suffix: str, _body: bytes | None) -> None:
        await asyncio.sleep(3600)


def test_a_wake_spends_no_more_than_half_a_minute_on_sending() -> None:
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


@dataclass
class StuckClaims(FakeClaims):
    """Of one alert no claim comes to an end, or none has an answer.

    Attributes:
        of: how the keys of its claims begin; empty for none.
        refused: whether an error says so, at once.
    """

    of: str = ""
    refused: bool = False

    async def put_new(self, key: str, entry: Entry) -> bool:
        if self.of and key.startswith(self.of):
            if self.refused:
                raise UnavailableError("throttled")
            await asyncio.sleep(3600)
        return await super().put_new(key, entry)


@pytest.mark.parametrize("refused", [True, False])
def test_an_alert_that_cannot_be_claimed_does_not_hold_up_the_others(refused: bool) -> None:
    world = World()
    world.claims = claims = StuckClaims(refused=refused)
    world.live(hourly("a"), hourly("b"), hourly("c"), alerts=Alerts(rule()))
    world.wake("09:00")
    for number in (1, 2, 3):
        world.end(number, BAD, "ValueError: no rows")
    claims.of = "notice/failures/b"
    run_virtually(wake(world.ports("09:30"), WakeRequest(wake="x", token="x", slot="poller")))
    claims.of = ""
    world.wake("09:40")
    first, second = texts(world)
    assert ("a failed" in first, "b failed" in first, "c failed" in first) == (True, False, True)
    assert second.startswith("b failed")


@dataclass
class Failing(FakeClaims):
    """A Dict that takes nothing any more once a message was sent."""

    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    async def put(self, key: str, entry: Entry) -> None:
        if self.messenger.sent:
            raise UnavailableError
        await super().put(key, entry)


def test_a_dict_that_does_not_answer_while_sending_breaks_no_wake() -> None:
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
    assert ScheduleRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
