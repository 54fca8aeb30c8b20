"""An occurrence that waits for the runs of other schedules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, Recipient
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeClock
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.supervision import ask_for_wake
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.model.schedule_record import ScheduleRecord, Upstream
from reconciler.policies import Catchup, Condition
from tests.dispatch.scenario import World, at, hourly, lines
from tests.simulation.virtual_time import run_virtually

DAILY = "0 5 * * *"


def extract(**values: Any) -> ScheduleRecord:
    """What the others wait for: daily at 05:00."""
    given: dict[str, Any] = {
        "when": (DAILY,),
        "since": "2026-11-19T07:00",
        "dependants": ("load",),
        **values,
    }
    return hourly(given.pop("name", "extract"), **given)


def load(*after: Upstream, **values: Any) -> ScheduleRecord:
    """What waits: daily at 06:00."""
    given: dict[str, Any] = {"when": ("0 6 * * *",), "since": "2026-11-19T07:00", **values}
    return hourly(given.pop("name", "load"), after=after or (Upstream("extract"),), **given)


def follower(name: str, of: ScheduleRecord, **values: Any) -> ScheduleRecord:
    """A schedule without times of its own."""
    after = (Upstream(of.name, within=1),)
    given: dict[str, Any] = {"since": "2026-11-19T07:00", **values}
    return hourly(name, when=of.when, after=after, follows=True, **given)


def live(*records: ScheduleRecord, **values: Any) -> World:
    world = World()
    world.live(*records, **values)
    world.wake("2026-11-19T07:30")  # what is due before is not what a test is about
    return world


def waiting(log: WakeLog) -> list[str]:
    return [record.reason or "" for record in log.records if record.state is RunState.QUEUED]


def only(log: WakeLog, name: str) -> RunRecord:
    (found,) = [record for record in log.records if record.name == name]
    return found


def test_it_starts_once_the_upstream_has_succeeded() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    log = world.wake("06:00")
    assert waiting(log) == ["waits for extract@2026-11-20T05:00Z, which is running"]
    assert world.wake("06:10").records == (), "it waits, and that has been said"
    world.end(1, CallState.SUCCEEDED)
    log = world.wake("06:20")
    assert lines(log, RunState.STARTED) == ["load@06:00"]
    assert world.wake("06:30").pending == {}


def test_it_starts_at_its_time_when_the_upstream_has_succeeded_before() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("05:30")
    assert lines(world.wake("06:00"), RunState.STARTED) == ["load@06:00"]


def test_it_waits_while_the_upstream_failed_and_says_so_once() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    world.wake("05:10")
    assert waiting(world.wake("06:00")) == [
        "waits for extract@2026-11-20T05:00Z, which failed at 2026-11-20T05:10Z"
    ]
    assert waiting(world.wake("07:00")) == []


def test_a_rerun_of_the_upstream_that_succeeds_releases_what_waits() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    world.wake("06:00")
    again = Occurrence("extract", minute(at("05:00")), 2)
    world.wake("06:10", rerun=again, slot="on_demand")
    assert lines(world.wake("06:20"), RunState.STARTED) == []
    world.end(2, CallState.SUCCEEDED)
    assert lines(world.wake("06:30"), RunState.STARTED) == ["load@06:00"]


def test_a_rerun_of_what_waits_waits_for_nothing() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    again = Occurrence("load", minute(at("2026-11-19T06:00")), 2)
    log = world.wake("05:30", rerun=again, slot="on_demand")
    assert lines(log, RunState.STARTED) == ["load@06:00"]


def test_it_is_missed_when_its_next_occurrence_is_due() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    world.wake("05:10")
    world.wake("06:00")
    world.wake("2026-11-21T05:00")
    log = world.wake("2026-11-21T06:00")
    assert lines(log, RunState.MISSED) == ["load@06:00"]
    missed = next(record for record in log.records if record.state is RunState.MISSED)
    assert missed.reason == (
        "waited for extract@2026-11-20T05:00Z, which failed at 2026-11-20T05:10Z, "
        "until 2026-11-21T06:00Z was due"
    )
    assert waiting(log) == ["waits for extract@2026-11-21T05:00Z, which is running"]


def test_it_is_missed_at_its_deadline() -> None:
    world = live(extract(), load(deadline=3600))
    world.wake("05:00")
    world.wake("06:00")
    log = world.wake("07:01")
    assert only(log, "load").state is RunState.MISSED
    assert only(log, "load").reason == (
        "waited for extract@2026-11-20T05:00Z, which is running, until its deadline of 1h was over"
    )


def test_with_catchup_all_it_waits_for_seven_days() -> None:
    world = live(extract(), load(catchup=Catchup.ALL))
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    for day in range(20, 28):
        world.wake(f"2026-11-{day}T06:00")
    assert "load@2026-11-20T06:00Z" in world.wake("2026-11-27T06:00").pending
    log = world.wake("2026-11-27T06:01")
    assert "load@06:00" in lines(log, RunState.MISSED)


@pytest.mark.parametrize(
    ("state", "on", "starts"),
    [
        (CallState.SUCCEEDED, Condition.SUCCEEDED, True),
        (CallState.SUCCEEDED, Condition.ENDED, True),
        (CallState.FAILED, Condition.SUCCEEDED, False),
        (CallState.FAILED, Condition.FAILED, True),
        (CallState.TIMED_OUT, Condition.FAILED, True),
        (CallState.CANCELLED, Condition.FAILED, True),
        (CallState.CANCELLED, Condition.SUCCEEDED, False),
        (CallState.EXPIRED, Condition.SUCCEEDED, False),
        (CallState.EXPIRED, Condition.FAILED, False),
        (CallState.EXPIRED, Condition.ENDED, True),
    ],
)
def test_on_says_which_outcome_starts_it(state: CallState, on: Condition, starts: bool) -> None:
    world = live(extract(), load(Upstream("extract", on=on)))
    world.wake("05:00")
    world.end(1, state)
    log = world.wake("06:00")
    assert (lines(log, RunState.STARTED) == ["load@06:00"]) is starts


def test_on_failed_is_skipped_when_the_upstream_succeeded() -> None:
    world = live(extract(), load(Upstream("extract", on=Condition.FAILED)))
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    found = only(world.wake("06:00"), "load")
    assert found.state is RunState.SKIPPED
    assert found.reason == "extract@2026-11-20T05:00Z succeeded; on is failed"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"suspended": "migration"},
            "extract@2026-11-20T05:00Z was skipped: suspended: migration",
        ),
        (
            {"exclude": ("2026-11-20",)},
            "extract@2026-11-20T05:00Z was skipped: excluded by 2026-11-20",
        ),
        ({"start": minute(at("05:30"))}, "extract has no occurrence in the 1d before it"),
    ],
)
def test_it_is_skipped_when_the_upstream_does_not_run(values: Any, reason: str) -> None:
    world = live(extract(**values), load())
    world.wake("05:00")
    found = only(world.wake("06:00"), "load")
    assert (found.state, found.reason) == (RunState.SKIPPED, reason)


@pytest.mark.parametrize(
    "values", [{"suspended": ""}, {"exclude": ("2026-11-20",)}, {"start": minute(at("05:30"))}]
)
def test_on_ended_starts_when_the_upstream_does_not_run(values: Any) -> None:
    world = live(extract(**values), load(Upstream("extract", on=Condition.ENDED)))
    world.wake("05:00")
    assert lines(world.wake("06:00"), RunState.STARTED) == ["load@06:00"]


def test_it_waits_for_an_upstream_that_was_missed() -> None:
    world = live(extract(deadline=600), load())
    log = world.wake("06:00")
    assert lines(log, RunState.MISSED) == ["extract@05:00"]
    assert waiting(log) == ["waits for extract@2026-11-20T05:00Z, which was missed"]


def test_it_waits_for_an_upstream_that_is_late() -> None:
    world = live(extract(), load())
    world.caller.unreached = 1
    log = world.wake("06:00")
    assert waiting(log) == ["waits for extract@2026-11-20T05:00Z, which could not be started yet"]


def test_of_an_hourly_upstream_the_newest_occurrence_counts() -> None:
    world = live(extract(when=("30 * * * *",)), load())
    log = world.wake("06:00")
    assert waiting(log) == ["waits for extract@2026-11-20T05:30Z, which is running"]


def test_each_occurrence_of_an_hourly_schedule_waits_for_the_same_daily_one() -> None:
    world = live(extract(), load(when=("0 * * * *",)))
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("06:00")
    assert lines(world.wake("07:00"), RunState.STARTED) == ["load@07:00"]


def test_an_occurrence_older_than_within_does_not_count() -> None:
    world = live(extract(), load(Upstream("extract", within=30)))
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    assert only(world.wake("06:00"), "load").reason == (
        "extract has no occurrence in the 30m before it"
    )


def test_the_upstream_counts_in_its_own_zone() -> None:
    world = live(extract(timezone="Asia/Tokyo", when=("0 14 * * *",)), load())
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("06:00"), RunState.STARTED) == ["load@06:00"]


def test_it_waits_for_each_of_two_upstreams() -> None:
    world = live(extract(), extract(name="rates"), load(Upstream("extract"), Upstream("rates")))
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    assert waiting(world.wake("06:00")) == ["waits for rates@2026-11-20T05:00Z, which is running"]
    world.end(2, CallState.SUCCEEDED)
    assert lines(world.wake("06:10"), RunState.STARTED) == ["load@06:00"]


def test_one_of_two_upstreams_that_is_skipped_skips_it() -> None:
    world = live(
        extract(),
        extract(name="rates", suspended=""),
        load(Upstream("extract"), Upstream("rates")),
    )
    world.wake("05:00")
    assert only(world.wake("06:00"), "load").state is RunState.SKIPPED


def test_a_run_that_a_person_starts_before_it_counts() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.FAILED)
    world.wake("05:10")
    world.wake("05:30", trigger="extract")
    world.end(2, CallState.SUCCEEDED)
    assert lines(world.wake("06:00"), RunState.STARTED) == ["load@06:00"]


def test_what_a_person_starts_waits_for_nothing() -> None:
    world = live(extract(), load())
    assert lines(world.wake("05:30", trigger="load"), RunState.STARTED) == ["load@05:30"]


def test_it_waits_for_an_upstream_under_its_former_name() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.wake("06:00")
    renamed = extract(name="pull", formerly=(("extract", minute(at("06:15"))),))
    world.live(renamed, load(Upstream("pull")))
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("06:20"), RunState.STARTED) == ["load@06:00"]


def test_it_waits_when_the_upstream_is_gone() -> None:
    world = live(extract(), load())
    world.live(load())
    assert waiting(world.wake("06:00")) == [
        "waits for extract, which is not among the schedules that can be read"
    ]


def test_an_occurrence_of_other_times_counts_as_far_as_it_has_run() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("05:10")
    world.live(extract(when=("45 23 * * *",), since="05:20"), load())
    assert lines(world.wake("06:00"), RunState.STARTED) == ["load@06:00"]


def test_what_has_started_is_not_repeated() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("06:00")
    del world.claims.entries["cursor"]
    world.wake("06:10")
    assert len(world.caller.calls) == 2


def test_what_was_dropped_without_a_claim_does_not_start_unallowed() -> None:
    """The claim that drops it may have no answer; a later wake may look at it again."""
    world = live(extract(), load(deadline=3600))
    world.wake("05:00")
    world.wake("06:00")
    cursor = world.claims.entries["cursor"]
    world.wake("07:01")
    del world.claims.entries["load@2026-11-20T06:00Z"]
    world.claims.entries["cursor"] = cursor
    log = world.wake("06:30")
    assert lines(log, RunState.STARTED) == []
    assert lines(log, RunState.MISSED) == ["load@06:00"]


def test_a_lost_cursor_loses_no_wait() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.wake("06:00")
    world.claims.entries.clear()
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("06:20"), RunState.STARTED) == ["load@06:00"]


def test_an_end_whose_runs_file_was_lost_is_asked_again() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    ended = world.wake("05:10")
    world.log.logs = [log for log in world.log.logs if log.wake != ended.wake]
    log = world.wake("06:00")
    assert lines(log, RunState.STARTED) == ["load@06:00"]
    assert lines(log, RunState.SUCCEEDED) == ["extract@05:00"]


def test_a_follower_runs_once_for_each_occurrence_of_its_upstream() -> None:
    world = live(extract(), follower("load", extract()))
    assert waiting(world.wake("05:00")) == ["waits for extract@2026-11-20T05:00Z, which is running"]
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("05:20"), RunState.STARTED) == ["load@05:00"]


def test_a_follower_runs_for_an_occurrence_that_a_person_starts() -> None:
    late = extract(when=("0 22 * * *",), since="08:00")
    world = live(late, follower("load", late, since="08:00"))
    log = world.wake("08:15", trigger="extract")
    assert waiting(log) == ["waits for extract@2026-11-20T08:15Z, which is running"]
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("08:20"), RunState.STARTED) == ["load@08:15"]


def test_a_suspended_follower_is_skipped_for_what_a_person_starts() -> None:
    world = live(extract(), follower("load", extract(), suspended=""))
    log = world.wake("08:15", trigger="extract")
    assert only(log, "load").state is RunState.SKIPPED


def test_a_follower_outwaits_an_upstream_that_runs_past_its_next_time() -> None:
    upstream = extract(when=("0 * * * *",))
    world = live(upstream, follower("load", upstream))
    world.wake("05:00")
    log = world.wake("06:00")
    assert lines(log, RunState.MISSED) == []
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("06:10"), RunState.STARTED) == ["load@05:00"]


def test_a_skip_goes_down_a_chain_in_one_wake() -> None:
    first = extract(suspended="")
    second = follower("load", first, dependants=("report",))
    world = live(first, second, follower("report", second))
    log = world.wake("05:00")
    assert lines(log, RunState.SKIPPED) == ["extract@05:00", "load@05:00", "report@05:00"]


def test_a_run_that_is_waited_for_is_supervised() -> None:
    world = live(extract(), load())
    world.wake("05:00")
    assert world.caller.calls[0].args["order"]["waited_for"] is True


def test_a_wake_looks_again_when_what_it_started_has_ended_meanwhile() -> None:
    """The end asked for a wake that could not know yet what waits for it."""
    world = live(extract(), follower("load", extract()))
    world.end(1, CallState.SUCCEEDED)
    log = world.wake("05:00")
    assert lines(log, RunState.STARTED) == ["extract@05:00", "load@05:00"]


ALERTS = Alerts(AlertRule(to=(Recipient(Address(url="https://hooks.example.com/a")),)))


def messages(world: World) -> list[str]:
    return [(message.body or b"").decode() for message in world.messenger.sent]


def test_by_alerts_once_while_it_waits() -> None:
    world = live(extract(), load(Upstream("extract", by=9 * 60)), alerts=ALERTS)
    world.wake("05:00")
    world.wake("08:59")
    assert messages(world) == []
    world.wake("09:00")
    (text,) = messages(world)
    assert (
        "load has not started by 2026-11-20T09:00Z, load@2026-11-20T06:00Z waits for "
        "extract@2026-11-20T05:00Z, which is running."
    ) in text
    world.wake("09:01")
    world.claims.entries.clear()
    world.wake("09:02")
    assert len(messages(world)) == 1


def test_by_is_a_time_of_the_schedules_zone() -> None:
    record = load(Upstream("extract", by=9 * 60), timezone="Europe/Berlin", when=("0 7 * * *",))
    world = live(extract(), record, alerts=ALERTS)
    world.wake("06:00")
    world.wake("07:59")
    assert messages(world) == []
    world.wake("08:00")
    assert len(messages(world)) == 1


def test_by_alerts_not_when_it_has_started() -> None:
    world = live(extract(), load(Upstream("extract", by=9 * 60)), alerts=ALERTS)
    world.wake("05:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("06:00")
    world.wake("09:00")
    assert messages(world) == []


def test_several_ends_ask_for_one_wake() -> None:
    world, claims, pauses = World(), FakeClaims(), list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    for number, time in enumerate(("05:00:00", "05:00:01", "05:00:02")):
        ask = ask_for_wake(
            f"fc-s{number}", "ours", FakeClock(at(time)), claims, world.caller, pause
        )
        run_virtually(ask)
    asked = [(call.app, call.function, call.args) for call in world.caller.calls]
    assert asked == [
        ("ours", "on_demand", {"after": "fc-s0"}),
        ("ours", "on_demand", {"after": "fc-s2"}),
    ]
    assert pauses == [2.5, 2.5]


def test_a_record_that_waits_is_read_as_it_was_written() -> None:
    record = load(
        Upstream("a", within=90, on=Condition.ENDED, by=545), Upstream("b"), dependants=("c",)
    )
    assert ScheduleRecord.from_json(record.to_json()) == record
    assert replace(record, follows=True).to_json()["after"] == {
        "a": {"within": 90, "on": "ended", "by": "09:05"},
        "b": {},
    }
