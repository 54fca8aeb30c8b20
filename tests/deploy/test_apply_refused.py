"""Applies that are refused, and what they leave as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.deploy.apply import (
    MissingTargetError,
    RefusedPlanError,
    Step,
)
from reconciler.deploy.ports import CronLimitError, MissingSecretError
from reconciler.errors import RefusedError
from tests.deploy.scenario import World
from tests.plan.scenario import hourly, schedules

AB = hourly("a", "b")


def test_a_refused_sixth_cron_leaves_everything_live_and_names_the_holders() -> None:
    world = World()
    world.apply(AB, crons=5)
    live = world.files.files["current.json"]
    world.hold_elsewhere(4)
    five = hourly("a", "b", "c", "d", "e")
    with pytest.raises(CronLimitError) as caught:
        world.apply(five, crons=None)
    assert caught.value.exit_code == 3
    assert "Modal refused the deploy: reached limit of 5 cron jobs" in str(caught.value)
    assert "theirs/tick0  0 * * * * (UTC)  in main" in str(caught.value)
    assert world.files.files["current.json"] == live
    assert [app.name for app in world.apps.apps if app.name != "theirs"]


def test_a_workspace_that_others_fill_still_lets_us_shrink() -> None:
    world = World()
    world.apply(hourly("a", "b", "c", "d", "e"))
    world.apps.limit = 9
    world.hold_elsewhere(4)
    plan = world.apply(hourly("a", "b", "c", "d", "e"))
    assert len(plan.slots) == 1
    assert world.plan(hourly("a", "b", "c", "d", "e")).empty


def test_a_missing_function_stops_the_apply_before_anything_is_done() -> None:
    world = World()
    with pytest.raises(MissingTargetError) as caught:
        world.apply(schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/snyc'))
    assert str(caught.value).startswith(
        "schedules/all.yaml:3:11: a: there is no deployed function shop/snyc\n  did you mean"
    )
    assert world.files.files == {}


def test_a_refused_plan_is_not_applied() -> None:
    world = World()
    ten = hourly(*(f"s{number}" for number in range(10)))
    world.apply(ten)
    with pytest.raises(RefusedPlanError) as caught:
        world.apply(ten[:2])
    assert isinstance(caught.value, RefusedError)
    assert "--allow-deletes 8" in str(caught.value)


def test_each_of_several_refusals_is_followed_by_its_way_past() -> None:
    world = World()
    *five, last = hourly("a", "b", "c", "d", "e", "kept")
    world.apply((*five, replace(last, protect=True)))
    with pytest.raises(RefusedPlanError) as caught:
        world.apply(hourly("a"))
    assert str(caught.value).splitlines() == [
        "kept is protected and its manifest is gone",
        "  restore the manifest; to delete it, apply it once with `protect: false`, then delete",
        "5 of 6 schedules would be deleted, more than 3 (30 %, at least 3)",
        "  if that is intended, pass --allow-deletes 5",
    ]


def test_a_secret_that_is_not_there_stops_the_plan_and_says_how_to_make_it() -> None:
    world = World()
    given = schedules("name: a\nschedule: 1d\nping: {secret: pings, key: NIGHTLY}")
    with pytest.raises(MissingSecretError) as caught:
        world.plan(given)
    assert str(caught.value) == (
        "there is no Modal Secret pings with the key NIGHTLY in environment production, and "
        "`alerts` or `ping` name it\n"
        "  Make it, or add what it lacks: modal secret create pings NIGHTLY=… --env production\n"
        "  For --env local put `reconcile engine exec` before that."
    )
    world.apps.secrets["pings"] = {"NIGHTLY", "OTHER"}
    world.apply(given)
    assert world.plan(given).empty


def test_of_several_missing_functions_the_first_is_explained_and_the_others_counted() -> None:
    text = 'name: {}\nschedule: "0 * * * *"\nfunction: shop/snyc'
    for names, more in (
        ("a", ""),
        ("ab", "; 1 more call functions that are not deployed"),
        ("abc", "; 2 more call functions that are not deployed"),
    ):
        with pytest.raises(MissingTargetError) as caught:
            World().apply(schedules("\n---\n".join(text.format(name) for name in names)))
        assert caught.value.what == f"a: there is no deployed function shop/snyc{more}"


def test_a_refusal_names_who_holds_the_crons_now_or_else_who_held_them() -> None:
    world = World()
    with pytest.raises(CronLimitError) as caught:
        world.apply(AB, lambda step: world.hold_elsewhere(4) if step is Step.DEPLOY else None)
    assert "This plan needs 2 crons; others hold 4:" in caught.value.what
    assert "theirs/tick3  0 * * * * (UTC)  in main" in caught.value.what

    world = World()
    world.hold_elsewhere(1)
    world.apps.limit = 1

    def go(step: Step) -> None:
        if step is Step.DEPLOY:
            world.apps.apps = [app for app in world.apps.apps if app.name == "shop"]

    with pytest.raises(CronLimitError, match="others hold 1"):
        world.apply(AB, go)


def test_where_no_holder_of_a_cron_is_known_none_is_named() -> None:
    world = World()
    world.apps.limit = 1
    with pytest.raises(CronLimitError) as caught:
        world.apply(AB)
    assert caught.value.what.endswith("This plan needs 2 crons; others hold 0")
