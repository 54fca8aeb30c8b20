"""One wrong clock, of an apply or of a wake, silences no schedule beyond the next apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cron import minute
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.stored_generation import decode_generation
from reconciler.plan import Plan
from tests.deploy.scenario import World
from tests.plan.scenario import schedules

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOURLY = 'name: hourly\nschedule: "30 * * * *"'
MOVED = 'name: hourly\nschedule: "45 * * * *"'
OTHER = 'name: other\nschedule: "0 6 * * *"'


def world(skew: timedelta, *manifests: str) -> World:
    """A world in which these were applied at noon, on a machine whose clock is that far ahead."""
    found = World()
    found.clock.time = NOON + skew
    found.files.now = f"{NOON:%Y-%m-%dT%H:%M:%SZ}"  # Modal's own clock is right
    found.apply(schedules("\n---\n".join(manifests)))
    found.clock.time = NOON
    return found


def at(found: World, **later: float) -> World:
    found.clock.time = NOON + timedelta(**later)
    found.files.now = f"{found.clock.time:%Y-%m-%dT%H:%M:%SZ}"
    return found


def anchors(found: World) -> dict[str, str]:
    live = decode_pointer(found.files.files[POINTER_PATH]).generation
    path = f"generations/{live}.jsonl"
    records = decode_generation(found.files.files[path], path).records
    return {one.name: f"{datetime.fromtimestamp(one.anchor * 60, UTC):%dT%H:%M}" for one in records}


def repairs(plan: Plan) -> list[str]:
    return [f"{c.action} {c.name} {c.file}:{c.line} {c.reason}" for c in plan.drift]


def test_an_anchor_that_is_ahead_is_reset_by_the_next_apply_which_names_what_was_not_run() -> None:
    found = world(timedelta(days=2), HOURLY)
    assert anchors(found) == {"hourly": "22T12:00"}
    plan = at(found, hours=3).plan(schedules(HOURLY))
    assert repairs(plan) == [
        (
            "repair hourly schedules/all.yaml:1 its anchor 2026-11-22T12:00Z is 1d21h ahead: "
            "begins now; since 2026-11-20T12:00Z 3 occurrences not run: "
            "2026-11-20T12:30Z, 2026-11-20T13:30Z, 2026-11-20T14:30Z"
        )
    ]
    assert not plan.changes
    assert [effect.given_up for effect in plan.effects] == [
        tuple(minute(NOON) + shift for shift in (30, 90, 150))
    ]
    assert any(
        "is up to 1d21h ahead of this machine's clock" in one.message for one in plan.warnings
    )
    found.carry_out(plan)
    assert anchors(found) == {"hourly": "20T15:00"}
    after = found.plan(schedules(HOURLY))
    assert after.empty
    assert after.warnings == ()


def test_a_later_edit_from_a_correct_machine_begins_at_once_though_others_are_ahead() -> None:
    found = world(timedelta(days=2), HOURLY, OTHER)
    plan = at(found, hours=1).plan(schedules(f"{MOVED}\n---\n{OTHER}"))
    assert [one.split(":")[0] for one in repairs(plan)] == ["repair other schedules/all.yaml"]
    found.carry_out(plan)
    assert anchors(found) == {"hourly": "20T13:00", "other": "20T13:00"}
    changed = next(effect for effect in plan.effects if effect.name == "hourly")
    assert changed.given_up == (minute(NOON) + 30,)


def test_ten_minutes_ahead_are_nothing_to_repair() -> None:
    found = world(timedelta(minutes=10), HOURLY)
    plan = found.plan(schedules(HOURLY))
    assert plan.empty
    assert plan.warnings == ()


def test_a_machine_whose_clock_is_behind_lets_nothing_begin_later_than_its_own_time() -> None:
    found = world(timedelta(0), OTHER)
    found.clock.time = NOON - timedelta(days=3)
    found.apply(schedules(f"{OTHER}\n---\n{HOURLY}"))
    # It takes the anchors of the right machine to be ahead, and its own time to be now.
    assert anchors(found) == {"hourly": "17T12:00", "other": "17T12:00"}
    assert at(found, hours=1).plan(schedules(f"{OTHER}\n---\n{HOURLY}")).empty


@pytest.mark.parametrize(("minutes", "kept"), [(10, True), (11, False)])
def test_a_cursor_that_is_no_more_than_ten_minutes_ahead_is_left_alone(
    minutes: int, kept: bool
) -> None:
    found = world(timedelta(0), HOURLY)
    entry = Cursor(through=minute(NOON) + minutes, generation="x", number=1).to_json()
    found.claims.entries[CURSOR_KEY] = entry
    found.apply(schedules(MOVED))
    assert (found.claims.entries[CURSOR_KEY] == entry) is kept


@pytest.mark.parametrize(("ahead", "left"), [(48, "-24h"), (200, "+80h")])
def test_a_cursor_that_is_ahead_is_warned_of_and_set_back_by_the_next_apply(
    ahead: int, left: str
) -> None:
    found = world(timedelta(0), HOURLY)
    now = minute(NOON)
    entry = Cursor(through=now + ahead * 60, generation="x", number=1).to_json()
    found.claims.entries[CURSOR_KEY] = entry
    plan = found.plan(schedules(HOURLY))
    assert [one.message.startswith("the cursor ") for one in plan.warnings] == [True]
    assert plan.empty, "the next wake sets it back"
    found.apply(schedules(MOVED))
    set_back = Cursor.from_json(found.claims.entries[CURSOR_KEY])
    assert set_back.through is not None
    assert f"{(set_back.through - now) // 60:+}h" == left
    assert set_back.reached == now + ahead * 60


def test_a_cursor_of_this_minute_is_left_alone_by_an_apply() -> None:
    found = world(timedelta(0), HOURLY)
    entry = Cursor(through=minute(NOON) + 10, generation="x", number=1).to_json()
    found.claims.entries[CURSOR_KEY] = entry
    assert found.plan(schedules(MOVED)).warnings == ()
    found.apply(schedules(MOVED))
    assert found.claims.entries[CURSOR_KEY] == entry
