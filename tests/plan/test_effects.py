"""What a change of a schedule means in time: what was, what will be, and what is given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.plan import Actual, make_plan
from reconciler.plan.effects import TimeEffect
from tests.plan.scenario import NOW, applied, desired, hourly, nothing, schedules

MOVED = schedules('name: a\nschedule: "30 * * * *"')


def effect(actual: Actual, given: str | None = None) -> TimeEffect:
    git = schedules(given) if given else MOVED
    (found,) = make_plan(desired(git), actual, NOW, allow_deletes=9).effects
    return found


def test_a_new_schedule_has_no_times_before_and_a_deleted_one_none_after() -> None:
    created = effect(nothing())
    assert (created.before, created.after[0], created.given_up) == ((), NOW + 30, ())
    assert created.moves
    (deleted,) = make_plan(desired(()), applied(hourly("a")), NOW).effects
    assert (deleted.before[0], deleted.after, deleted.clock) == (NOW + 60, (), None)
    assert deleted.moves


def test_other_arguments_move_nothing() -> None:
    same = effect(applied(hourly("a")), 'name: a\nschedule: "0 * * * *"\nargs: {n: 1}')
    assert same.before == same.after != ()
    assert not same.moves


@pytest.mark.parametrize(
    ("through", "given_up"),
    [
        (None, ()),
        (NOW, ()),
        (NOW - 1, (NOW,)),
        (NOW - 60, (NOW,)),
        (NOW - 61, (NOW - 60, NOW)),
        (NOW - 9000, (NOW - 120, NOW - 60, NOW)),
    ],
)
def test_what_no_wake_has_processed_is_given_up_by_a_change_of_times(
    through: int | None, given_up: tuple[int, ...]
) -> None:
    live = replace(applied(hourly("a"), NOW - 121), through=through)
    assert effect(live).given_up == given_up
    assert effect(live).skipped[: len(given_up)] == given_up
    (deleted,) = make_plan(desired(()), live, NOW).effects
    assert deleted.given_up == given_up


def test_a_change_that_lets_it_go_on_gives_up_nothing() -> None:
    live = replace(applied(hourly("a"), NOW - 121), through=NOW - 121)
    found = effect(live, 'name: a\nschedule: "0 * * * *"\nargs: {n: 1}')
    assert (found.given_up, found.moves) == ((), False)


def test_what_is_suspended_has_nothing_to_give_up() -> None:
    paused = schedules('name: a\nschedule: "0 * * * *"\nsuspend: true')
    live = replace(applied(paused, NOW - 121), through=NOW - 121)
    assert effect(live).given_up == ()


def test_times_that_stay_and_occurrences_that_are_given_up_are_a_move() -> None:
    found = TimeEffect("a", before=(NOW,), after=(NOW,), given_up=(NOW - 60,))
    assert found.moves
    assert not replace(found, given_up=()).moves
