"""What git changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.alerts import AlertRule, Alerts
from reconciler.cron import instant
from reconciler.plan import make_plan
from tests.plan.scenario import (
    DISPATCHER,
    NOW,
    after,
    applied,
    desired,
    hourly,
    nothing,
    schedules,
    told,
)


def test_a_first_plan_creates_every_schedule_its_slots_and_the_app() -> None:
    plan = make_plan(desired(hourly("a", "b")), nothing(), NOW)
    assert told(plan) == [
        ("create", "schedule", "a"),
        ("create", "schedule", "b"),
        ("create", "slot", "a"),
        ("create", "slot", "b"),
        ("create", "app", "schedule-reconciler"),
    ]
    assert plan.deploy
    assert plan.changes[0].file == "schedules/all.yaml"
    assert plan.changes[0].line == 1


def test_what_is_live_as_git_says_needs_nothing() -> None:
    plan = make_plan(desired(hourly("a", "b")), applied(hourly("a", "b")), NOW + 1000)
    assert plan.empty
    assert not plan.deploy


def test_a_plan_is_empty_without_changes_and_without_drift() -> None:
    assert make_plan(desired(()), nothing(), NOW).empty
    assert not make_plan(desired(hourly("a")), nothing(), NOW).empty
    drifted = make_plan(desired(hourly("a")), replace(applied(hourly("a")), own=None), NOW)
    assert (drifted.changes, drifted.empty) == ((), False)


def test_a_changed_argument_is_an_update_that_moves_no_slot_and_keeps_the_anchor() -> None:
    before = schedules('name: a\nschedule: "0 * * * *"\nargs: {n: 1}')
    now = schedules('name: a\nschedule: "0 * * * *"\nargs: {n: 2}')
    plan = make_plan(desired(now), applied(before), NOW + 60)
    assert told(plan) == [("update", "schedule", "a")]
    assert plan.changes[0].reason == 'args {"n": 1} → {"n": 2}'
    assert not plan.deploy
    assert plan.generation.by_name["a"].anchor == NOW


def test_a_change_is_shown_in_the_units_and_words_of_the_manifest() -> None:
    plain = 'name: a\nschedule: "0 * * * *"\n'
    full = (
        "deadline: 90m\ntimeout: 5m\ntolerance: 10m\nretries: {max: 2, backoff: 90s}\n"
        "protect: true\nargs: {n: null, city: Köln}\n"
    )
    plan = make_plan(desired(schedules(plain + full)), applied(schedules(plain)), NOW)
    assert plan.changes[0].reason.split(", ", 2)[2] == (
        "backoff unset → 1m30s, deadline unset → 1h30m, protect unset → true, retries unset → 2, "
        "timeout unset → 5m, tolerance unset → 10m"
    )
    assert plan.changes[0].reason.startswith('args unset → {"n": null, "city": "Köln"}, ')


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("suspend: true", "does not run until it is resumed"),
        ("suspend: {until: 2036-12-24}", "does not run until 2036-12-24T00:00Z"),
        ("exclude: [2026-12-24]", "exclude unset → 2026-12-24"),
        ("exclude: [2026-12-24, 2027-01-01]", "exclude unset → 2026-12-24 and 2027-01-01"),
        ("exclude: [2026-12-24..2026-12-26]", "exclude unset → 2026-12-24..2026-12-26"),
        ("overlap: skip", "overlap unset → skip"),
        ("args: {n: 1.5}", 'args unset → {"n": 1.5}'),
    ],
)
def test_each_kind_of_value_is_shown_as_the_manifest_has_it(key: str, said: str) -> None:
    plain = 'name: a\nschedule: "0 * * * *"\n'
    plan = make_plan(desired(schedules(plain + key)), applied(schedules(plain)), NOW)
    assert plan.changes[0].reason == said


@pytest.mark.parametrize(
    ("stored", "said"), [(2.0, "2s"), (0.5, "0.5 s"), (-2.0, "-2.0 s"), (0.0, "0s")]
)
def test_seconds_that_no_manifest_can_say_are_shown_as_they_are(stored: float, said: str) -> None:
    text = 'name: a\nschedule: "0 * * * *"\nretries: {max: 2, backoff: 90s}'
    live = applied(schedules(text))
    assert live.live is not None
    record = replace(live.live.by_name["a"], backoff=stored)
    before = replace(live, live=replace(live.live, records=(record,)))
    plan = make_plan(desired(schedules(text)), before, NOW)
    assert plan.changes[0].reason == f"backoff {said} → 1m30s"


def test_several_expressions_are_joined() -> None:
    one, two = 'schedule: "0 * * * *"', 'schedule: ["0 * * * *", "30 6 * * *"]'
    plan = make_plan(
        desired(schedules(f"name: a\n{two}")), applied(schedules(f"name: a\n{one}")), NOW
    )
    assert plan.changes[0].reason == "schedule 0 * * * * → 0 * * * * and 30 6 * * *"


def test_what_a_manifest_says_is_shown_on_one_line_that_does_nothing_to_the_terminal() -> None:
    plain = 'name: a\nschedule: "0 * * * *"\n'
    full = (
        'description: "x\\e[2K\\nNothing to do"\nowner: |\n  ops\nlabels: {a: "\\u009b31m"}\n'
        'suspend: {reason: "paused\\e[31m\\nfor ever"}\n'
    )
    plan = make_plan(desired(schedules(plain + full)), applied(schedules(plain)), NOW)
    assert plan.changes[0].reason == (
        "does not run until it is resumed: paused\ufffd[31m for ever, "
        'description unset → x\ufffd[2K Nothing to do, labels unset → {"a": "\ufffd31m"}, '
        "owner unset → ops"
    )
    assert plan.generation.by_name["a"].suspended == "paused\ufffd[31m for ever"


def test_changed_times_begin_now_and_move_the_slot() -> None:
    before = schedules('name: a\nschedule: "0 * * * *"')
    now = schedules('name: a\nschedule: "30 * * * *"')
    plan = make_plan(desired(now), applied(before), NOW + 60)
    assert told(plan) == [("update", "schedule", "a"), ("update", "slot", "a")]
    assert plan.changes[0].reason == "schedule 0 * * * * → 30 * * * *"
    assert plan.generation.by_name["a"].anchor == NOW + 60


def test_what_begins_has_the_number_of_its_apply_and_an_anchor_that_is_never_later() -> None:
    plan = make_plan(desired(hourly("a", "b")), applied(hourly("a")), NOW - 5)
    anchors = {record.name: record.anchor for record in plan.generation.records}
    assert anchors == {"a": NOW, "b": NOW - 5}
    assert plan.generation.begun == {"a": 1, "b": 2}


def test_the_same_times_in_other_words_do_not_begin_anew() -> None:
    before, now = schedules("name: a\nschedule: 1d"), schedules('name: a\nschedule: "@daily"')
    plan = make_plan(desired(now), applied(before), NOW + 60)
    assert told(plan) == [("update", "schedule", "a")]
    assert plan.generation.by_name["a"].anchor == NOW


def test_a_schedule_that_left_git_is_deleted_with_its_slot() -> None:
    plan = make_plan(desired(hourly("a")), applied(hourly("a", "b")), NOW)
    assert told(plan) == [("delete", "schedule", "b"), ("delete", "slot", "b")]
    assert plan.changes[0].file is None


def test_suspend_and_resume_have_names_of_their_own_and_a_resumed_one_begins_now() -> None:
    running = schedules('name: a\nschedule: "0 * * * *"')
    suspended = schedules('name: a\nschedule: "0 * * * *"\nsuspend: {reason: audit}')
    plan = make_plan(desired(suspended), applied(running), NOW + 10)
    assert told(plan) == [("suspend", "schedule", "a"), ("delete", "slot", "a")]
    assert plan.changes[0].reason == "does not run until it is resumed: audit"
    longer = schedules(
        'name: a\nschedule: "0 * * * *"\nsuspend: {until: 2036-12-24, reason: audit}'
    )
    still = make_plan(desired(longer), after(plan), NOW + 20)
    assert still.changes[0].reason == "still does not run until 2036-12-24T00:00Z: audit"
    back = make_plan(desired(running), after(plan), NOW + 500)
    assert told(back)[0] == ("resume", "schedule", "a")
    assert back.changes[0].reason == "runs again; it was suspended: audit"
    assert back.generation.by_name["a"].anchor == NOW + 500


def test_a_newer_dispatcher_is_a_change_of_the_app_alone() -> None:
    newer = replace(desired(hourly("a")), dispatcher="2.0-def")
    plan = make_plan(newer, applied(hourly("a")), NOW)
    assert told(plan) == [("update", "app", "schedule-reconciler")]
    assert (
        plan.changes[0].reason == f"its dispatcher is of version {DISPATCHER}, this one of 2.0-def"
    )
    assert plan.deploy


def test_every_slot_that_moves_comes_or_goes_is_a_change() -> None:
    before = hourly("a", "b", "c", "d")
    moved = schedules(
        "\n---\n".join(f'name: {name}\nschedule: "30 * * * *"' for name in "ab")
        + '\n---\nname: e\nschedule: "40 * * * *"\n---\nname: f\nschedule: "41 * * * *"'
    )
    plan = make_plan(desired(moved, crons=None), applied(before), NOW)
    slots = [(action, name) for action, kind, name in told(plan) if kind == "slot"]
    assert slots == [
        ("create", "e"),
        ("create", "f"),
        ("update", "a"),
        ("update", "b"),
        ("delete", "c"),
        ("delete", "d"),
    ]
    assert [change.reason for change in plan.changes if change.kind == "slot"] == [
        "wakes at 40 * * * * (UTC)",
        "wakes at 41 * * * * (UTC)",
        "wakes at 30 * * * * (UTC), not 0 * * * * (UTC)",
        "wakes at 30 * * * * (UTC), not 1 * * * * (UTC)",
        "is no longer needed",
        "is no longer needed",
    ]


def test_alerts_and_pings_that_end_are_shown_by_what_holds_then() -> None:
    told_ = (
        "name: a\nschedule: 1d\nalerts: {failures: 2, to: {url: 'https://a/b'}}\nping: https://c/d"
    )
    plan = make_plan(desired(schedules("name: a\nschedule: 1d")), applied(schedules(told_)), NOW)
    alerts, ping = plan.changes[0].reason.split(", ping ")
    assert alerts.endswith(" → as for all")
    assert ping.endswith(" → unset")


def test_a_task_has_a_slot_until_a_day_after_its_time() -> None:
    task = schedules("name: once\nat: 2026-11-21T10:00Z")
    plan = make_plan(desired(task), nothing(), NOW)
    assert [(slot.name, slot.cron) for slot in plan.slots] == [("once", "0 10 21 11 *")]
    due = NOW + 19 * 60
    assert make_plan(desired(task), after(plan), due + 24 * 60 - 1).empty
    past = make_plan(desired(task), after(plan), due + 24 * 60)
    assert told(past) == [("delete", "slot", "once")]


@pytest.mark.parametrize(("end", "slots"), [(-1, 0), (0, 0), (1, 1)])
def test_a_schedule_that_has_ended_has_no_slot(end: int, slots: int) -> None:
    text = f'name: a\nschedule: "0 * * * *"\nend: {instant(NOW + end):%Y-%m-%dT%H:%MZ}'
    assert len(make_plan(desired(schedules(text)), nothing(), NOW).slots) == slots


def test_a_task_that_is_due_this_minute_is_past() -> None:
    text = f"name: once\nat: {instant(NOW):%Y-%m-%dT%H:%MZ}"
    (warned,) = make_plan(desired(schedules(text)), nothing(), NOW).warnings
    assert warned.message.endswith("is past; it will not run")
    later = text.replace("15:00", "15:01")
    assert make_plan(desired(schedules(later)), nothing(), NOW).warnings == ()


def test_warnings_about_times_are_given_when_they_are_new_alone() -> None:
    uneven = schedules('name: a\nschedule: "*/7 * * * *"')
    first = make_plan(desired(uneven), nothing(), NOW)
    assert [(w.message.partition(":")[0], w.file, w.line) for w in first.warnings] == [
        ("a", "schedules/all.yaml", 1)
    ]
    both = (*uneven, *hourly("b"))
    assert make_plan(desired(both), after(first), NOW).warnings == ()


def test_the_effects_of_the_first_fifty_changed_schedules_are_shown_five_occurrences_each() -> None:
    many = hourly(*(f"s{number:02}" for number in range(51)))
    effects = make_plan(desired(many), nothing(), NOW).effects
    assert [effect.name for effect in effects] == [f"s{number:02}" for number in range(50)]
    assert {len(effect.after) for effect in effects} == {5}


def test_a_task_whose_time_is_past_when_it_is_new_warns_that_it_will_not_run() -> None:
    plan = make_plan(desired(schedules("name: once\nat: 2026-11-19T10:00Z")), nothing(), NOW)
    assert [warning.message for warning in plan.warnings] == [
        "once: its time 2026-11-19T10:00Z is past; it will not run"
    ]


def test_occurrences_that_are_due_and_unprocessed_are_named_when_a_change_gives_them_up() -> None:
    before = schedules('name: a\nschedule: "0 * * * *"')
    actual = replace(applied(before, NOW - 600), through=NOW - 90)
    plan = make_plan(desired(schedules('name: a\nschedule: "30 * * * *"')), actual, NOW)
    (effect,) = plan.effects
    assert effect.skipped == (NOW - 60, NOW)
    assert effect.after[0] == NOW + 30


@given(st.permutations(["a", "b", "c", "d", "e", "f", "g"]))
def test_planning_does_not_depend_on_the_order_of_the_schedules(order: list[str]) -> None:
    given = {schedule.name: schedule for schedule in hourly("a", "b", "c", "d", "e", "f", "g")}
    one = make_plan(desired(tuple(given.values())), nothing(), NOW)
    other = make_plan(desired(tuple(given[name] for name in order)), nothing(), NOW)
    assert one.digest == other.digest
    assert one.generation.encoded == other.generation.encoded
    assert one.slots == other.slots


def test_another_plan_has_another_digest() -> None:
    """Also where only what the settings say, or the code that is deployed, is another."""
    live = applied(hourly("a"))
    plans = [
        make_plan(git, live, NOW)
        for git in (
            desired(hourly("a")),
            desired(hourly("a", "b")),
            desired(schedules('name: a\nschedule: "0 * * * *"\nargs: {n: 1}')),
            desired(schedules('name: a\nschedule: "0 * * * *"\nargs: {n: 2}')),
            desired(hourly("a"), punctuality=timedelta(minutes=7)),
            desired(hourly("a"), history=timedelta(days=30)),
            desired(hourly("a"), history=timedelta(days=31)),
            desired(hourly("a"), alerts=Alerts(AlertRule(failures=2))),
            desired(hourly("a"), alerts=Alerts(AlertRule(failures=3))),
            replace(desired(hourly("a")), dispatcher="2.0-def"),
            replace(desired(hourly("a")), dispatcher="3.0-abc"),
        )
    ]
    assert len({plan.digest for plan in plans}) == len(plans)


def test_the_digest_does_not_depend_on_the_time_of_planning() -> None:
    one = make_plan(desired(hourly("a")), nothing(), NOW)
    other = make_plan(desired(hourly("a")), nothing(), NOW + 7)
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("bounds", "anew"),
    [
        (("end: 2026-11-19T12:00Z", ""), True),
        (("end: 2026-11-20T12:00Z", "end: 2026-12-24"), True),
        (("end: 2026-11-21T12:00Z", "end: 2026-12-24"), True),
        (("start: 2026-12-01", ""), True),
        (("start: 2026-12-01", "start: 2026-11-20T12:00Z"), True),
        (("end: 2026-12-01", "end: 2026-12-24"), False),
        (("", "end: 2026-12-24"), False),
        (("end: 2026-12-24", "end: 2026-11-20T12:00Z"), False),
        (("start: 2026-12-24", "start: 2026-12-01"), False),
        (("start: 2026-11-01", "start: 2026-10-01"), False),
        (("start: 2026-11-01", ""), False),
        (("start: 2026-12-24", "end: 2026-11-20T12:00Z"), False),
        (("", "start: 2026-11-01"), False),
        (("end: 2026-11-19T12:00Z", "end: 2026-11-18T12:00Z"), False),
    ],
)
def test_a_schedule_begins_anew_when_its_bounds_are_moved_so_that_it_soon_runs_again(
    bounds: tuple[str, str], anew: bool
) -> None:
    before, now = (schedules(f'name: a\nschedule: "0 * * * *"\n{bound}') for bound in bounds)
    plan = make_plan(desired(now), applied(before), NOW + 60)
    assert plan.generation.by_name["a"].anchor == (NOW + 60 if anew else NOW)
