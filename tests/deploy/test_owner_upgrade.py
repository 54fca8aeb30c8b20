"""An owner that changes: whatever kills the apply, the next one completes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.deploy.adoption import adoption
from reconciler.deploy.apply import RefusedPlanError, Step, apply, prepare
from reconciler.deploy.observation import observe, read_pointer
from reconciler.deploy.owner import with_standing
from reconciler.plan import Identity, Owner, Plan
from tests.deploy.scenario import SOMEBODY, World
from tests.plan.scenario import OWNER, desired, hourly

CLONE = Owner(identity=Identity("local:0f0f0f0f0f0f0f0f", "schedules"), names=("jobs",))
WITH_REMOTE = replace(OWNER, held=CLONE.identity)
MOVED = replace(OWNER, identity=Identity(OWNER.identity.repository, "ops"))
OTHER = Owner(identity=Identity("gitlab.com/x/acme/jobs", "schedules"), names=("acme/jobs",))


class KilledError(Exception):
    """The process ended here."""


def plan_of(world: World, owner: Owner) -> Plan:
    wanted = replace(desired(hourly("a", "b")), owner=owner)
    return asyncio.run(prepare(world.workspace, wanted))


def applied_by(world: World, owner: Owner, until: Step | None = None) -> None:
    def killed(step: Step) -> None:
        if step is until:
            raise KilledError

    asyncio.run(apply(world.workspace, plan_of(world, owner), SOMEBODY, killed))


def recorded(world: World) -> tuple[str, str | None]:
    """The tag of the owner, and what the pointer says in full."""
    (app,) = (app for app in world.apps.apps if app.name == "schedule-reconciler")
    pointer, _ = asyncio.run(read_pointer(world.files))
    return app.tags["identity"], None if pointer is None else pointer.identity


def says(owner: Owner) -> tuple[str, str]:
    return owner.identity.digest, str(owner.identity)


@pytest.mark.parametrize(("before", "after"), [(CLONE, WITH_REMOTE), (OWNER, MOVED)])
@pytest.mark.parametrize("until", list(Step))
def test_an_upgrade_that_is_killed_at_any_step_is_completed_by_the_next_apply(
    before: Owner, after: Owner, until: Step
) -> None:
    world = World()
    applied_by(world, before)
    assert recorded(world) == says(before)
    try:
        applied_by(world, after, until)
    except KilledError:
        world.later(hours=1)
    applied_by(world, after)
    assert recorded(world) == says(after)
    assert plan_of(world, after).empty
    assert plan_of(world, replace(after, held=None)).empty, "CI is not locked out"


def test_an_app_as_version_0_1_0_leaves_it_is_upgraded_by_the_commit_that_is_live() -> None:
    world = World()
    applied_by(world, OWNER)
    world.forget_owner()
    with pytest.raises(RefusedPlanError, match="is not in the history of HEAD"):
        applied_by(world, OWNER)
    world.checkout.shallow = True
    with pytest.raises(RefusedPlanError, match="since the clone is shallow"):
        applied_by(world, OWNER)
    world.checkout.history = {"c" * 40}
    with pytest.raises(RefusedPlanError, match="is managed from acme-jobs, and this is"):
        applied_by(world, replace(OTHER, names=("other/jobs",)))
    applied_by(world, OWNER)
    assert recorded(world) == says(OWNER)
    assert plan_of(world, OWNER).empty


def test_an_adopted_app_is_ours_and_the_former_owner_is_refused_with_ours_in_full() -> None:
    world = World()
    applied_by(world, OTHER)

    async def adopt() -> None:
        wanted = replace(desired(hourly("a", "b")), owner=OWNER)
        ports = world.workspace
        actual = await observe(wanted.settings, ports.apps, ports.files, ports.claims)
        wanted = with_standing(ports.checkout, wanted, actual)
        taken = adoption(actual, wanted, str(OTHER.identity))
        assert taken.tags is not None
        assert taken.pointer is not None
        assert taken.pointer.commit is None, "the commit is one of the other repository"
        await ports.apps.set_tags(taken.tags)
        await ports.files.write("current.json", taken.pointer.encode())

    asyncio.run(adopt())
    assert recorded(world) == says(OWNER)
    assert plan_of(world, OWNER).empty
    (refusal,) = plan_of(world, OTHER).refusals
    assert f"is managed from {OWNER.identity}, and this is {OTHER.identity}" in refusal.message
