"""What git did not change: shown apart from changes, and repaired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.generation import CRONLESS, Slot, new_generation
from reconciler.plan import Actual, Lost, Touch, make_plan
from tests.plan.scenario import NOW, applied, desired, hourly, told

AB = hourly("a", "b")
LOST = Lost(since=NOW, begun={"a": NOW, "b": NOW})
"""What is known of them once their generation cannot be read."""


def plan_on(actual: Actual) -> tuple[list[tuple[str, str, str]], list[str]]:
    """The drift of what is live against git, which did not change; and its reasons."""
    plan = make_plan(desired(AB), actual, NOW + 60)
    assert plan.changes == ()
    assert plan.generation.by_name["a"].anchor == NOW
    return told(plan, drift=True), [change.reason for change in plan.drift]


def test_a_stopped_app_is_deployed_again() -> None:
    drift, reasons = plan_on(replace(applied(AB), own=None))
    assert drift == [("repair", "app", "schedule-reconciler")]
    assert reasons == ["is not deployed: it was stopped or deleted; Modal does not record by whom"]


def test_the_person_who_stopped_the_app_is_named_where_modal_says_it() -> None:
    for by, named in (("mallory", "by mallory at"), (None, "at")):
        stopped = Touch(by, "2026-11-20T15:30:00Z")
        _, reasons = plan_on(replace(applied(AB), own=None, stopped=stopped))
        assert reasons == [f"is not deployed: it was stopped {named} 2026-11-20T15:30:00Z"]


def test_the_person_who_deployed_after_the_apply_is_named_and_the_apply_itself_is_not() -> None:
    actual = applied(AB)
    assert actual.own is not None
    for at, end in (
        ("2026-11-20T15:30:00Z", "; deployed by mallory at 2026-11-20T15:30:00Z"),
        ("2026-11-20T14:59:00Z", ""),
    ):
        moved = replace(actual.own, slots=actual.own.slots[:1], deployed=Touch("mallory", at))
        _, reasons = plan_on(replace(actual, own=moved))
        assert reasons == [f"does not wake: 1 * * * * (UTC) is not deployed{end}"]


def test_a_slot_that_was_changed_removed_or_added_by_hand_is_put_right() -> None:
    actual = applied(AB)
    assert actual.own is not None
    moved = replace(actual.own, slots=(Slot("a", "59 * * * *"), Slot("c", "5 * * * *")))
    drift, reasons = plan_on(replace(actual, own=moved))
    assert drift == [("repair", "slot", "b"), ("repair", "slot", "a"), ("repair", "slot", "c")]
    assert reasons == [
        "does not wake: 1 * * * * (UTC) is not deployed",
        "wakes at 59 * * * * (UTC), applied was 0 * * * * (UTC)",
        "wakes at 5 * * * * (UTC) and was not applied",
    ]


def test_a_record_edited_or_removed_by_hand_is_repaired() -> None:
    actual = applied(AB)
    assert actual.live is not None
    a, _b = actual.live.records
    edited = new_generation([replace(a, function="other")], actual.live.slots, 300)
    damage = "was edited by hand: its content does not match its name, so no schedule runs"
    drift, reasons = plan_on(replace(actual, live=edited, live_damage=damage, lost=LOST))
    assert [kind for _, kind, _ in drift] == ["generation", "schedule", "schedule"]
    assert reasons == [
        damage,
        "does not run: its record is gone",
        "runs otherwise than applied: function sync → other",
    ]


def test_an_edited_file_says_when_it_was_written() -> None:
    written = "2026-11-20T15:30:00Z"
    actual = replace(applied(AB), live_damage="was edited", live_written=written, lost=LOST)
    _, reasons = plan_on(actual)
    assert reasons == ["was edited; written at 2026-11-20T15:30:00Z; Modal does not record by whom"]


def test_a_generation_that_is_gone_is_written_again() -> None:
    drift, _ = plan_on_lost(replace(applied(AB), live=None, live_damage="was removed", lost=LOST))
    assert [kind for _, kind, _ in drift] == ["generation"]


def plan_on_lost(actual: Actual) -> tuple[list[tuple[str, str, str]], bool]:
    plan = make_plan(desired(AB), actual, NOW + 60)
    assert plan.changes == ()
    return told(plan, drift=True), plan.deploy


def test_a_pointer_moved_to_an_older_generation_is_moved_back() -> None:
    older, newer = applied(hourly("a")), applied(AB)
    assert older.live is not None
    moved = replace(newer, pointer=older.pointer, live=older.live, applied=newer.live)
    drift, reasons = plan_on(moved)
    assert drift == [
        ("repair", "pointer", "schedule-reconciler"),
        ("repair", "schedule", "b"),
    ]
    assert "it was moved, or an apply did not finish" in reasons[0]


def test_a_removed_pointer_is_written_again() -> None:
    whole = applied(AB)
    drift, reasons = plan_on(replace(whole, pointer=None, live=None, applied=whole.live))
    assert drift == [("repair", "pointer", "schedule-reconciler")]
    assert reasons == ["was removed: no schedule runs"]


@pytest.mark.parametrize("gone", CRONLESS)
def test_a_function_of_ours_that_is_gone_is_drift_and_deployed_again(gone: str) -> None:
    actual = applied(AB)
    assert actual.own is not None
    left = tuple(name for name in actual.own.functions if name != gone)
    plan = make_plan(desired(AB), replace(actual, own=replace(actual.own, functions=left)), NOW)
    assert [change.reason for change in plan.drift] == [f"lacks its function {gone}"]
    assert plan.deploy


def test_a_change_in_git_stays_a_change_beside_drift() -> None:
    actual = replace(applied(AB), own=None)
    plan = make_plan(desired(hourly("a", "b", "c")), actual, NOW)
    assert ("create", "schedule", "c") in told(plan)
    assert told(plan, drift=True) == [("repair", "app", "schedule-reconciler")]


def test_a_pointer_that_cannot_be_read_is_drift_of_the_pointer_with_when_it_was_written() -> None:
    damaged = replace(
        applied(AB),
        pointer=None,
        pointer_damage="is not a pointer",
        pointer_written="2026-11-20T15:30:00Z",
        live=None,
        lost=LOST,
    )
    drift, reasons = plan_on(damaged)
    assert drift == [("repair", "pointer", "schedule-reconciler")]
    assert reasons == [
        "is not a pointer; written at 2026-11-20T15:30:00Z; Modal does not record by whom"
    ]


def test_each_record_that_drifted_and_each_that_is_gone_is_listed() -> None:
    names = ("a", "b", "c", "d", "e", "f")
    actual = applied(hourly(*names))
    assert actual.live is not None
    changed = [replace(actual.live.by_name[name], function="other") for name in ("a", "b")]
    new = [replace(actual.live.by_name["e"], name=name) for name in ("x", "y")]
    kept = [actual.live.by_name[name] for name in ("e", "f")]
    edited = new_generation([*changed, *kept, *new], actual.live.slots, 300)
    moved = replace(actual, live=edited, applied=actual.live)
    plan = make_plan(desired(hourly(*names)), moved, NOW + 60)
    assert [(change.name, change.reason.split(":")[0]) for change in plan.drift] == [
        ("c", "does not run"),
        ("d", "does not run"),
        ("a", "runs otherwise than applied"),
        ("b", "runs otherwise than applied"),
        ("x", "runs and was not applied"),
        ("y", "runs and was not applied"),
    ]


def test_each_slot_that_drifted_and_each_that_is_gone_is_listed() -> None:
    names = ("a", "b", "c", "d", "e")
    actual = applied(hourly(*names))
    assert actual.own is not None
    changed = [Slot(name, "59 * * * *") for name in ("a", "b")]
    new = [Slot(name, "5 * * * *") for name in ("x", "y")]
    slots = (*changed, Slot("e", "4 * * * *"), *new)
    moved = replace(actual, own=replace(actual.own, slots=slots))
    plan = make_plan(desired(hourly(*names)), moved, NOW + 60)
    assert [(change.name, change.reason.split(" ")[0]) for change in plan.drift] == [
        ("c", "does"),
        ("d", "does"),
        ("a", "wakes"),
        ("b", "wakes"),
        ("x", "wakes"),
        ("y", "wakes"),
    ]


HELD = "no schedule runs, since the deployed functions hold the old one (vo-1)"
COPIED = "what was on the old one is lost unless it was copied"


@pytest.mark.parametrize(
    ("volume", "lost", "reason"),
    [
        (None, LOST, f"was deleted: {HELD}; its tasks and its history are lost"),
        (
            "vo-2",
            LOST,
            f"was deleted and made again: {HELD}; its tasks and its history are lost",
        ),
        ("vo-2", None, f"was deleted and made again: {HELD}; {COPIED}"),
    ],
)
def test_a_volume_that_is_another_is_drift_and_needs_a_deploy(
    volume: str | None, lost: Lost | None, reason: str
) -> None:
    actual = replace(applied(AB), volume=volume, lost=lost)
    plan = make_plan(desired(AB), actual, NOW + 60)
    assert ("repair", "volume", "schedule-reconciler") in told(plan, drift=True)
    assert [change.reason for change in plan.drift if change.kind == "volume"] == [reason]
    assert plan.deploy


def test_with_the_volume_gone_a_pointer_that_is_missing_is_not_shown_as_well() -> None:
    gone = replace(applied(AB), volume=None, pointer=None, live=None, lost=LOST)
    assert told(make_plan(desired(AB), gone, NOW + 60), drift=True) == [
        ("repair", "volume", "schedule-reconciler")
    ]


def test_nothing_that_was_never_applied_has_drifted() -> None:
    actual = applied(AB)
    assert actual.own is not None
    fresh = replace(actual, pointer=None, live=None, own=replace(actual.own, slots=()))
    assert make_plan(desired(AB), fresh, NOW).drift == ()


def test_what_was_lost_and_is_not_in_git_is_deleted_at_its_last_known_state() -> None:
    actual = applied(hourly("a", "b"))
    lost = Lost(since=NOW, begun={"a": NOW, "b": NOW, "c": NOW})
    damaged = replace(actual, live_damage="was edited", lost=lost)
    plan = make_plan(desired(hourly("a")), damaged, NOW + 60, allow_deletes=9)
    deleted = [c for c in plan.changes if (c.action, c.kind) == ("delete", "schedule")]
    assert [(c.name, c.reason, c.before is None) for c in deleted] == [
        ("b", "is no longer in git", False),
        ("c", "is no longer in git", True),
    ]
    assert [c.name for c in plan.drift if c.kind == "schedule"] == []


def test_without_any_record_of_it_every_difference_from_what_was_lost_is_drift() -> None:
    actual = replace(applied(AB), live_damage="was edited", lost=Lost(since=NOW))
    plan = make_plan(desired(hourly("a", "b", "c")), actual, NOW + 60)
    assert plan.changes == ()
    assert ("repair", "schedule", "c") in told(plan, drift=True)
    known = replace(actual, lost=Lost(since=NOW, begun={"a": NOW}))
    assert ("create", "schedule", "c") in told(
        make_plan(desired(hourly("a", "b", "c")), known, NOW)
    )


@pytest.mark.parametrize(("deployed", "named"), [("59", False), ("00", True), ("01", True)])
def test_a_deploy_in_the_second_of_the_apply_or_later_is_not_ours(
    deployed: str, named: bool
) -> None:
    actual = applied(AB)
    assert actual.own is not None
    hour = "14:59" if deployed == "59" else "15:00"
    touch = Touch("mallory", f"2026-11-20T{hour}:{deployed}Z")
    moved = replace(actual.own, slots=actual.own.slots[:1], deployed=touch)
    _, (reason,) = plan_on(replace(actual, own=moved))
    assert reason.endswith(f"; deployed {touch}") is named
    _, reasons = plan_on(replace(actual, own=moved, pointer=None, applied=actual.live))
    assert not any("deployed by" in reason for reason in reasons)


def test_a_slot_that_git_does_not_need_is_not_called_unapplied_when_that_is_lost() -> None:
    actual = applied(AB)
    assert actual.own is not None
    extra = Slot("old", "7 * * * *")
    own = replace(actual.own, slots=(*actual.own.slots, extra))
    gone = replace(actual, own=own, volume=None, pointer=None, live=None, lost=LOST)
    _drift, reasons = plan_on(gone)
    assert not [reason for reason in reasons if "not applied" in reason or "applied was" in reason]
    assert any("and git needs no such slot" in reason for reason in reasons)
