"""A schedule under a new name: what goes along, and what a plan says when it is not clear."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest import Schedule
from reconciler.model.generation import Generation
from reconciler.plan import Action, Actual, Kind, SafetyRule, make_plan
from reconciler.plan.compilation import RENAME_GRACE
from reconciler.plan.renames import renamed_from
from tests.plan.scenario import NOW, after, applied, desired, schedules, told

OTHER = 'name: other\nschedule: "30 * * * *"\nfunction: shop/check'


def hourly(name: str, *keys: str) -> str:
    return "\n".join([f"name: {name}", 'schedule: "0 * * * *"', *keys])


def given_(*texts: str) -> tuple[Schedule, ...]:
    return schedules("\n---\n".join((*texts, OTHER)))


def warned(live: Actual, *texts: str) -> list[str]:
    plan = make_plan(desired(given_(*texts)), live, NOW + 60)
    return [warning.message for warning in plan.warnings]


OLD = applied(given_(hourly("old")))


def test_the_one_of_several_earlier_names_that_is_live_is_the_one_that_was_renamed() -> None:
    plan = make_plan(desired(given_(hourly("new", "formerly: [mid, old]"))), OLD, NOW + 60)
    assert told(plan)[0] == ("rename", "schedule", "new")
    assert plan.generation.by_name["new"].formerly == (("old", NOW + 60 + RENAME_GRACE),)
    assert plan.generation.by_name["new"].anchor == NOW
    assert plan.warnings == ()


def test_a_name_that_only_an_interrupted_apply_made_live_is_renamed_too() -> None:
    """The apply that brought `mid` flipped the pointer, and was killed before the tags."""
    before = applied(given_())
    cut = after(make_plan(desired(given_(hourly("mid"))), before, NOW + 60))
    assert cut.own is not None
    assert before.own is not None
    cut = replace(cut, applied=before.live, own=replace(cut.own, tags=before.own.tags))
    plan = make_plan(desired(given_(hourly("new", "formerly: mid"))), cut, NOW + 120)
    assert told(plan)[0] == ("create", "schedule", "new")
    record = plan.generation.by_name["new"]
    assert record.formerly == (("mid", NOW + 120 + RENAME_GRACE),)
    assert record.anchor == NOW + 60


def test_an_earlier_name_of_a_live_schedule_is_not_enough_when_that_one_stays() -> None:
    renamed = make_plan(desired(given_(hourly("new", "formerly: old"))), OLD, NOW + 60)
    again = desired(given_(hourly("new"), hourly("old")))
    plan = make_plan(again, after(renamed), NOW + 120)
    assert told(plan)[0] == ("create", "schedule", "old")
    assert plan.generation.by_name["old"].formerly == ()
    assert plan.generation.by_name["old"].anchor == NOW + 120


def test_a_rollback_across_a_rename_gives_the_old_name_back_with_its_history() -> None:
    renamed = make_plan(desired(given_(hourly("new", "formerly: old"))), OLD, NOW + 60)
    back = make_plan(desired(given_(hourly("old"))), after(renamed), NOW + 120)
    assert told(back)[0] == ("rename", "schedule", "old")
    record = back.generation.by_name["old"]
    assert record.formerly == (
        ("old", NOW + 60 + RENAME_GRACE),
        ("new", NOW + 120 + RENAME_GRACE),
    )
    assert record.anchor == NOW
    assert back.generation.named("new") == record
    forward = make_plan(desired(given_(hourly("new", "formerly: old"))), after(back), NOW + 180)
    assert told(forward)[0] == ("rename", "schedule", "new")
    assert forward.generation.by_name["new"].anchor == NOW


def test_a_live_schedule_has_one_heir_when_a_rollback_brings_back_two_of_its_names() -> None:
    mid = make_plan(desired(given_(hourly("mid", "formerly: old"))), OLD, NOW + 60)
    new = make_plan(desired(given_(hourly("new", "formerly: mid"))), after(mid), NOW + 120)
    both = make_plan(desired(given_(hourly("mid"), hourly("old"))), after(new), NOW + 180)
    assert told(both)[:2] == [("rename", "schedule", "mid"), ("create", "schedule", "old")]


def test_a_rollback_across_two_renames_gives_the_oldest_name_back() -> None:
    mid = make_plan(desired(given_(hourly("mid", "formerly: old"))), OLD, NOW + 60)
    new = make_plan(desired(given_(hourly("new", "formerly: mid"))), after(mid), NOW + 120)
    back = make_plan(desired(given_(hourly("old"))), after(new), NOW + 180)
    assert told(back)[0] == ("rename", "schedule", "old")
    assert [change for change in told(back) if change[:2] == ("delete", "schedule")] == []
    assert back.generation.by_name["old"].anchor == NOW


def test_of_two_live_schedules_that_had_one_name_the_first_gets_it_back() -> None:
    b = make_plan(desired(given_(hourly("b", "formerly: old"))), OLD, NOW + 60)
    again = make_plan(desired(given_(hourly("b"), hourly("old"))), after(b), NOW + 120)
    c = make_plan(
        desired(given_(hourly("b"), hourly("c", "formerly: old"))), after(again), NOW + 180
    )
    back = make_plan(desired(given_(hourly("old"))), after(c), NOW + 240)
    assert told(back)[:2] == [("rename", "schedule", "old"), ("delete", "schedule", "c")]
    assert back.changes[0].reason == "was b; its history moves along"


def test_a_name_that_a_live_schedule_had_begins_anew_beside_that_schedule() -> None:
    renamed = make_plan(desired(given_(hourly("new", "formerly: old"))), OLD, NOW + 60)
    both = make_plan(desired(given_(hourly("new"), hourly("old"))), after(renamed), NOW + 120)
    assert told(both)[0] == ("create", "schedule", "old")
    assert both.generation.by_name["old"].formerly == ()


def test_a_rename_with_other_times_keeps_its_history_and_begins_anew() -> None:
    text = 'name: new\nschedule: "5 * * * *"\nformerly: old'
    plan = make_plan(desired(given_(text)), OLD, NOW + 60)
    assert told(plan)[0] == ("rename", "schedule", "new")
    assert "schedule 0 * * * * → 5 * * * *" in plan.changes[0].reason
    assert plan.generation.by_name["new"].anchor == NOW + 60


def test_a_protected_schedule_can_be_renamed_forward_and_back() -> None:
    protected = applied(given_(hourly("old", "protect: true")))
    there = make_plan(
        desired(given_(hourly("new", "protect: true", "formerly: old"))), protected, NOW
    )
    assert there.refusals == ()
    back = make_plan(desired(given_(hourly("old", "protect: true"))), after(there), NOW + 60)
    assert back.refusals == ()


def test_a_name_given_up_long_ago_protects_no_schedule_from_deletion() -> None:
    """Another, protected schedule bears the old name by now."""
    renamed = make_plan(desired(given_(hourly("new", "formerly: old"))), OLD, NOW + 60)
    both = given_(hourly("new"), hourly("old", "protect: true"))
    live = after(make_plan(desired(both), after(renamed), NOW + 120))
    plan = make_plan(desired(given_(hourly("new"))), live, NOW + 180)
    assert [refusal.rule for refusal in plan.refusals] == [SafetyRule.PROTECTED]


def test_a_name_that_was_given_up_before_the_last_one_protects_no_schedule_from_deletion() -> None:
    mid = make_plan(desired(given_(hourly("mid", "formerly: old"))), OLD, NOW + 60)
    both = given_(hourly("mid"), hourly("old", "protect: true"))
    live = after(make_plan(desired(both), after(mid), NOW + 120))
    plan = make_plan(desired(given_(hourly("new", "formerly: mid"))), live, NOW + 180)
    assert [refusal.rule for refusal in plan.refusals] == [SafetyRule.PROTECTED]


def test_several_protected_schedules_can_be_renamed_at_once() -> None:
    live = applied(given_(hourly("a", "protect: true"), check("b", "shop/check", "protect: true")))
    renamed = given_(
        hourly("c", "protect: true", "formerly: a"),
        check("d", "shop/check", "protect: true", "formerly: b"),
    )
    assert make_plan(desired(renamed), live, NOW + 60).refusals == ()


def test_a_name_that_is_not_live_is_not_given_up() -> None:
    renamed = make_plan(desired(given_(hourly("new", "formerly: old"))), OLD, NOW + 60)
    assert [*renamed_from(renamed.generation, {"old", "other"})] == ["old"]
    assert [*renamed_from(renamed.generation, {"other"})] == []


def test_an_earlier_name_that_is_nowhere_is_named() -> None:
    (message,) = warned(OLD, hourly("old"), hourly("new", "formerly: mid"))
    assert message == (
        "new: `formerly` names mid, and no live schedule has that name: it begins without a "
        "history; if it was renamed more than once since the last apply, list every earlier name"
    )


def test_each_earlier_name_that_is_nowhere_is_named() -> None:
    found = warned(OLD, hourly("old"), hourly("new", "formerly: x"), hourly("newer", "formerly: y"))
    assert [message.split(",")[0] for message in found] == [
        "new: `formerly` names x",
        "newer: `formerly` names y",
    ]


def test_a_chain_that_is_not_listed_is_proposed_with_the_line_to_write() -> None:
    (message,) = warned(OLD, hourly("new", "formerly: mid"))
    assert message == (
        "new: has the function, the schedule and the arguments of old, which is deleted with its "
        "history; if it is its new name, add `formerly: [mid, old]`"
    )


def test_a_likely_rename_is_proposed_at_its_manifest() -> None:
    plan = make_plan(desired(given_(hourly("new"))), OLD, NOW + 60)
    (warning,) = plan.warnings
    assert warning.message.endswith("if it is its new name, add `formerly: old`")
    assert (warning.file, warning.line) == ("schedules/all.yaml", 1)


@pytest.mark.parametrize(
    "text",
    [
        hourly("new", "function: shop/report"),
        hourly("new", "args: {full: true}"),
        hourly("new", "timezone: Asia/Tokyo"),
        'name: new\nschedule: "1 * * * *"',
    ],
)
def test_other_work_is_no_likely_rename(text: str) -> None:
    assert warned(OLD, text) == []


def test_of_two_that_could_be_the_new_name_none_is_proposed() -> None:
    assert warned(OLD, hourly("one"), hourly("two")) == []


def test_of_two_that_could_be_the_old_name_none_is_proposed() -> None:
    two = applied(given_(hourly("one"), hourly("two")))
    assert warned(two, hourly("new")) == []


def test_of_two_earlier_names_that_are_live_the_other_one_is_deleted_without_a_warning() -> None:
    two = applied(given_(hourly("one"), hourly("two", "args: {full: true}")))
    plan = make_plan(desired(given_(hourly("new", "formerly: [two, one]"))), two, NOW + 60)
    renamed, deleted = [change for change in plan.changes if change.kind is Kind.SCHEDULE]
    assert (renamed.action, deleted.action) == (Action.RENAME, Action.DELETE)
    assert [warning.message for warning in plan.warnings] == []


def test_an_earlier_name_comes_too_late_when_the_new_one_is_live_already() -> None:
    both = applied(given_(hourly("old"), hourly("new", "args: {full: true}")))
    (message,) = warned(both, hourly("new", "args: {full: true}", "formerly: old"))
    assert message == (
        "new: `formerly` names old, and new is live already with a history of its own: old is "
        "deleted, and its history stays where it is"
    )


def test_of_several_earlier_names_the_one_that_is_deleted_is_named() -> None:
    both = applied(given_(hourly("old"), hourly("new", "args: {full: true}")))
    (message,) = warned(both, hourly("new", "args: {full: true}", "formerly: [never, old]"))
    assert message.startswith("new: `formerly` names old, and new is live already")


def test_an_applied_rename_may_stay_in_the_manifest_for_ever() -> None:
    text = hourly("new", "formerly: [mid, old]")
    live = after(make_plan(desired(given_(text)), OLD, NOW + 60))
    assert warned(live, text) == []
    assert make_plan(desired(given_(text)), live, NOW + 120).empty


def test_a_first_apply_warns_of_no_earlier_name() -> None:
    nothing = Actual(own=None, targets=OLD.targets)
    plan = make_plan(desired(given_(hourly("new", "formerly: old"))), nothing, NOW)
    assert plan.warnings == ()


moves = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=6)


@given(first=st.sampled_from("abc"), moves=moves)
def test_an_occurrence_has_one_id_in_the_generations_before_and_after_a_rename(
    first: str, moves: list[tuple[str, int]]
) -> None:
    """Safety: a wake of either generation claims the same id, so that none runs twice."""
    live, name, now = applied(given_(hourly(first))), first, NOW
    generations: list[Generation] = [live.live] if live.live is not None else []
    times = [NOW]
    for new, passed in moves:
        if new == name:
            continue
        now += passed
        plan = make_plan(desired(given_(hourly(new, f"formerly: {name}"))), live, now)
        live, name = after(plan), new
        generations.append(plan.generation)
        times.append(now)
    for (before, later), at in zip(pairwise(generations), times[1:], strict=True):
        (one,) = (record for record in before.records if record.name != "other")
        (other,) = (record for record in later.records if record.name != "other")
        assert one.anchor == other.anchor == NOW
        for minute in range(NOW, at + RENAME_GRACE + 1):
            assert one.occurrence(minute) == other.occurrence(minute)
            owner = later.owner(one.occurrence(minute))
            assert owner is not None
            assert owner.name == other.name


def check(name: str, what: str, *keys: str) -> str:
    return "\n".join([f"name: {name}", 'schedule: "0 * * * *"', f"function: {what}", *keys])


STAY = (
    "; histories stay with the names: if names were exchanged, undo it and rename one schedule "
    "after the other, each to a name that is free by then, with `formerly` and an apply for each"
)
ALL = "the function, the schedule and the arguments"
ABC = ("shop/sync", "shop/check", "shop/report")


@pytest.mark.parametrize(
    ("works", "messages"),
    [
        ({"a": 1, "b": 0, "c": 2}, [f"a and b: each has {ALL} that the other had"]),
        ({"a": 1, "b": 2, "c": 0}, [f"a, b and c: each has {ALL} that another of them had"]),
        ({"b": 0, "c": 2}, [f"b: has {ALL} of a, which is deleted"]),
        ({"a": 3, "b": 1, "c": 2, "d": 0}, [f"d: has {ALL} of a, which does something else now"]),
        (
            {"a": 1, "b": 3, "c": 2, "d": 0},
            [
                f"a: has {ALL} of b, which does something else now",
                f"d: has {ALL} of a, which does something else now",
            ],
        ),
        (
            {"a": 1, "c": 2, "d": 0},
            [
                f"a: has {ALL} of b, which is deleted",
                f"d: has {ALL} of a, which does something else now",
            ],
        ),
        ({"a": 0, "b": 1, "c": 2}, []),
        ({"a": 3, "b": 1, "c": 2}, []),
        ({"a": 1, "b": 1, "c": 2}, []),
    ],
    ids=[
        "two",
        "three",
        "deleted",
        "reused",
        "passed on",
        "passed on from one that is deleted",
        "none",
        "another",
        "two alike",
    ],
)
def test_an_exchange_of_names_is_named(works: dict[str, int], messages: list[str]) -> None:
    functions = (*ABC, "shop/clean")
    live = applied(given_(*(check(name, work) for name, work in zip("abc", ABC, strict=True))))
    found = warned(live, *(check(name, functions[work]) for name, work in works.items()))
    assert found == [f"{message}{STAY}" for message in messages]


@pytest.mark.parametrize(
    ("before", "after_"), [(("sync", "check"), ("sync", "sync")), (("sync", "sync"), ("sync", "x"))]
)
def test_a_schedule_whose_work_stays_has_exchanged_nothing(
    before: tuple[str, str], after_: tuple[str, str]
) -> None:
    live = applied(given_(check("a", f"shop/{before[0]}"), check("b", f"shop/{before[1]}")))
    other = check("a", f"shop/{after_[0]}", "description: says more")
    plan = make_plan(desired(given_(other, check("b", f"shop/{after_[1]}"))), live, NOW + 60)
    assert [one.message for one in plan.warnings if "histories" in one.message] == []


def test_the_work_of_a_schedule_that_was_renamed_may_be_taken_by_another() -> None:
    live = applied(given_(check("a", "shop/sync"), check("c", "shop/check")))
    renamed = check("b", "shop/report", "formerly: a")
    assert warned(live, renamed, check("c", "shop/sync")) == []


def test_names_are_exchanged_one_after_the_other() -> None:
    """Each schedule keeps its history, and no occurrence gets a second name."""
    live = applied(given_(check("a", "shop/sync"), check("b", "shop/check")))
    steps = [
        (check("spare", "shop/sync", "formerly: a"), check("b", "shop/check")),
        (check("spare", "shop/sync"), check("a", "shop/check", "formerly: b")),
        (check("b", "shop/sync", "formerly: spare"), check("a", "shop/check")),
    ]
    for number, texts in enumerate(steps, start=1):
        plan = make_plan(desired(given_(*texts)), live, NOW + 60 * number)
        assert [one for one in plan.warnings if "histories" in one.message] == []
        assert told(plan)[0][0] == "rename"
        live = after(plan)
    records = plan.generation.by_name
    assert {name: record.occurrence(NOW).name for name, record in records.items()} == {
        "a": "b",
        "b": "a",
        "other": "other",
    }
    assert {record.anchor for record in records.values()} == {NOW}
