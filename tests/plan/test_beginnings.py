"""From when a schedule counts: its anchor, and the number of the apply with which it began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.manifest import Schedule
from reconciler.model.generation import Generation, new_generation
from reconciler.plan.compilation import compile_records
from reconciler.plan.state import Lost
from tests.plan.scenario import NOW, hourly, schedules

HOURLY = hourly("a")
MOVED = schedules('name: a\nschedule: "5 * * * *"')
RENAMED = schedules('name: b\nformerly: a\nschedule: "0 * * * *"')


def generation(given: tuple[Schedule, ...], anchor: int, number: int) -> Generation:
    """A generation in which all schedules began so."""
    records, begun, _rebuilt = compile_records(given, (), anchor, number=number)
    return new_generation(records, (), 300, begun=begun)


def beginning(given: tuple[Schedule, ...], *known: Generation) -> tuple[int, int]:
    """The anchor and the number of the one schedule in the ninth apply, made now."""
    (record,), begun, _rebuilt = compile_records(given, known, NOW, number=9)
    return record.anchor, begun.get(record.name, 0)


def test_a_schedule_whose_times_go_on_keeps_its_anchor_and_its_number() -> None:
    assert beginning(HOURLY, generation(HOURLY, NOW - 60, 3)) == (NOW - 60, 3)
    assert beginning(RENAMED, generation(HOURLY, NOW - 60, 3)) == (NOW - 60, 3)


def test_what_is_new_or_changed_begins_with_this_apply_and_never_later() -> None:
    assert beginning(HOURLY) == (NOW, 9)
    assert beginning(MOVED, generation(HOURLY, NOW - 60, 3)) == (NOW, 9)
    assert beginning(MOVED, generation(HOURLY, NOW + 3000, 3)) == (NOW, 9)
    assert beginning(MOVED, generation(HOURLY, NOW + 5, 3)) == (NOW, 9)


def test_an_interval_that_is_counted_from_another_day_begins_with_this_apply() -> None:
    one, other = (
        schedules(f'name: a\nschedule: 2w\nstart: "{day}"') for day in ("2026-12-02", "2026-12-09")
    )
    assert beginning(one, generation(one, NOW - 60, 3)) == (NOW - 60, 3)
    assert beginning(other, generation(one, NOW - 60, 3)) == (NOW, 9)


def test_a_schedule_from_before_there_were_numbers_keeps_having_none() -> None:
    before = replace(generation(HOURLY, NOW - 60, 3), begun={})
    assert beginning(HOURLY, before) == (NOW - 60, 0)
    assert compile_records(HOURLY, [before], NOW, number=9).begun == {}


def test_what_is_rebuilt_after_its_generation_was_lost_says_when() -> None:
    lost = Lost(since=NOW - 30, begun={"a": NOW - 60})
    assert compile_records(hourly("a", "b"), (), NOW, lost=lost).rebuilt == {"a": NOW}
    assert compile_records(HOURLY, (), NOW).rebuilt == {}
    kept = replace(generation(HOURLY, NOW - 60, 3), rebuilt={"a": NOW - 5})
    assert compile_records(HOURLY, [kept], NOW).rebuilt == {"a": NOW - 5}


def test_the_generation_before_a_lost_one_says_when_a_schedule_began() -> None:
    before = generation(HOURLY, NOW - 600, 2)
    lost = Lost(since=NOW - 30, begun={"a": NOW - 600}, before=before)
    compiled = compile_records(HOURLY, (), NOW, number=9, lost=lost)
    assert (compiled.records[0].anchor, compiled.begun) == (NOW - 600, {"a": 2})
    gone = replace(lost, begun={"z": NOW - 600})
    assert compile_records(HOURLY, (), NOW, number=9, lost=gone).begun == {"a": 9}


def test_of_two_generations_the_earliest_anchor_counts_and_the_highest_number() -> None:
    applied, live = generation(HOURLY, NOW - 600, 2), generation(HOURLY, NOW - 60, 5)
    assert beginning(HOURLY, applied, live) == (NOW - 600, 5)
    assert beginning(HOURLY, live, applied) == (NOW - 600, 5)


def test_what_an_interrupted_apply_had_changed_and_this_one_changes_back_goes_on() -> None:
    applied, live = generation(HOURLY, NOW - 600, 2), generation(MOVED, NOW - 60, 5)
    assert beginning(HOURLY, applied, live) == (NOW - 600, 2)
    assert beginning(MOVED, applied, live) == (NOW - 60, 5)


@pytest.mark.parametrize(
    ("ahead", "begins"), [(10, (NOW + 10, 3)), (11, (NOW, 9)), (9000, (NOW, 9))]
)
def test_an_anchor_that_a_wrong_clock_has_set_ahead_is_not_kept(
    ahead: int, begins: tuple[int, int]
) -> None:
    assert beginning(HOURLY, generation(HOURLY, NOW + ahead, 3)) == begins


def test_an_anchor_ahead_gives_way_to_the_one_of_an_earlier_generation() -> None:
    applied, live = generation(HOURLY, NOW - 600, 2), generation(HOURLY, NOW + 3000, 5)
    assert beginning(HOURLY, applied, live) == (NOW - 600, 2)


def test_a_lost_generation_sets_no_anchor_ahead_though_a_wrong_clock_had_applied_it() -> None:
    for began in (NOW - 60, NOW + 3000):
        lost = Lost(since=NOW - 30, begun={"a": began})
        (record,), begun, _rebuilt = compile_records(HOURLY, (), NOW, number=9, lost=lost)
        assert (record.anchor, begun) == (min(NOW, max(NOW - 30, began)), {"a": 9})
