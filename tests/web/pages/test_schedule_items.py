"""Which schedules that need attention are one item, and in which order the items stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.cron import minute
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import Upstream
from reconciler.query.long_run import Usual
from reconciler.query.status import ScheduleStatus
from reconciler.web.pages.schedule_items import Item, ItemMaker, schedule_items
from tests.dispatch.scenario import hourly

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEN = minute(NOW.replace(hour=10))
NINE_THIRTY = TEN - 30
WAITING = "waits for extract@2026-11-20T10:00Z, which failed at 2026-11-20T10:05Z"


def schedule(
    name: str,
    state: RunState = RunState.FAILED,
    reason: str = "KeyError: 'id'",
    *,
    at: int = TEN,
    usual: Usual | None = None,
    failures: int = 1,
    start_by: int | None = None,
    **record: Any,
) -> ScheduleStatus:
    run = Run(
        occurrence=Occurrence(name, at),
        state=state,
        seen="2026-11-20T10:00:09Z",
        started="2026-11-20T10:00:09Z",
        reason=reason,
        wake="fc-1",
        slot="poller",
    )
    return ScheduleStatus(
        record=hourly(name, **record),
        last=run,
        following=None,
        overdue=None,
        failures=failures,
        usual=usual,
        start_by=start_by,
    )


def waiting(name: str, upstream: str, reason: str = WAITING, **given: Any) -> ScheduleStatus:
    return schedule(name, RunState.QUEUED, reason, after=(Upstream(upstream, by=0),), **given)


def items(*schedules: ScheduleStatus) -> list[Item]:
    item_of = ItemMaker.of(schedules, "production", NOW)
    return list(schedule_items([one for one in schedules if not one.well], item_of))


def titles(*schedules: ScheduleStatus) -> list[str]:
    return [item.title for item in items(*schedules)]


def test_three_with_the_same_error_are_one_item() -> None:
    (item,) = items(*(schedule(name, function=name) for name in "abc"))
    assert item.title == "3 schedules with the same error"
    assert (item.sentence, item.names, item.command) == ("KeyError: 'id':", ("a", "b", "c"), "")


def test_two_are_two() -> None:
    assert titles(schedule("a"), schedule("b")) == ["a", "b"]


def test_three_of_the_same_function_with_different_errors_are_one_item() -> None:
    (item,) = items(
        schedule("a", reason="KeyError: 'id'", at=NINE_THIRTY),
        schedule("b", reason="HTTPError: 429"),
        schedule("c", reason="ValueError: x", at=NINE_THIRTY),
    )
    assert item.title == "3 schedules with the same function"
    assert item.sentence == "shop/sync; the newest error is HTTPError: 429:"
    assert item.since == "since 09:30Z"


def test_the_same_error_comes_before_the_same_function() -> None:
    found = titles(*(schedule(name) for name in "abc"), schedule("d", reason="HTTPError: 429"))
    assert found == ["3 schedules with the same error", "d"]


def test_of_many_alike_some_are_named_and_the_others_counted() -> None:
    (item,) = items(*(schedule(name) for name in "abcdef"))
    assert (item.names, item.others) == (("a", "b", "c", "d"), 2)


def test_a_failure_and_a_run_that_could_not_be_started_are_not_alike() -> None:
    found = titles(
        schedule("a"), schedule("b"), schedule("c", RunState.START_FAILED, "KeyError: 'id'")
    )
    assert found == ["c", "a", "b"]


def test_three_that_are_missed_are_three_each_with_its_command() -> None:
    found = items(*(schedule(name, RunState.MISSED, "no wake came") for name in "abc"))
    assert [item.command for item in found] == [
        f"reconcile rerun {name}@2026-11-20T10:00Z --env production" for name in "abc"
    ]


def test_the_worst_stands_first_then_the_longest_streak_then_the_most_then_the_oldest() -> None:
    usual = Usual(60, 60, 60, 50)
    assert titles(
        schedule("running-long", RunState.STARTED, usual=usual),
        schedule("newest"),
        schedule("oldest", at=NINE_THIRTY, reason="HTTPError: 429"),
        schedule("timed-out", RunState.TIMED_OUT, failures=4),
        waiting("waits-for-another", "elsewhere", start_by=TEN + 180),
        schedule("not-started", RunState.START_FAILED),
        schedule("missed", RunState.MISSED, at=NINE_THIRTY),
    ) == [
        "missed",
        "not-started",
        "timed-out",
        "oldest",
        "newest",
        "running-long",
        "waits-for-another",
    ]


def test_what_waits_near_its_by_stands_in_the_sentence_of_what_it_waits_for() -> None:
    (item,) = items(schedule("extract"), waiting("load", "extract", start_by=TEN + 180))
    assert item.sentence == "KeyError: 'id'. Waiting for it, to start by 13:00Z:"
    assert item.names == ("load",)


def test_so_does_what_waits_for_what_waits() -> None:
    reason = "waits for load@2026-11-20T10:00Z, which waits itself"
    (item,) = items(
        schedule("extract"),
        waiting("load", "extract"),
        waiting("report", "load", reason, start_by=TEN + 60),
    )
    assert (item.title, item.names) == ("extract", ("load", "report"))


def test_it_is_an_item_of_its_own_when_what_it_waits_for_needs_no_attention() -> None:
    running = schedule("extract", RunState.STARTED, "")
    (item,) = items(running, waiting("load", "extract", start_by=TEN + 60))
    assert item.title == "load"
    assert item.sentence.endswith("It should have started by 11:00Z, 1 h ago.")
    assert item.command == "reconcile explain load 2026-11-20T10:00Z --env production"
