"""When schedules really began whose anchors a wrong clock has set ahead."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.deploy.beginnings import with_beginnings
from reconciler.model.applied import Origin, applied_path
from reconciler.model.generation import generation_path
from reconciler.plan import Actual
from tests.deploy.scenario import World
from tests.deploy.test_apply import record_of
from tests.plan.scenario import NOW, hourly

SKEW = 2 * 24 * 60


def world(skew: int = SKEW) -> World:
    """A world in which `a` was applied at 15:00 by a clock that is so many minutes ahead."""
    found = World()
    found.clock.time += timedelta(minutes=skew)
    found.apply(hourly("a", "b"))
    return found


def began(found: World, now: int = NOW, **changes: object) -> dict[str, int]:
    actual = found.plan(hourly("a", "b")).actual
    actual = replace(actual, began={}, **changes)  # type: ignore[arg-type]  # fields of Actual
    return dict(asyncio.run(with_beginnings(actual, found.files, now)).began)


def record_made(found: World, at: str) -> None:
    """Let the record of the apply say that `a` was made what it is then."""
    record = record_of(found)
    record = replace(record, origins={"a": Origin(None, None, at)})
    found.files.files[record.path] = record.encode()


def test_where_the_same_clock_wrote_the_record_the_file_says_when_it_was_stored() -> None:
    assert began(world()) == {"a": NOW, "b": NOW}


def test_the_record_of_the_apply_counts_where_it_is_not_ahead_itself() -> None:
    found = world()
    record_made(found, "2026-11-20T14:00:00Z")
    assert began(found) == {"a": NOW - 60, "b": NOW}
    record_made(found, "2026-11-20T15:00:00Z")
    assert began(found)["a"] == NOW
    record_made(found, "2026-11-20T15:01:00Z")
    assert began(found)["a"] == NOW


def test_what_cannot_be_read_holds_up_nothing() -> None:
    found = world()
    record = record_of(found)
    found.files.files[applied_path(record.pointer)] = b"garbage"
    assert began(found) == {"a": NOW, "b": NOW}
    found.files.times[generation_path(record.pointer.generation)] = "2026-11-23T15:00:00Z"
    assert began(found) == {}


@pytest.mark.parametrize(("skew", "ahead"), [(0, False), (10, False), (11, True)])
def test_an_anchor_that_is_not_ahead_is_not_looked_into(skew: int, ahead: bool) -> None:
    assert bool(began(world(skew))) is ahead


def test_without_a_pointer_or_a_generation_nothing_is_known() -> None:
    found = world()
    assert began(found, pointer=None) == {}
    assert began(found, live=None) == {}
    untouched = Actual(own=None)
    assert asyncio.run(with_beginnings(untouched, found.files, NOW)) is untouched
