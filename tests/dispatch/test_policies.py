"""What starts and what is dropped: the policies, one rule after the other."""

from __future__ import annotations

from reconciler.cron import minute
from reconciler.dispatch.decide.due import CATCHUP_LIMIT, DropOutcome, Dropped, Verdict, judge
from reconciler.policies import Catchup
from tests.dispatch.scenario import PUNCTUALITY, at, hourly


def m(text: str) -> int:
    return minute(at(text))


NINE, TEN, ELEVEN = m("09:00"), m("10:00"), m("11:00")


def test_an_occurrence_in_time_starts_under_every_catchup() -> None:
    for catchup in Catchup:
        record = hourly(catchup=catchup)
        assert judge(record, [NINE], NINE, PUNCTUALITY) == Verdict((NINE,), ())


def test_latest_starts_the_newest_and_names_the_others_as_missed() -> None:
    verdict = judge(hourly(), [NINE, TEN, ELEVEN], m("11:30"), PUNCTUALITY)
    assert verdict.start == (ELEVEN,)
    assert verdict.dropped == (
        Dropped(
            "hourly",
            (NINE, TEN),
            DropOutcome.MISSED,
            "no wake came in time; catchup is latest, and 2026-11-20T11:00Z is newer",
        ),
    )


def test_all_starts_every_one() -> None:
    verdict = judge(hourly(catchup=Catchup.ALL), [NINE, TEN, ELEVEN], m("11:30"), PUNCTUALITY)
    assert verdict == Verdict((NINE, TEN, ELEVEN), ())


def test_all_gives_up_a_backlog_beyond_its_limit_oldest_first() -> None:
    due = list(range(NINE, NINE + CATCHUP_LIMIT + 5))
    verdict = judge(hourly(catchup=Catchup.ALL), due, due[-1], PUNCTUALITY)
    assert verdict.start == tuple(due[5:])
    assert [(gone.times, gone.outcome) for gone in verdict.dropped] == [
        (tuple(due[:5]), DropOutcome.MISSED)
    ]


def test_none_starts_only_the_newest_and_only_within_the_punctuality() -> None:
    record = hourly(catchup=Catchup.NONE)
    assert judge(record, [TEN, ELEVEN], m("11:05"), PUNCTUALITY).start == (ELEVEN,)
    late = judge(record, [TEN, ELEVEN], m("11:06"), PUNCTUALITY)
    assert late.start == ()
    assert late.dropped == (
        Dropped(
            "hourly", (TEN, ELEVEN), DropOutcome.MISSED, "no wake came within 5m; catchup is none"
        ),
    )


def test_none_gives_up_what_is_not_the_newest_and_says_what_is() -> None:
    record = hourly(catchup=Catchup.NONE, when=("* * * * *",))
    verdict = judge(record, [m("10:59"), ELEVEN], ELEVEN, PUNCTUALITY)
    assert verdict.start == (ELEVEN,)
    assert [(gone.times, gone.reason) for gone in verdict.dropped] == [
        (
            (m("10:59"),),
            "no wake came in time; catchup is none, and 2026-11-20T11:00Z is newer",
        )
    ]


def test_what_is_past_its_deadline_is_missed_whatever_catchup_says() -> None:
    record = hourly(catchup=Catchup.ALL, deadline=3600)
    verdict = judge(record, [NINE, TEN, ELEVEN], m("11:00"), PUNCTUALITY)
    assert verdict.start == (TEN, ELEVEN)
    assert verdict.dropped == (
        Dropped("hourly", (NINE,), DropOutcome.MISSED, "no wake came within its deadline of 1h"),
    )


def test_a_suspended_schedule_skips_with_the_reason_that_was_given() -> None:
    verdict = judge(hourly(suspended="moving house"), [NINE], NINE, PUNCTUALITY)
    assert verdict == Verdict(
        (), (Dropped("hourly", (NINE,), DropOutcome.SKIPPED, "suspended: moving house"),)
    )
    (gone,) = judge(hourly(suspended=""), [NINE], NINE, PUNCTUALITY).dropped
    assert gone.reason == "suspended"


def test_every_occurrence_within_its_tolerance_is_in_time() -> None:
    five_minutely = [m("10:45"), m("10:50"), m("10:55"), ELEVEN]
    for catchup in (Catchup.LATEST, Catchup.NONE):
        record = hourly(catchup=catchup, tolerance=10)
        verdict = judge(record, five_minutely, ELEVEN, 0)
        assert verdict.start == (m("10:50"), m("10:55"), ELEVEN)
        assert [gone.times for gone in verdict.dropped] == [(m("10:45"),)]
