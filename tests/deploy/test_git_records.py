"""What is recorded of git and of refused applies, for those who have no checkout."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.deploy.git_records import record_git, record_refusal
from reconciler.deploy.lease import Holder
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.git_record import GIT_KEY, KEPT, LONGEST, REFUSED_KEY, GitRecord
from reconciler.plan.plan import Plan
from reconciler.query.git_seen import GitSeen, git_seen
from tests.deploy.scenario import World
from tests.plan.scenario import hourly

ANA = Holder(owner="ana (GitHub Actions)", link="https://github.com/acme/schedules/actions/runs/7")


@pytest.fixture
def world() -> World:
    world = World()
    world.apply(hourly("a", "b"))
    return world


def planned(world: World, *names: str) -> Plan:
    plan = world.plan(hourly(*names))
    return replace(plan, desired=replace(plan.desired, commit="4fd0a26"))


def compared(world: World, plan: Plan, *, was_applied: bool = False) -> None:
    asyncio.run(record_git(world.workspace, plan, ANA, was_applied=was_applied))


def refuse(world: World, reason: str) -> None:
    asyncio.run(record_refusal(world.workspace, planned(world, "a"), ANA, reason))


def seen(world: World) -> GitSeen:
    return asyncio.run(git_seen(world.claims))


def test_a_job_records_the_changes_that_it_left(world: World) -> None:
    plan = planned(world, "a", "b", "c")
    compared(world, plan)
    record = seen(world).record
    assert record == GitRecord(
        "4fd0a26", "2026-11-20T15:00:00Z", ANA.owner, ANA.link, len(plan.changes), 0
    )
    assert record.changes > 0


def test_after_an_apply_there_are_none(world: World) -> None:
    compared(world, planned(world, "a", "b", "c"), was_applied=True)
    record = seen(world).record
    assert record is not None
    assert (record.changes, record.drift) == (0, 0)


def test_refused_applies_are_kept_newest_first_and_bounded(world: World) -> None:
    for number in range(KEPT + 5):
        refuse(world, f"no {number} {'x' * LONGEST}")
    reasons = [one.reason for one in seen(world).refused]
    assert len(reasons) == KEPT
    assert reasons[0].startswith("no 24 ")
    assert max(map(len, reasons)) == LONGEST


def test_before_the_first_apply_nothing_is_recorded() -> None:
    world = World()
    compared(world, planned(world, "a"))
    refuse(world, "no")
    assert seen(world) == GitSeen()
    assert world.claims.entries == {}


def test_what_cannot_be_recorded_stops_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_given: object) -> None:
        raise UnavailableError("connection refused")

    plan = planned(world, "a")
    monkeypatch.setattr(world.claims, "put", silent)
    compared(world, plan)
    refuse(world, "no")
    assert seen(world) == GitSeen()


@pytest.mark.parametrize("entry", [{"format": 9}, {"format": 1}, {"format": 1, "at": 3}])
def test_a_damaged_entry_is_named_and_replaced_by_the_next(
    world: World, entry: dict[str, object]
) -> None:
    world.claims.entries[GIT_KEY] = entry
    world.claims.entries[REFUSED_KEY] = entry
    found = seen(world)
    assert (found.record, found.refused) == (None, ())
    assert [one.where for one in found.damaged] == [GIT_KEY, REFUSED_KEY]
    compared(world, planned(world, "a"))
    refuse(world, "no")
    assert seen(world).damaged == ()
