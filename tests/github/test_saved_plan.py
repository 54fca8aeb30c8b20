"""The reviewed plan is the applied plan: exactly it, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Actual, Desired, Plan, make_plan
from reconciler.render.saved_plan import OtherPlanError, SavedPlan
from tests.plan.scenario import NOW, applied, desired, hourly, nothing

AB = desired(hourly("a", "b"))


def plan_of(given: Desired = AB, actual: Actual | None = None, now: int = NOW) -> Plan:
    return make_plan(given, nothing() if actual is None else actual, now)


def saved(plan: Plan) -> SavedPlan:
    return SavedPlan.decode(SavedPlan.of(plan).encode().encode(), "plan.json")


def refusal(now: Plan, of: Plan | None = None) -> str:
    with pytest.raises(OtherPlanError) as caught:
        saved(plan_of() if of is None else of).require_same(now, "plan.json")
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_the_same_plan_is_accepted_also_some_time_later() -> None:
    saved(plan_of()).require_same(plan_of(now=NOW + 600), "plan.json")


def test_a_plan_on_another_state_is_stale() -> None:
    assert refusal(plan_of(actual=applied(hourly("x")))).startswith(
        "plan.json: it is stale: what is live changed after it was made"
    )


def test_how_many_deletions_are_allowed_is_no_part_of_what_is_saved() -> None:
    live = applied(hourly("a", "b", "c", "d", "e", "f"))
    refused, allowed = (make_plan(AB, live, NOW, allow_deletes=number) for number in (0, 4))
    assert refused.refusals
    assert not allowed.refusals
    assert SavedPlan.of(refused).encode() == SavedPlan.of(allowed).encode()


def test_a_plan_of_another_commit_is_refused() -> None:
    assert f"this is commit {'d' * 40}" in refusal(plan_of(replace(AB, commit="d" * 40)))


def test_a_plan_is_refused_where_the_work_tree_is_dirty() -> None:
    assert "with uncommitted changes" in refusal(plan_of(replace(AB, dirty=True)))


def test_a_plan_of_other_manifests_is_refused() -> None:
    assert "other manifests" in refusal(plan_of(desired(hourly("a", "c"))))


def test_a_plan_for_another_environment_is_refused_with_the_way_past() -> None:
    text = refusal(plan_of(desired(hourly("a", "b"), name="staging")))
    assert "it is a plan for production (app schedule-reconciler), and this is staging" in text
    assert "Pass --env production" in text


def test_a_plan_that_another_version_makes_otherwise_is_refused() -> None:
    assert "another version of schedule-reconciler made the file" in refusal(
        plan_of(replace(AB, dispatcher="2.0"))
    )


def edited(**changes: Any) -> bytes:
    data: dict[str, Any] = json.loads(SavedPlan.of(plan_of()).encode())
    return json.dumps({**data, **changes}).encode()


def forged(data: dict[str, Any]) -> bytes:
    """A file of somebody who knows how the checksum is made."""
    body = {key: value for key, value in data.items() if key != "sha256"}
    checksum = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return json.dumps({**body, "sha256": checksum}).encode()


def test_an_edited_file_is_refused() -> None:
    with pytest.raises(OtherPlanError, match="was changed after it was saved"):
        SavedPlan.decode(edited(commit="d" * 40), "plan.json")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where everything in a JSON value is, the containers included."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def another(value: Any) -> Any:
    """A value of the same type that says something else."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case None:
            return "x"
        case list():
            return [*value, value[0] if value else "x"]
        case dict():
            return {**value, "added": 6}
        case _:
            return None


def many_changes() -> Plan:
    """A plan with every kind of change, drift included."""
    live = replace(applied(hourly("a", "b", "gone")), live=plan_of(desired(hourly("a"))).generation)
    return plan_of(desired(hourly("b", "a", "new")), live)


def test_a_file_with_any_field_changed_is_refused_although_its_checksum_fits() -> None:
    plan = many_changes()
    assert plan.changes
    assert plan.drift
    original = json.loads(SavedPlan.of(plan).encode())
    every = [path for path in places(original) if path != ("sha256",)]
    assert len(every) > 100
    for path in every:
        for change in ("edit", "remove"):
            data = json.loads(json.dumps(original))
            holder = data
            for part in path[:-1]:
                holder = holder[part]
            if change == "edit":
                holder[path[-1]] = another(holder[path[-1]])
            else:
                del holder[path[-1]]
            with pytest.raises(ReconcileError) as caught:
                SavedPlan.decode(forged(data), "plan.json").require_same(plan, "plan.json")
            assert isinstance(caught.value, OtherPlanError) or path == ("format",), path


def test_a_file_that_allows_deletions_is_refused() -> None:
    forgery = SavedPlan.decode(forged(json.loads(edited(allow_deletes=6))), "plan.json")
    with pytest.raises(OtherPlanError, match="or it was changed after it was saved"):
        forgery.require_same(plan_of(), "plan.json")


def test_a_file_of_an_older_version_is_refused_by_name() -> None:
    with pytest.raises(OtherPlanError) as caught:
        SavedPlan.decode(edited(format=1), "plan.json")
    assert str(caught.value) == (
        "plan.json: an older version of schedule-reconciler wrote it, in format 1, which is no "
        "longer applied\n  Plan again with --out, have that reviewed, and apply it."
    )


def test_a_file_of_a_newer_version_is_refused() -> None:
    with pytest.raises(OtherPlanError, match="written in format 3, and this version reads"):
        SavedPlan.decode(edited(format=3), "plan.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format": 1}'])
def test_what_is_no_saved_plan_is_an_error(content: bytes) -> None:
    with pytest.raises(ReconcileError, match="is not a saved plan"):
        SavedPlan.decode(content, "plan.json")


def test_a_plan_of_uncommitted_changes_cannot_be_saved() -> None:
    with pytest.raises(RefusedError, match="a plan of uncommitted changes cannot be saved"):
        SavedPlan.of(plan_of(replace(AB, dirty=True)))
