"""What ``wake --dry-run`` says: what the next wake would do, and why."""

from __future__ import annotations

import asyncio

from reconciler.commands.rehearsing import rehearse
from reconciler.cron import minute
from reconciler.policies import Catchup, Overlap
from reconciler.report.rehearsal import Rehearsal, rehearsal_json, rehearsal_text
from tests.dispatch.scenario import World, at, hourly


def rehearsed(world: World, time: str, as_if: str | None = None) -> Rehearsal:
    return asyncio.run(rehearse(world.ports(time), None if as_if is None else minute(at(as_if))))


def test_what_is_due_would_start_and_what_comes_too_late_would_be_missed_with_the_reason() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.LATEST))
    found = rehearsed(world, "10:20")
    missed, start = rehearsal_text(found).splitlines()
    assert missed.startswith("would be missed  hourly@2026-11-20T09:00Z  ")
    assert start == "would start   hourly@2026-11-20T10:00Z  shop/sync"
    as_json = rehearsal_json(found)
    assert as_json["would_start"] == [
        {
            "occurrence": "hourly@2026-11-20T10:00Z",
            "name": "hourly",
            "time": "2026-11-20T10:00Z",
            "function": "shop/sync",
            "attempt": 1,
        }
    ]
    (gone,) = as_json["would_be_let_go"]
    assert (gone["name"], gone["times"], gone["state"]) == (
        "hourly",
        ["2026-11-20T09:00Z"],
        "missed",
    )
    assert gone["reason"]


def test_what_could_not_be_started_is_tried_by_the_next_wake_and_shown_with_the_reason() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    found = rehearsed(world, "09:05")
    assert rehearsal_text(found) == (
        "would try     hourly@2026-11-20T09:00Z  shop/sync  "
        "attempt 2; start-failed: there is no function shop/sync"
    )
    (again,) = rehearsal_json(found)["would_try_again"]
    assert (again["occurrence"], again["attempt"], again["state"], again["reason"]) == (
        "hourly@2026-11-20T09:00Z",
        2,
        "start-failed",
        "there is no function shop/sync",
    )


def test_what_waits_in_the_queue_is_shown_with_what_it_waits_for() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    assert rehearsal_text(rehearsed(world, "10:05")).endswith(
        "attempt 1; queued: hourly@2026-11-20T09:00Z is still running; overlap is queue"
    )


def test_what_waits_and_is_excluded_meanwhile_would_be_skipped() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    world.live(hourly(suspended="moving house"))
    assert rehearsal_text(rehearsed(world, "09:05")).startswith(
        "would be skipped  hourly@2026-11-20T09:00Z  suspended"
    )


def test_what_was_served_is_named_and_would_not_start_again() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    found = rehearsed(world, "09:05", as_if="09:00")
    assert rehearsal_text(found) == "was started   hourly@2026-11-20T09:00Z  shop/sync"
    as_json = rehearsal_json(found)
    assert as_json["would_start"] == []
    assert as_json["served_before"] == [
        {"occurrence": "hourly@2026-11-20T09:00Z", "state": "started"}
    ]


def test_nothing_is_due_when_nothing_is_due_and_nothing_is_left_over() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert rehearsal_text(rehearsed(world, "09:05")) == "Nothing is due up to 2026-11-20T09:05Z."
    assert rehearsal_text(rehearsed(world, "09:05", as_if="09:30")) == (
        "Nothing is due at 2026-11-20T09:30Z."
    )


def test_a_look_changes_nothing() -> None:
    world = World()
    world.live(hourly())
    rehearsed(world, "09:00")
    assert (world.claims.entries, world.log.logs, world.caller.calls) == ({}, [], [])
