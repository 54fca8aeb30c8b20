"""Anchors and a cursor that are ahead of now: what is warned of, and what begins anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.model.generation import new_generation
from reconciler.plan import Actual, Plan, make_plan
from reconciler.plan.clocks import not_run
from tests.plan.scenario import NOW, applied, desired, hourly, schedules

DAY = 1440


def ahead(minutes: int, *names: str, began: Mapping[str, int] | None = None) -> Actual:
    """What is live after an apply by a clock that was so far ahead of now."""
    live = applied(hourly(*names), NOW + minutes, crons=None)
    return replace(live, began=began or {})


def planned(live: Actual, *names: str) -> Plan:
    return make_plan(desired(hourly(*names), crons=None), live, NOW)


def at(*hours: int) -> str:
    return ", ".join(f"2026-11-20T{hour}:00Z" for hour in hours)


@pytest.mark.parametrize(("minutes", "warned"), [(10, False), (11, True)])
def test_up_to_ten_minutes_ahead_no_clock_is_called_wrong(minutes: int, warned: bool) -> None:
    plan = planned(ahead(minutes, "a"), "a")
    assert bool(plan.warnings) is bool(plan.drift) is warned
    cursor = replace(applied(hourly("a")), through=NOW + minutes)
    assert bool(planned(cursor, "a").warnings) is warned


@pytest.mark.parametrize(
    ("number", "named"),
    [
        (1, "s0: "),
        (5, "s0, s1, s2, s3, s4: "),
        (6, "s0, s1, s2, s3, s4 and 1 more: "),
        (7, "s0, s1, s2, s3, s4 and 2 more: "),
    ],
)
def test_five_of_the_schedules_whose_anchors_are_ahead_are_named(number: int, named: str) -> None:
    names = [f"s{each}" for each in range(number)]
    (warned,) = planned(ahead(2 * DAY, *names), *names).warnings
    assert warned.message.startswith(
        f"{named}the anchor is up to 2d ahead of this machine's clock, which says 2026-11-20T15:00Z"
    )


def test_the_anchor_that_is_furthest_ahead_is_shown_and_the_others_begin_anew_too() -> None:
    live = ahead(2 * DAY, "a", "b")
    assert live.live is not None
    a, b = live.live.records
    records = [a, replace(b, anchor=NOW + 3 * DAY)]
    plan = planned(replace(live, live=new_generation(records, live.live.slots, 300)), "a", "b")
    assert "the anchor is up to 3d ahead" in [w.message for w in plan.warnings][-1]
    assert [(c.name, c.file, c.line) for c in plan.drift if c.kind == "schedule"] == [
        ("a", "schedules/all.yaml", 1),
        ("b", "schedules/all.yaml", 6),
    ]


def test_what_git_changes_or_deletes_is_no_repair_as_well() -> None:
    live = ahead(2 * DAY, "a", "b")
    moved = schedules('name: a\nschedule: "30 * * * *"')
    plan = make_plan(desired(moved), live, NOW)
    assert [(c.action, c.name) for c in plan.changes if c.kind == "schedule"] == [
        ("update", "a"),
        ("delete", "b"),
    ]
    assert plan.drift == ()


def test_neither_is_what_git_renames() -> None:
    renamed = schedules('name: new\nformerly: old\nschedule: "0 * * * *"')
    plan = make_plan(desired(renamed, crons=None), ahead(2 * DAY, "old"), NOW)
    assert [(c.action, c.name) for c in plan.changes if c.kind == "schedule"] == [("rename", "new")]
    assert plan.drift == ()


@pytest.mark.parametrize(
    ("began", "said"),
    [
        (None, "since when it has not run is not known"),
        (NOW, f"since {at(15)} none was due"),
        (NOW - 1, f"since 2026-11-20T14:59Z 1 occurrence not run: {at(15)}"),
        (NOW - 241, f"since 2026-11-20T10:59Z 5 occurrences not run: {at(11, 12, 13, 14, 15)}"),
        (
            NOW - 301,
            f"since 2026-11-20T09:59Z 6 occurrences not run: {at(10, 11, 12, 13, 14)}, … {at(15)}",
        ),
    ],
)
def test_a_repair_names_what_was_not_run_as_far_as_that_is_known(
    began: int | None, said: str
) -> None:
    known = {} if began is None else {"a": began}
    (repair,) = planned(ahead(2 * DAY, "a", began=known), "a").drift
    assert repair.reason == f"its anchor 2026-11-22T15:00Z is 2d ahead: begins now; {said}"


def test_what_is_excluded_was_not_to_run() -> None:
    live = ahead(2 * DAY, "a").live
    assert live is not None
    (record,) = live.records
    excluded = replace(record, exclude=("2026-11-19",))
    assert not_run(record, NOW - 2 * DAY, NOW - DAY - 1) != ()
    assert not_run(excluded, NOW - DAY, NOW - 16 * 60) == not_run(
        record, NOW - 15 * 60 - 1, NOW - 16 * 60
    )
    assert not_run(record, None, NOW) == ()
