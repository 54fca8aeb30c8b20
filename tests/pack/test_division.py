"""Schedules divided among slots: every piece in a cover, covers tight, never dearer."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings

from reconciler.pack import Member
from reconciler.pack.demand import Demand, demands
from reconciler.pack.division import Division
from reconciler.pack.groups import union
from reconciler.pack.homes import homes
from reconciler.pack.horizon import horizon
from reconciler.pack.load import loads
from reconciler.pack.pieces import Pieces, cut_up
from reconciler.pack.search import search
from reconciler.pack.service import asked, served
from tests.pack.building import NOW, members
from tests.pack.strategies import budgets, tolerant, usual


def _cut(group: Sequence[Member]) -> tuple[Sequence[Demand], list[int], Pieces]:
    each = demands(group, horizon(NOW))
    whole = loads(each, delay=False)
    pieces = cut_up(each, whole)
    assert pieces is not None
    return each, list(dict.fromkeys(load.outline for load in whole)), pieces


def _few(group: Sequence[Member]) -> bool:
    """Whether there are not too many pieces to be divided."""
    each = demands(group, horizon(NOW))
    return cut_up(each, loads(each, delay=False)) is not None


def _anything(_: Sequence[int]) -> bool:
    return True


@given((usual | tolerant).filter(_few), budgets)
@settings(max_examples=60)
def test_dividing_never_costs_wakes_and_serves_all_times(group: list[Member], budget: int) -> None:
    each, outlines, pieces = _cut(group)
    divided = search(outlines, budget, Division(pieces, _anything))
    assert divided.total <= search(outlines, budget).total
    for demand in each:
        assert union(served(demand, cover) for cover in divided.covers) == asked(demand)


@given(usual.filter(_few), budgets)
@settings(max_examples=60)
def test_tight_covers_have_every_piece_and_stay_as_they_are(
    group: list[Member], budget: int
) -> None:
    _, outlines, pieces = _cut(group)
    division = Division(pieces, _anything)
    loose = search(outlines, budget).covers
    tight = division.tight(loose)
    assert all(any(cover | piece == cover for cover in tight) for piece in pieces.each)
    assert all(before | after == before for before, after in zip(loose, tight, strict=True))
    assert division.tight(tight) == tight


@given(usual.filter(_few))
@settings(max_examples=60)
def test_no_packing_costs_less_than_the_least(group: list[Member]) -> None:
    _, outlines, pieces = _cut(group)
    assert search(outlines, None, Division(pieces, _anything)).total >= pieces.least


def test_weekdays_that_no_schedule_tells_apart_stay_together() -> None:
    _, _, pieces = _cut(members("a: 0 6 * * *", "b: 0 6 * * 1-5", "c: 30 6 * * 0"))
    # 06:00 on Sunday, Saturday and weekdays, and 06:30 on Sunday.
    assert len(pieces.each) == 4


def test_what_can_wait_stays_whole() -> None:
    _, outlines, pieces = _cut(members("a: 0 6-9 * * * ~ 10"))
    assert list(pieces.each) == outlines


def test_a_slot_that_is_nobodys_best_takes_a_schedule_from_one_that_has_several() -> None:
    each, _, _ = _cut(members("a: 0 6-8 * * *", "b: 0 7,8 * * *"))
    early, late = _cut(members("x: 0 6 * * *", "y: 0 7,8 * * *"))[2].by_days[::-1]
    assert homes(each, [early, late]) == [0, 1]


def test_there_are_no_homes_for_more_slots_than_schedules() -> None:
    each, _, pieces = _cut(members("a: 0 6-8 * * *"))
    assert homes(each, pieces.each) is None
