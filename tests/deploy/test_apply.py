"""Apply: converges from wherever it was interrupted, and never does what it must not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.deploy.apply import (
    OCCASIONAL,
    NotConvergedError,
    StalePlanError,
    Step,
    prepare,
)
from reconciler.deploy.lease import LeaseHeldError, LeaseLostError
from reconciler.deploy.ports import DeployedApp
from reconciler.model.applied import Applied, applied_path
from reconciler.model.pointer import Pointer, decode_pointer
from reconciler.plan import Plan
from reconciler.plan.ancestry import Ancestry, Relation
from tests.deploy.scenario import World
from tests.plan.scenario import desired, hourly, schedules

AB, BC, ABC = hourly("a", "b"), hourly("b", "c"), hourly("a", "b", "c")
names = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


class Killed(BaseException):
    """The process is gone."""


def killed_at(step: Step) -> Callable[[Step], None]:
    def on_step(reached: Step) -> None:
        if reached is step:
            raise Killed

    return on_step


def test_after_an_apply_a_new_plan_is_empty() -> None:
    world = World()
    world.apply(AB)
    assert world.plan(AB).empty
    world.apply(BC)
    assert world.plan(BC).empty


def test_the_pointer_says_what_was_applied_by_whom_and_what_was_before() -> None:
    world = World()
    first = world.apply(AB)
    world.apply(BC)
    pointer = decode_pointer(world.files.files["current.json"])
    assert (pointer.by, pointer.commit) == ("somebody", "c" * 40)
    assert pointer.previous == first.generation.digest


def test_an_apply_with_nothing_to_do_touches_nothing() -> None:
    world = World()
    world.apply(AB)
    files, claims = dict(world.files.files), dict(world.claims.entries)
    world.apply(AB)
    assert (world.files.files, world.claims.entries) == (files, claims)


STEPS = [step for step in Step if step not in OCCASIONAL]
"""Those that every apply takes."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [(), AB])
def test_an_apply_killed_before_any_step_converges_when_it_is_run_again(
    step: Step, before: tuple[object, ...]
) -> None:
    world = World()
    if before:
        world.apply(AB)
        world.later(minutes=5)
    with pytest.raises(Killed):
        world.apply(BC, killed_at(step))
    world.later(minutes=15)
    world.apply(BC)
    assert world.plan(BC).empty


@pytest.mark.parametrize("step", STEPS)
def test_a_schedule_that_an_interrupted_apply_made_live_keeps_its_beginning(step: Step) -> None:
    world = World()
    world.apply(AB)
    world.later(minutes=5)
    with pytest.raises(Killed):
        world.apply(ABC, killed_at(step))
    live = world.plan(ABC).actual.live
    assert live is not None
    began = {record.name: record.anchor for record in live.records}
    world.later(minutes=60)
    again = world.apply(ABC)
    for record in again.generation.records:
        assert record.anchor == began.get(record.name, record.anchor)


def test_a_killed_apply_holds_no_lease_when_it_could_still_give_it_back() -> None:
    world = World()
    with pytest.raises(Killed):
        world.apply(AB, killed_at(Step.DEPLOY))
    world.apply(AB)
    assert world.plan(AB).empty


def test_a_plan_made_on_another_state_is_stale_and_changes_nothing() -> None:
    world = World()
    plan = world.plan(AB)
    world.apply(hourly("x"))
    files = dict(world.files.files)
    with pytest.raises(StalePlanError, match="what is live changed after this plan was made"):
        world.carry_out(plan)
    assert world.files.files == files


def test_of_two_applies_at_once_the_second_names_the_holder_of_the_lease() -> None:
    world = World()

    def second(step: Step) -> None:
        if step is Step.DEPLOY:
            with pytest.raises(LeaseHeldError) as caught:
                apply_elsewhere(world)
            assert "somebody is applying since 2026-11-20T15:00:00Z (lease 1)" in str(caught.value)
            assert "reconcile unlock 1" in str(caught.value)

    world.apply(AB, second)
    assert world.plan(AB).empty


@pytest.mark.parametrize("step", [*STEPS[1:]])
def test_an_apply_that_outlives_its_lease_never_overwrites_a_newer_one(step: Step) -> None:
    world = World()

    def sleep_meanwhile(reached: Step) -> None:
        if reached is step:
            world.later(minutes=11)
            apply_elsewhere(world)

    with pytest.raises(LeaseLostError, match="taken over while this apply was under way"):
        world.apply(AB, sleep_meanwhile)
    plan = world.plan(BC)
    assert plan.empty
    assert plan.actual.pointer is not None
    assert plan.actual.pointer.generation == plan.generation.digest


def test_an_apply_that_slept_while_no_other_came_goes_on_under_a_lease_of_its_own() -> None:
    world = World()
    world.apply(AB, lambda step: world.later(minutes=11) if step is Step.FLIP_POINTER else None)
    assert world.plan(AB).empty
    assert {"lease/1", "lease/2"} <= world.claims.entries.keys()


def test_a_record_says_of_an_unchanged_schedule_which_apply_made_it_and_what_was_deployed() -> None:
    world = World()
    world.apply(AB)
    first = record_of(world)
    world.later(minutes=5)
    world.apply(ABC)
    second = record_of(world)
    assert second.origins["a"] == first.origins["a"]
    assert second.origins["c"].at == second.pointer.at != first.pointer.at
    (own,) = (app for app in world.apps.apps if app.name == world.apps.name)
    assert second.app == own.id


def test_a_changed_schedule_is_of_the_apply_that_changed_it_and_a_repaired_one_is_not() -> None:
    world = World()
    live = world.apply(AB).generation
    first = record_of(world)
    path = f"generations/{live.digest}.jsonl"
    world.files.files[path] = live.encoded.replace(b"sync", b"evil")
    world.later(minutes=5)
    assert {change.name for change in world.apply(AB).drift} >= {"a", "b"}
    assert record_of(world).origins == first.origins
    world.later(minutes=5)
    a, b = AB
    world.apply((replace(a, description="as before"), b))
    last = record_of(world)
    assert last.origins == {**first.origins, "a": replace(first.origins["a"], at=last.pointer.at)}


def test_the_record_of_an_apply_that_deploys_nothing_names_the_app_that_stays() -> None:
    world = World()
    text = 'name: a\nschedule: "0 * * * *"\ndescription: '
    world.apply(schedules(f"{text}one"))
    app = record_of(world).app
    world.later(minutes=5)
    assert not world.apply(schedules(f"{text}two")).deploy
    assert record_of(world).app == app is not None


def record_of(world: World) -> Applied:
    """The record of the apply that made live what is."""
    pointer = decode_pointer(world.files.files["current.json"])
    return Applied.decode(world.files.files[applied_path(pointer)], "record")


def apply_elsewhere(world: World) -> None:
    """Apply from another thread: an event loop is already running in this one."""
    with ThreadPoolExecutor(1) as other:
        other.submit(world.apply, BC).result()


def test_a_person_who_stops_the_app_in_the_middle_is_noticed_at_the_end() -> None:
    world = World()

    def stop(step: Step) -> None:
        if step is Step.VERIFY:
            world.apps.apps = [app for app in world.apps.apps if app.name == "shop"]

    with pytest.raises(NotConvergedError, match="1 differences are left: app schedule-reconciler"):
        world.apply(AB, stop)


def test_a_pointer_moved_by_hand_is_moved_back() -> None:
    world = World()
    world.apply(AB)
    older = world.files.files["current.json"]
    world.apply(BC)
    world.files.files["current.json"] = older
    plan = world.apply(BC)
    assert plan.changes == ()
    assert world.plan(BC).empty


def test_an_edited_or_removed_generation_is_repaired() -> None:
    world = World()
    live = world.apply(AB).generation
    for content in (b"garbage", live.encoded.replace(b"sync", b"evil"), None):
        path = f"generations/{live.digest}.jsonl"
        if content is None:
            del world.files.files[path]
        else:
            world.files.files[path] = content
        plan = world.apply(AB)
        assert plan.drift
        assert world.plan(AB).empty
        live = plan.generation


@settings(max_examples=40)
@given(st.lists(st.tuples(names, st.sampled_from([None, *Step])), min_size=1, max_size=5))
def test_whatever_is_applied_and_wherever_it_is_killed_the_last_apply_converges_within_the_budget(
    history: list[tuple[list[str], Step | None]],
) -> None:
    world = World()
    world.hold_elsewhere(2)
    theirs = [app for app in world.apps.apps if app.name in {"shop", "theirs"}]
    for chosen, step in history:
        given_now = hourly(*sorted(chosen)) if chosen else ()
        world.later(minutes=20)
        with suppress(Killed):
            world.apply(given_now, killed_at(step) if step else lambda _: None, deletes=_ALLOW)
        assert _crons(world.apps.apps) <= world.apps.limit
        assert [app for app in world.apps.apps if app.name in {"shop", "theirs"}] == theirs
    world.later(minutes=20)
    final = hourly(*sorted(history[-1][0])) if history[-1][0] else ()
    world.apply(final, deletes=_ALLOW)
    assert world.plan(final).empty


_ALLOW = replace(World().plan(AB).desired.settings.deletes, percent=100, least=100)


def _crons(apps: list[DeployedApp]) -> int:
    return sum(function.schedule is not None for app in apps for function in app.functions)


def test_a_secret_that_goes_away_holds_up_no_plan_that_does_not_deploy() -> None:
    world = World()
    world.apps.secrets["pings"] = {"NIGHTLY"}
    text = "name: a\nschedule: 1d\nping: {secret: pings, key: NIGHTLY}"
    world.apply(schedules(text))
    world.apps.secrets.clear()
    world.apply(schedules(f"{text}\ndescription: the same"))


def test_how_the_commit_stands_is_asked_of_what_is_live_alone() -> None:
    world = World()
    asked: list[str | None] = []

    def ancestry(pointer: Pointer) -> Ancestry:
        asked.append(pointer.commit)
        return Ancestry(Relation.OLDER, "a" * 40, pointer.commit)

    def planned() -> Plan:
        return asyncio.run(prepare(world.workspace, desired(AB), ancestry=ancestry))

    assert planned().ancestry is None
    world.apply(AB)
    plan = planned()
    assert plan.ancestry is not None
    assert plan.ancestry.relation is Relation.OLDER
    assert asked == ["c" * 40]


def test_secrets_are_asked_for_when_the_app_is_deployed_alone() -> None:
    world = World()
    world.apply(AB)
    asked: list[object] = []

    async def require_secrets(secrets: object) -> None:
        asked.append(secrets)

    world.apps.require_secrets = require_secrets  # type: ignore[method-assign]  # a spy
    world.plan(AB)
    assert asked == []
    world.plan(ABC)
    assert len(asked) == 1


def test_a_pointer_says_what_was_live_and_which_commit_was_rolled_back() -> None:
    world = World()
    first = world.apply(AB)
    git = replace(desired(ABC), head="d" * 40, author="Ada", commit="e" * 40, dirty=True)
    world.carry_out(asyncio.run(prepare(world.workspace, git)))
    pointer = decode_pointer(world.files.files["current.json"])
    assert pointer.previous == first.generation.digest
    assert (pointer.rolled_back_from, pointer.author) == ("d" * 40, "Ada")
    assert (pointer.commit, pointer.dirty, pointer.number) == ("e" * 40, True, 2)


@pytest.mark.parametrize(
    ("seconds", "at"),
    [
        (0, "15:00:01"),
        (1, "15:00:01"),
        (-1, "15:00:01"),
        (-58, "15:00:01"),
        (-59, "14:59:01"),
        (-3600, "14:00:00"),
    ],
)
def test_an_apply_is_later_than_the_one_before_unless_its_clock_is_a_minute_behind(
    seconds: int, at: str
) -> None:
    world = World()
    world.apply(AB)
    world.later(seconds=seconds)
    world.apply(ABC)
    assert decode_pointer(world.files.files["current.json"]).at == f"2026-11-20T{at}Z"


def test_differences_that_are_left_are_counted_and_the_first_five_are_named() -> None:
    world = World()
    seven = hourly(*"abcdefg")

    def lose(step: Step) -> None:
        if step is Step.VERIFY:
            own = next(app for app in world.apps.apps if app.name == world.apps.name)
            others = [app for app in world.apps.apps if app is not own]
            world.apps.apps = [*others, replace(own, functions=own.functions[len(seven) :])]

    world.apps.limit = 9
    with pytest.raises(NotConvergedError) as caught:
        world.apply(seven, lose, crons=None)
    assert caught.value.what == (
        "after the apply, 7 differences are left: slot a, slot b, slot c, slot d, slot e"
    )


def test_a_damaged_record_of_the_apply_before_is_passed_over() -> None:
    world = World()
    world.apply(AB)
    path = applied_path(decode_pointer(world.files.files["current.json"]))
    world.files.files[path] = b"garbage"
    world.later(minutes=5)
    world.apply(ABC)
    assert set(record_of(world).origins) == {"a", "b", "c"}
    assert {origin.at for origin in record_of(world).origins.values()} == {"2026-11-20T15:05:00Z"}


def test_what_was_protected_stays_known_until_the_apply_is_finished() -> None:
    world = World()
    a, b = AB
    world.apply((replace(a, protect=True), b))
    kept: list[object] = []

    def look(step: Step) -> None:
        if step in (Step.SET_TAGS, Step.VERIFY):
            kept.append(world.claims.entries["protected"]["names"])

    world.apply((a, replace(b, protect=True)), look)
    assert kept == [["a", "b"], ["b"]]
