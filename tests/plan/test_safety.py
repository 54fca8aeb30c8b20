"""What a plan refuses, and the exact way past each refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest import Packing, Schedule
from reconciler.plan import SafetyRule, make_plan
from reconciler.plan.tags import protected_digest
from tests.plan.scenario import NOW, after, applied, desired, foreign, hourly, nothing, schedules

TEN = [f"s{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("live", "kept", "refused"), [(10, 7, False), (10, 6, True), (4, 1, False), (4, 0, True)]
)
def test_deletions_beyond_thirty_percent_and_beyond_three_are_refused(
    live: int, kept: int, refused: bool
) -> None:
    plan = make_plan(
        desired(hourly(*TEN[:kept])) if kept else desired(()), applied(hourly(*TEN[:live])), NOW
    )
    assert [refusal.rule for refusal in plan.refusals] == (
        [SafetyRule.DELETIONS] if refused else []
    )


def test_deletions_can_be_allowed_by_their_number() -> None:
    live = applied(hourly(*TEN))
    plan = make_plan(desired(hourly("s0")), live, NOW)
    (refusal,) = plan.refusals
    assert refusal.message == ("9 of 10 schedules would be deleted, more than 3 (30 %, at least 3)")
    assert refusal.remedy == "if that is intended, pass --allow-deletes 9"
    assert make_plan(desired(hourly("s0")), live, NOW, allow_deletes=9).refusals == ()
    assert make_plan(desired(hourly("s0")), live, NOW, allow_deletes=8).refusals != ()


def test_when_no_schedule_is_left_the_number_has_to_name_all_of_them() -> None:
    """The threshold is for some deletions among others; all of them is an empty folder."""
    live = applied(hourly("a", "b"))
    (refusal,) = make_plan(desired(()), live, NOW, allow_deletes=1).refusals
    assert refusal.rule is SafetyRule.DELETIONS
    assert refusal.message == (
        "no schedule is left in git: 2 would be deleted, and --allow-deletes allows 1"
    )
    assert refusal.remedy == "if that is intended, pass --allow-deletes 2"
    for enough in (2, 3):
        assert make_plan(desired(()), live, NOW, allow_deletes=enough).refusals == ()


@given(live=st.integers(1, 12), kept=st.integers(0, 12), allowed=st.integers(1, 15))
def test_a_number_below_the_deletions_is_enough_only_within_the_threshold(
    live: int, kept: int, allowed: int
) -> None:
    kept = min(kept, live)
    names = [f"s{number}" for number in range(live)]
    git = desired(hourly(*names[:kept])) if kept else desired(())
    refusals = make_plan(git, applied(hourly(*names)), NOW, allow_deletes=allowed).refusals
    within = kept > 0 and live - kept <= max(3, live * 30 // 100)
    assert bool(refusals) == (live - kept > allowed and not within)


def test_a_protected_schedule_is_not_deleted_when_its_manifest_is_gone() -> None:
    live = applied(schedules('name: a\nschedule: "0 * * * *"\nprotect: true'))
    plan = make_plan(desired(hourly("b")), live, NOW, allow_deletes=100)
    (refusal,) = plan.refusals
    assert refusal.rule is SafetyRule.PROTECTED
    assert refusal.message == "a is protected and its manifest is gone"


KEPT = schedules('name: kept\nschedule: "0 * * * *"\nprotect: true')


@pytest.mark.parametrize(
    ("tag", "git", "number"),
    [
        (None, hourly("b"), "some"),
        ("2-abcdef012345", hourly("b"), "2"),
        ("2-abcdef012345", KEPT, "2"),
        (protected_digest(["kept"]), hourly("b"), "1"),
        (protected_digest(["kept"]), KEPT, None),
    ],
)
def test_where_protection_cannot_be_read_nothing_may_be_missing_in_git(
    tag: str | None, git: tuple[Schedule, ...], number: str | None
) -> None:
    live = applied(KEPT)
    assert live.own is not None
    tags = {key: value for key, value in live.own.tags.items() if key != "protected"}
    own = replace(live.own, tags=tags if tag is None else {**tags, "protected": tag})
    unknown = replace(live, protected=None, own=own)
    refusals = make_plan(desired(git), unknown, NOW).refusals
    if number is None:
        assert refusals == ()
        return
    (refusal,) = refusals
    assert refusal.rule is SafetyRule.PROTECTED
    protected = len([schedule for schedule in git if schedule.protect])
    assert f"({number} may be protected, and git protects {protected})" in refusal.message
    assert refusal.remedy.endswith("if nothing is missing, pass --allow-deletes 1")
    assert make_plan(desired(git), unknown, NOW, allow_deletes=1).refusals == ()


def test_without_an_app_what_is_protected_may_be_anything() -> None:
    unknown = replace(applied(hourly("a", "b", "c")), own=None, protected=None)
    (refusal,) = make_plan(desired(hourly("a")), unknown, NOW).refusals
    assert "(some may be protected, and git protects 0)" in refusal.message
    assert refusal.remedy.endswith("pass --allow-deletes 2")
    assert make_plan(desired(hourly("a")), unknown, NOW, allow_deletes=1).refusals != ()


def test_without_a_free_cron_nothing_can_wake_and_the_holders_are_named() -> None:
    plan = make_plan(desired(hourly("a")), nothing(*foreign("x1", "x2", "x3", "x4", "x5")), NOW)
    (refusal,) = plan.refusals
    assert refusal.rule is SafetyRule.BUDGET
    assert refusal.message == (
        "none of the 5 crons of this workspace is free: 5 are held by theirs/x1, theirs/x2, "
        "theirs/x3, theirs/x4, theirs/x5"
    )


def test_where_others_hold_more_than_the_budget_nothing_can_wake_either() -> None:
    beyond = foreign("x1", "x2", "x3", "x4", "x5", "x6", "x7")
    plan = make_plan(desired(hourly("a")), nothing(*beyond), NOW)
    assert [refusal.rule for refusal in plan.refusals] == [SafetyRule.BUDGET]
    assert plan.budget.left == 0


def test_one_held_and_one_reserved_cron_are_shown_in_the_singular() -> None:
    wanted = desired(hourly("a"), crons=2, reserve=1)
    (refusal,) = make_plan(wanted, nothing(*foreign("x")), NOW).refusals
    assert refusal.message == (
        "none of the 2 crons of this workspace is free: 1 is held by theirs/x and 1 is reserved"
    )


def test_where_only_the_reserve_takes_the_crons_no_holder_is_named() -> None:
    (refusal,) = make_plan(desired(hourly("a"), crons=2, reserve=2), nothing(), NOW).refusals
    assert refusal.message == ("none of the 2 crons of this workspace is free: 2 are reserved")


def test_an_app_beyond_the_budget_shrinks_to_one_cron_and_can_be_changed() -> None:
    """What took the budget away came later: nothing of ours may be stuck because of it."""
    names = ["a", "b", "c"]
    crowded = replace(applied(hourly(*names)), foreign=foreign("x1", "x2", "x3", "x4", "x5"))
    plan = make_plan(desired(hourly(*names[:2])), crowded, NOW)
    assert plan.refusals == ()
    assert (plan.budget.available, plan.budget.used, plan.budget.exceeded) == (1, 1, True)
    assert [slot.schedules for slot in plan.slots] == [("a", "b")]
    again = make_plan(desired(hourly("a")), replace(after(plan), foreign=crowded.foreign), NOW)
    assert (again.refusals, again.budget.used) == ((), 1)


def test_without_a_limit_the_budget_is_never_exceeded() -> None:
    plan = make_plan(desired(hourly("a"), crons=None), nothing(*foreign("x")), NOW)
    budget = plan.budget
    assert (budget.left, budget.available, budget.exceeded) == (None, None, False)


@pytest.mark.parametrize(("used", "exceeded"), [(1, False), (2, False), (3, True)])
def test_a_budget_is_exceeded_by_more_than_is_left(used: int, exceeded: bool) -> None:
    budget = make_plan(desired(hourly("a"), crons=3), nothing(*foreign("x")), NOW).budget
    assert replace(budget, used=used).exceeded is exceeded


def test_an_app_beyond_the_budget_can_be_emptied() -> None:
    crowded = replace(applied(hourly("a", "b")), foreign=foreign("x1", "x2", "x3", "x4", "x5"))
    plan = make_plan(desired(()), crowded, NOW)
    assert (plan.refusals, plan.budget.used) == ((), 0)


@given(
    held=st.integers(0, 7),
    others=st.integers(0, 9),
    reserve=st.integers(0, 3),
    limit=st.one_of(st.none(), st.integers(0, 8)),
    wanted=st.integers(0, 7),
    packing=st.sampled_from(Packing),
)
def test_no_plan_takes_more_than_is_left_but_for_the_one_cron_that_is_kept(
    held: int, others: int, reserve: int, limit: int | None, wanted: int, packing: Packing
) -> None:
    live = replace(
        applied(hourly(*(f"s{n}" for n in range(held))), crons=None),
        foreign=foreign(*(f"x{n}" for n in range(others))),
    )
    given_ = hourly(*(f"s{n}" for n in range(wanted)))
    settings = {"crons": limit, "reserve": reserve, "packing": packing}
    plan = make_plan(desired(given_, **settings), live, NOW, allow_deletes=99)
    if limit is not None:
        assert len(plan.slots) <= max(0, limit - others - reserve, min(held, 1))
    assert bool(plan.refusals) == (wanted > 0 and not plan.slots)


def test_thirteen_schedules_and_five_crons_of_which_one_is_held_use_at_most_four() -> None:
    names = [f"s{number:02}" for number in range(13)]
    plan = make_plan(desired(hourly(*names)), nothing(*foreign("tick")), NOW)
    assert plan.budget.available == 4
    assert plan.budget.used <= 4
    assert sorted(name for slot in plan.slots for name in slot.schedules) == names


def test_a_function_that_does_not_exist_is_an_error_with_the_near_names() -> None:
    wrong = schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/snyc')
    (missing,) = make_plan(desired(wrong), nothing(), NOW).missing
    assert missing.message == "a: there is no deployed function shop/snyc"
    assert missing.remedy.startswith("did you mean shop/sync or shop/check?")


def test_a_method_of_a_deployed_class_exists() -> None:
    method = schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/Mailer.send')
    assert make_plan(desired(method), nothing(), NOW).missing == ()


def test_a_function_that_went_away_under_an_unchanged_schedule_is_a_warning() -> None:
    live = replace(applied(hourly("a")), targets={})
    plan = make_plan(desired(hourly("a", "b")), live, NOW)
    assert [item.schedule.name for item in plan.missing] == ["b"]
    assert plan.warnings[0].message.startswith("a: there is no deployed function shop/sync")


def test_without_an_app_of_ours_and_without_a_free_cron_nothing_is_held_or_available() -> None:
    plan = make_plan(desired(hourly("a"), crons=1), nothing(*foreign("x")), NOW)
    assert (plan.budget.held, plan.budget.left, plan.budget.available) == (0, 0, 0)
    assert [refusal.rule for refusal in plan.refusals] == [SafetyRule.BUDGET]


def test_a_server_is_deployed_and_cannot_be_called_by_a_schedule() -> None:
    live = replace(nothing(), servers={"shop": frozenset({"Site"})})
    for target in ("shop/Site", "shop/Site.get"):
        wrong = schedules(f'name: a\nschedule: "0 * * * *"\nfunction: {target}')
        (missing,) = make_plan(desired(wrong), live, NOW).missing
        assert missing.message == (
            f"a: {target} is a Server, which serves HTTP and cannot be called by a schedule"
        )
        assert "deploy it" not in missing.remedy
