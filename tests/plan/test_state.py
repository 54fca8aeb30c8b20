"""What is live: what a plan depends on, and what is known of a generation that is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan import Actual, Lost, Touch, Unread
from reconciler.plan.state import DeployedCron
from tests.plan.scenario import NOW, applied, hourly

LIVE = applied(hourly("a", "b"))
OTHER = applied(hourly("c"))
assert LIVE.own is not None


@pytest.mark.parametrize(
    "change",
    [
        {"own": None},
        {"own": replace(LIVE.own, slots=LIVE.own.slots[:1])},
        {"own": replace(LIVE.own, functions=("a",))},
        {"own": replace(LIVE.own, tags={})},
        {"foreign": (DeployedCron("main", "theirs", "tick", "0 * * * * (UTC)"),)},
        {"pointer": None},
        {"pointer": OTHER.pointer},
        {"live": None},
        {"live": OTHER.live},
        {"applied": OTHER.live},
        {"pointer_damage": "is not a pointer"},
        {"live_damage": "was edited"},
        {"revision": "HEAD"},
        {"number": 7},
        {"volume": None},
        {"volume": "vo-2"},
        {"protected": None},
        {"protected": frozenset({"a"})},
        {"lost": Lost()},
        {"lost": Lost(begun={"a": NOW})},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_plan_is_stale_when_anything_that_it_depends_on_is_another(
    change: dict[str, Any],
) -> None:
    assert replace(LIVE, **change).digest != LIVE.digest


def test_names_are_in_no_order_and_what_comes_and_goes_makes_no_plan_stale() -> None:
    one = replace(LIVE, protected=frozenset("abcdefgh"), lost=Lost(begun={"a": 1, "b": 2}))
    other = replace(LIVE, protected=frozenset("hgfedcba"), lost=Lost(begun={"b": 3, "a": 1}))
    assert one.digest == other.digest
    assert LIVE.own is not None
    tags = dict(reversed(list(LIVE.own.tags.items())))
    assert replace(LIVE, own=replace(LIVE.own, tags=tags)).digest == LIVE.digest
    seen = replace(
        LIVE,
        unread=(Unread("main", "theirs", "", "permission denied"),),
        through=NOW,
        wake_seconds=(1.0,),
        stopped=Touch(None, "2026-11-20T15:00:00Z"),
    )
    assert seen.digest == LIVE.digest


@pytest.mark.parametrize(
    ("mounted", "volume", "another"),
    [
        ("vo-1", "vo-1", False),
        ("vo-1", "vo-2", True),
        ("vo-1", None, True),
        (None, "vo-1", False),
        (None, None, False),
    ],
)
def test_the_volume_is_another_when_the_functions_are_tagged_with_one_that_is_not_there(
    mounted: str | None, volume: str | None, another: bool
) -> None:
    assert LIVE.own is not None
    tags = {} if mounted is None else {"volume": mounted}
    actual = replace(LIVE, own=replace(LIVE.own, tags=tags), volume=volume)
    assert (actual.mounted, actual.volume_is_another) == (mounted, another)
    assert not replace(actual, own=None).volume_is_another


def test_live_is_what_any_generation_or_the_last_record_names() -> None:
    actual = replace(LIVE, applied=OTHER.live, lost=Lost(begun={"d": NOW}))
    assert actual.live_names == {"a", "b", "c", "d"}
    assert replace(actual, lost=Lost()).live_names == {"a", "b", "c"}
    assert Actual(own=None).live_names == frozenset()


@pytest.mark.parametrize(
    ("begun", "names", "had"),
    [
        (None, ("x",), True),
        ({"a": NOW}, ("a",), True),
        ({"a": NOW}, ("b", "a"), True),
        ({"a": NOW}, ("b",), False),
        ({}, ("a",), False),
    ],
)
def test_a_schedule_was_live_unless_the_last_record_lists_others_alone(
    begun: dict[str, int] | None, names: tuple[str, ...], had: bool
) -> None:
    assert Lost(begun=begun).had(names) is had


@pytest.mark.parametrize(
    ("lost", "began"),
    [
        (Lost(), NOW),
        (Lost(since=NOW - 30), NOW - 30),
        # A clock was ahead: as far back as a wake looks that finds such a cursor.
        (Lost(since=NOW + 5), NOW - 5),
        (Lost(since=NOW + 30), NOW - 24 * 60),
        (Lost(since=NOW + 30, begun={"a": NOW - 60}), NOW - 60),
        (Lost(begun={"a": NOW - 60}), NOW),
        (Lost(since=NOW - 90, begun={"a": NOW - 60}), NOW - 60),
        (Lost(since=NOW - 30, begun={"a": NOW - 60}), NOW - 30),
        (Lost(since=NOW - 90, begun={"a": NOW - 60, "old": NOW - 80}), NOW - 80),
        (Lost(since=NOW - 90, begun={"a": NOW + 60}), NOW),
        (Lost(since=NOW - 90, begun={"z": NOW - 60}), NOW),
    ],
)
def test_occurrences_count_from_the_last_wake_and_never_from_before_the_schedule_began(
    lost: Lost, began: int
) -> None:
    assert lost.began(("a", "old"), NOW) == began


@pytest.mark.parametrize(
    ("unread", "maybe"),
    [
        (Unread("main", "theirs", "tick", "no"), True),
        (Unread("main", "theirs", "tick", "no", text="X()"), False),
        (Unread("main", "theirs", "", "no"), False),
    ],
)
def test_a_function_that_cannot_be_read_may_hold_a_cron(unread: Unread, maybe: bool) -> None:
    assert unread.maybe_cron is maybe


def test_a_touch_names_the_person_that_modal_names() -> None:
    assert str(Touch("ada", "2026-11-20T15:00:00Z")) == "by ada at 2026-11-20T15:00:00Z"
    assert str(Touch(None, "2026-11-20T15:00:00Z")) == "at 2026-11-20T15:00:00Z"
