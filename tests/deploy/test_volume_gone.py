"""The Volume is deleted, and perhaps made again: deployed functions keep the old one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from reconciler.cron import minute
from reconciler.deploy.apply import RefusedPlanError
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.plan import SafetyRule
from tests.deploy.scenario import World
from tests.plan.scenario import hourly, schedules, told

AB = hourly("a", "b")
REPAIRED = ("repair", "volume", "schedule-reconciler")
KEPT = schedules('name: kept\nschedule: "0 * * * *"\nprotect: true')


def deployed_volume(world: World) -> str:
    (own,) = [app for app in world.apps.apps if app.name == world.apps.name]
    return own.tags["volume"]


def came_to(world: World, at: datetime) -> None:
    """Wakes have processed what was due up to then."""
    cursor = Cursor(through=minute(at), generation="x", known=minute(at))
    world.claims.entries[CURSOR_KEY] = cursor.to_json()


def test_an_apply_deploys_to_the_new_volume_and_the_plan_after_it_is_empty() -> None:
    world = World()
    world.apply(AB)
    first = deployed_volume(world)
    world.files.delete()
    world.later(hours=1)
    plan = world.plan(AB)
    assert told(plan) == []
    assert told(plan, drift=True) == [REPAIRED]
    assert plan.drift[0].reason == (
        "was deleted: no schedule runs, since the deployed functions hold the old one (vo-1); "
        "its tasks and its history are lost"
    )
    world.carry_out(plan)
    assert world.files.id == deployed_volume(world) != first
    assert world.plan(AB).empty


def test_a_volume_that_was_made_again_is_named_as_such() -> None:
    world = World()
    world.apply(AB)
    world.files.delete()
    world.files.make()
    (repair,) = world.plan(AB).drift
    assert repair.reason.startswith("was deleted and made again: no schedule runs")
    world.apply(AB)
    assert deployed_volume(world) == world.files.id == "vo-2"


def test_a_volume_whose_files_were_copied_back_still_needs_a_deploy() -> None:
    world = World()
    world.apply(AB)
    files = dict(world.files.files)
    world.files.delete()
    world.files.make()
    world.files.files.update(files)
    plan = world.plan(AB)
    assert told(plan, drift=True) == [REPAIRED]
    assert "lost unless it was copied" in plan.drift[0].reason
    assert plan.deploy
    world.carry_out(plan)
    assert world.plan(AB).empty


def test_what_was_due_since_the_last_wake_still_counts() -> None:
    world = World()
    world.apply(AB)
    world.later(hours=3)
    came_to(world, datetime(2026, 11, 20, 17, 30, tzinfo=UTC))
    world.files.delete()
    world.later(hours=2)
    plan = world.plan(AB)
    anchors = {record.anchor for record in plan.generation.records}
    assert anchors == {minute(datetime(2026, 11, 20, 17, 30, tzinfo=UTC))}


def test_an_app_that_an_older_version_deployed_is_deployed_anew_once() -> None:
    """It has no tag for its Volume, and its dispatcher is of another version."""
    world = World()
    world.apply(AB)
    (own,) = [app for app in world.apps.apps if app.name == world.apps.name]
    older = {key: value for key, value in own.tags.items() if key != "volume"}
    asyncio.run(world.apps.set_tags({**older, "dispatcher": "0.1.0-old"}))
    plan = world.plan(AB)
    assert told(plan) == [("update", "app", "schedule-reconciler")]
    assert plan.drift == ()
    world.carry_out(plan)
    assert world.plan(AB).empty
    asyncio.run(world.apps.set_tags({k: v for k, v in own.tags.items() if k != "volume"}))
    assert told(world.plan(AB)) == [("update", "app", "schedule-reconciler")]
    world.apply(AB)
    assert world.plan(AB).empty


def test_a_protected_schedule_is_still_protected_when_the_volume_is_gone() -> None:
    world = World()
    world.apply((*AB, *KEPT))
    world.files.delete()
    with pytest.raises(RefusedPlanError, match="kept is protected and its manifest is gone"):
        world.apply(AB)
    world.apply((*AB, *KEPT))


def test_fewer_schedules_than_were_live_are_counted_as_deletions() -> None:
    world = World()
    world.apply(hourly(*(f"s{number}" for number in range(10))))
    world.files.delete()
    (refusal,) = world.plan(AB).refusals
    assert refusal.rule is SafetyRule.DELETIONS
    assert refusal.message.startswith("8 of 10 schedules would be deleted")


def test_unknown_protection_refuses_a_plan_that_may_delete_what_is_protected() -> None:
    """Neither the Volume nor the Dict is left; the app's tags still say that there was one."""
    world = World()
    world.apply((*AB, *KEPT))
    world.files.delete()
    world.claims.entries.clear()
    assert world.plan((*AB, *KEPT)).refusals == ()
    (refusal,) = world.plan(AB).refusals
    assert refusal.rule is SafetyRule.PROTECTED
    assert refusal.message == (
        "the names of the protected schedules can no longer be read (1 may be protected, and git "
        "protects 0): a protected one that is missing in git would be deleted"
    )
    assert "pass --allow-deletes 1" in refusal.remedy


def test_where_nothing_was_protected_nothing_is_refused() -> None:
    world = World()
    world.apply(AB)
    world.files.delete()
    world.claims.entries.clear()
    assert world.plan(hourly("a")).refusals == ()
