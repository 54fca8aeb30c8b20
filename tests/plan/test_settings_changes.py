"""What the settings change of a generation, and what a plan says in a few words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.manifest import Resolution
from reconciler.plan import Actual, Unread, make_plan
from reconciler.plan.assumed import assume_applied
from reconciler.plan.foreign import held_words
from reconciler.plan.headline import headline, nothing_to_do
from reconciler.plan.notification_rules import describe_alerts, is_silenced
from reconciler.plan.preview import preview_records, preview_slots
from tests.plan.scenario import (
    NOW,
    TARGETS,
    after,
    applied,
    desired,
    foreign,
    hourly,
    nothing,
    schedules,
    told,
)

A = hourly("a")


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ({}, {"history": timedelta(days=30)}, "history 90d → 30d"),
        ({}, {"punctuality": timedelta(minutes=7)}, "punctuality 5m → 7m"),
        ({}, {"tasks": Resolution.FIVE_MINUTES}, "tasks not woken for → every 5 min"),
        ({"tasks": Resolution.FIVE_MINUTES}, {}, "tasks every 5 min → not woken for"),
    ],
)
def test_a_setting_that_wakes_read_is_a_change_of_the_generation(
    before: dict[str, Any], now: dict[str, Any], reason: str
) -> None:
    plan = make_plan(desired(A, **now), applied(A, **before), NOW)
    assert [c.reason for c in plan.changes if c.kind == "generation"] == [reason]


def test_another_tz_edition_is_a_change_and_an_unknown_one_is_said_to_be_unknown() -> None:
    live = applied(A)
    assert live.live is not None
    tz = live.live.tz
    for before, shown in (("2020a", "2020a"), ("", "unknown")):
        plan = make_plan(desired(A), replace(live, live=replace(live.live, tz=before)), NOW)
        assert [c.reason for c in plan.changes if c.name == "tz database"] == [
            f"tz database {shown} → {tz}"
        ]


def test_the_headline_counts_what_there_is_to_do() -> None:
    live = applied(hourly("a", "b", "c"))
    assert headline(make_plan(desired(hourly("a", "b", "c")), live, NOW)) == ""
    plan = make_plan(desired(hourly("a", "d")), live, NOW)
    assert headline(plan) == "1 to create, 2 to delete, 3 changes of slots and app"
    one = make_plan(
        desired(schedules('name: a\nschedule: "0 * * * *"\nargs: {n: 1}')), applied(A), NOW
    )
    assert headline(one) == "1 to update"
    slots = make_plan(desired(A, history=timedelta(days=30)), applied(A), NOW)
    assert headline(slots) == "1 change of slots and app"
    assert headline(make_plan(desired(A), replace(applied(A), own=None), NOW)) == "1 to repair"


def test_an_empty_plan_says_what_it_was_compared_with() -> None:
    plan = make_plan(desired(A), applied(A), NOW)
    assert nothing_to_do(plan) == "Nothing to do: what is live is what git says."
    offline = make_plan(desired(A), assume_applied(desired(A), NOW), NOW)
    assert nothing_to_do(offline) == "Nothing to do: the schedules are those of that commit."


def test_a_commit_that_is_assumed_to_be_applied_needs_nothing_of_the_same_commit() -> None:
    protected = schedules(
        'name: a\nschedule: "0 * * * *"\nprotect: true\n---\nname: b\nschedule: 1d'
    )
    live = assume_applied(desired(protected), NOW)
    assert make_plan(desired(protected), live, NOW).empty
    assert live.own is not None
    assert live.own.functions == tuple(sorted(live.own.functions))
    assert live.protected == frozenset({"a"})
    assert make_plan(desired(hourly("b")), live, NOW).refusals != ()
    assert told(make_plan(desired(hourly("a", "b", "c")), live, NOW))[0][0] != "repair"


def test_a_commit_without_schedules_leaves_nothing_behind_unless_tasks_are_woken_for() -> None:
    assert assume_applied(desired(()), NOW) == Actual(own=None, revision="c" * 40)
    ticking = desired((), tasks=Resolution.FIVE_MINUTES)
    assert assume_applied(ticking, NOW).own is not None


@pytest.mark.parametrize(
    ("crons", "unread", "words"),
    [
        (0, 0, "none held by others"),
        (2, 0, "2 held by other apps"),
        (0, 1, "none held by others, 1 function not readable"),
        (1, 2, "1 held by other apps, 2 functions not readable"),
    ],
)
def test_who_holds_the_other_crons_in_a_few_words(crons: int, unread: int, words: str) -> None:
    others = foreign(*(f"f{number}" for number in range(crons)))
    hidden = tuple(Unread("main", "theirs", f"u{number}", "no") for number in range(unread))
    actual = replace(nothing(*others), unread=(*hidden, Unread("main", "closed", "", "no")))
    plan = make_plan(desired(A), actual, NOW)
    assert held_words(actual, plan.budget) == words
    offline = replace(actual, revision="HEAD")
    assert held_words(offline, plan.budget) == "those of others are not known offline"


def test_a_preview_has_every_schedule_as_new_and_its_slots_within_the_settings() -> None:
    four = hourly("a", "b", "c", "d")
    assert {record.anchor for record in preview_records(four, NOW)} == {NOW}
    for reserve, slots in ((1, 4), (2, 1)):
        git = desired(four, crons=5, reserve=reserve)
        found = preview_slots(four, git.settings, NOW)
        assert len(found) == slots
        assert found == make_plan(git, Actual(own=None, targets=TARGETS), NOW).generation.slots


TO = Recipient(Address(secret="alerting", key="SLACK_URL"), BodyFormat.JSON)


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        (None, "no recipient"),
        (AlertRule(), "no recipient"),
        (AlertRule(to=(TO,)), "1 failure, missed to"),
        (AlertRule(to=(TO,), failures=2), "a streak of 2 failures, missed to"),
        (AlertRule(to=(TO,), missed=False), "1 failure to"),
        (AlertRule(to=(TO,), failures=None), "missed to"),
        (AlertRule(to=(TO,), failures=None, missed=False), "nothing to"),
        (Alerts(AlertRule(to=(TO,))), "1 failure, missed, overdue to"),
        (Alerts(AlertRule(to=(TO,)), overdue=False), "1 failure, missed to"),
    ],
)
def test_recipients_and_events_in_a_few_words(alerts: Alerts | AlertRule | None, said: str) -> None:
    assert describe_alerts(alerts).startswith(said)


@pytest.mark.parametrize(
    ("name", "silent", "silenced"),
    [("local", True, True), ("local", False, False), ("production", True, False)],
)
def test_a_silent_environment_other_than_local_is_meant_to_be_silent(
    name: str, silent: bool, silenced: bool
) -> None:
    telling = schedules("name: a\nschedule: 1d\nping: https://a/b")
    assert is_silenced(desired(telling, name=name, silent=silent)) is silenced
    assert not is_silenced(desired(A, name=name, silent=silent))


def test_nothing_is_said_of_slots_that_go_on() -> None:
    first = make_plan(desired(hourly("a", "b")), nothing(), NOW)
    again = make_plan(desired(hourly("a", "b")), after(first), NOW + 60)
    assert again.empty
    assert dict(again.generation.slots_since) == {"a": NOW, "b": NOW}
    earlier = make_plan(desired(hourly("a", "b")), after(first), NOW - 60)
    assert set(earlier.generation.slots_since.values()) == {NOW - 60}
