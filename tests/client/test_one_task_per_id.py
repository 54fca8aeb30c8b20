"""One id is one task, for any number of creators, and after Dict entries have expired."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pytest

from reconciler.client import TaskExistsError, TaskStartedError, UnknownTaskError
from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.stored_tasks import registration_key
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeTaskFiles
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.runs_file import RunState
from reconciler.model.task import Ending, SettledTask, Task
from tests.client.task_world import cancelled, created, ports
from tests.dispatch.scenario import World, at, lines
from tests.dispatch.task_scenario import settled, spawned, task


@pytest.fixture
def world() -> World:
    made = World()
    made.live()
    return made


def forget_claims(world: World) -> None:
    """Expire Dict entries, as Modal does after seven idle days."""
    world.claims.entries.clear()


def test_asking_for_the_same_again_changes_nothing(world: World) -> None:
    first = created(world)
    files = dict(world.tasks.files)
    assert created(world, now="12:40") == first
    assert world.tasks.files == files
    forget_claims(world)
    assert created(world, now="12:50") == first
    assert world.tasks.files == files


def test_asking_for_the_same_after_it_has_started_returns_how_it_started(world: World) -> None:
    created(world)
    world.wake("15:00")
    again = created(world, now="15:10")
    assert isinstance(again, SettledTask)
    assert (again.ending, again.call) == (Ending.STARTED, "fc-1")
    forget_claims(world)
    assert created(world, now="2026-11-30T09:00") == again
    world.wake("2026-11-30T10:00")
    assert spawned(world) == ["sync"]


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize(
    "other", [{"time": "16:00"}, {"function": "other"}, {"app": "else"}, {"args": {"n": 2}}]
)
def test_another_task_under_the_same_id_is_refused(
    world: World, other: dict[str, object], forgotten: bool
) -> None:
    created(world, args={"n": 1})
    files = dict(world.tasks.files)
    if forgotten:
        forget_claims(world)
    with pytest.raises(TaskExistsError) as caught:
        created(world, **{"args": {"n": 1}, **other})  # type: ignore[arg-type]  # of several types
    assert str(caught.value) == (
        'task renewal exists already: shop/sync at 2026-11-20T15:00Z with {"n": 1}\n'
        "  To change the task, cancel it and create it again; for a new task use another id."
    )
    assert world.tasks.files == files


def test_the_id_of_a_started_task_cannot_be_used_for_another_task(world: World) -> None:
    created(world)
    world.wake("15:00")
    with pytest.raises(TaskExistsError, match="already, started at 2026-11-20T15:00:00Z") as caught:
        created(world, time="17:00")
    assert caught.value.remedy == "Use another id."


def test_creators_at_the_same_time_make_one_task(world: World) -> None:
    async def all_at_once() -> list[object]:
        outside = ports(world)
        wanted = [task(), task(), task(time="16:00"), task()]
        jobs = (create(outside, one, f"t{number}") for number, one in enumerate(wanted))
        return await asyncio.gather(*jobs, return_exceptions=True)

    found = asyncio.run(all_at_once())
    assert [one for one in found if isinstance(one, Task)] == [task()] * 3
    assert isinstance(found[2], TaskExistsError)
    assert list(world.tasks.files) == [task().path]


@dataclass
class NotReached(FakeTaskFiles):
    """The creator dies before it stores anything."""

    async def change(self, _write: Mapping[str, bytes], _remove: Collection[str] = ()) -> None:
        raise UnavailableError("gone")


def half_created(world: World) -> None:
    with pytest.raises(UnavailableError):
        asyncio.run(create(replace(ports(world), files=NotReached()), task(), "dead"))


def test_an_interrupted_creation_is_completed_by_asking_again(world: World) -> None:
    half_created(world)
    assert created(world, now="12:30") == task()
    assert world.tasks.files == {task().path: task().encode()}


def test_an_interrupted_creation_can_be_cancelled_and_then_changed(world: World) -> None:
    half_created(world)
    with pytest.raises(TaskExistsError, match="its creation was interrupted"):
        created(world, time="16:00")
    cancelled(world)
    second = created(world, time="16:00")
    assert second == task(time="16:00", edition=2)
    world.tasks.files[task().path] = task().encode()  # the first creator was only slow
    world.wake("16:00")
    assert [call.function for call in world.caller.calls] == ["sync"]
    assert world.started() == ["task/renewal~2@2026-11-20T16:00Z"]


def test_a_cancelled_task_does_not_start_even_when_its_claim_has_expired(world: World) -> None:
    created(world, time="2026-12-20T15:00")
    assert cancelled(world).ending is Ending.CANCELLED
    forget_claims(world)
    log = world.wake("2026-12-20T15:00")
    assert spawned(world) == []
    assert lines(log, RunState.SKIPPED) == ["task/renewal@15:00"]


def test_cancelling_again_is_the_same(world: World) -> None:
    created(world)
    assert cancelled(world) == cancelled(world, now="13:10")


def test_after_a_cancellation_the_id_can_be_used_again_also_for_the_same(world: World) -> None:
    created(world)
    cancelled(world)
    second = created(world)
    assert second == task(edition=2)
    forget_claims(world)
    assert created(world) == second, "the second is remembered as the first was"
    world.wake("15:00")
    assert world.started() == ["task/renewal~2@2026-11-20T15:00Z"]
    assert settled(world, task(edition=2)) is not None


def test_a_task_that_has_started_is_not_cancelled(world: World) -> None:
    created(world)
    world.wake("15:00")
    with pytest.raises(TaskStartedError) as caught:
        cancelled(world, now="15:01")
    assert str(caught.value) == (
        "task renewal has started already, as call fc-1\n"
        "  To cancel that call: modal.FunctionCall.from_id('fc-1').cancel()"
    )


def test_a_started_task_is_not_cancelled_before_its_wake_has_settled_it(
    world: World,
) -> None:
    created(world)
    files = dict(world.tasks.files)
    world.wake("15:00")
    world.tasks.files = files
    with pytest.raises(TaskStartedError, match="has started already, as call fc-1"):
        cancelled(world, now="15:01")
    assert world.tasks.files == files


CLAIM = {"state": "claimed", "token": "w", "wake": "fc-w", "until": "2026-11-20T15:05:30Z"}


def test_a_task_that_is_just_being_started_is_not_cancelled(world: World) -> None:
    created(world)
    world.claims.entries[task().occurrence.id] = CLAIM
    with pytest.raises(TaskStartedError, match="is being started right now"):
        cancelled(world, now="15:01")
    assert settled(world, task()) is None


def test_a_task_that_may_have_started_is_not_started_again_nor_reported_as_cancelled(
    world: World,
) -> None:
    created(world)
    world.claims.entries[task().occurrence.id] = CLAIM
    with pytest.raises(TaskStartedError, match="may have started: a wake ended before"):
        cancelled(world, now="15:10")
    log = world.wake("15:15")
    assert spawned(world) == []
    assert [one.reason for one in log.records] == ["cancelled; an earlier attempt may have started"]


def test_a_task_whose_attempts_fail_can_be_cancelled(world: World) -> None:
    created(world)
    world.caller = FakeCaller(missing={"shop/sync"})
    world.wake("15:00")
    assert cancelled(world, now="15:01").ending is Ending.CANCELLED
    world.caller = FakeCaller()
    world.wake("15:05")
    assert spawned(world) == []


def test_a_wake_and_a_cancellation_at_the_same_time_agree(world: World) -> None:
    for seed in range(20):
        one = f"t{seed}"
        created(world, one, time="14:00")

        async def both(one: str = one) -> object:
            from reconciler.dispatch.wake.request import WakeRequest
            from reconciler.dispatch.wake.wake import wake

            request = WakeRequest(wake=f"fc-{one}", token=one, slot="poller")
            waking = wake(world.ports("15:00"), request)
            stopping = cancel(ports(world, "15:00"), one, f"c{one}", "cancelled")
            jobs = (waking, stopping) if int(one[1:]) % 2 else (stopping, waking)
            found = await asyncio.gather(*jobs, return_exceptions=True)
            return found[1] if int(one[1:]) % 2 else found[0]

        verdict = asyncio.run(both())
        started = f"task/{one}@2026-11-20T14:00Z" in world.started()
        assert isinstance(verdict, TaskStartedError if started else SettledTask), verdict


def test_a_task_that_does_not_exist_cannot_be_cancelled(world: World) -> None:
    with pytest.raises(UnknownTaskError, match="there is no task renewal") as caught:
        cancelled(world)
    assert caught.value.remedy is not None


def test_all_creators_store_the_task_that_was_registered_first(world: World) -> None:
    created(world)
    entry = world.claims.entries[registration_key("renewal", 1)]
    assert entry["task"] == task().to_json()
    assert at("12:00").strftime("%H:%M") in entry["task"]["created"]
