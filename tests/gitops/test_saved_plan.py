"""The reviewed plan is the applied plan: exactly it, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Actual, Desired, Plan, make_plan
from reconciler.report.saved_plan import OtherPlanError, SavedPlan
from tests.plan.scenario import NOW, applied, desired, hourly, nothing

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
AB = desired(hourly("a", "b"))


def plan_of(given: Desired = AB, actual: Actual | None = None, now: int = NOW) -> Plan:
    return make_plan(given, nothing() if actual is None else actual, now)


def saved(plan: Plan) -> SavedPlan:
    encoded = SavedPlan.of(plan, 0, AT).encode().encode()
    return SavedPlan.decode(encoded, "plan.json")


def refusal(now: Plan, of: Plan | None = None) -> str:
    with pytest.raises(OtherPlanError) as caught:
        saved(plan_of() if of is None else of).require_same(now, "plan.json")
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_the_same_plan_is_accepted_also_some_time_later() -> None:
    saved(plan_of()).require_same(plan_of(now=NOW + 600), "plan.json")


def test_a_plan_on_another_state_is_stale() -> None:
    assert refusal(plan_of(actual=applied(hourly("x")))).startswith(
        "plan.json: it is stale: what is live changed after it was made at 2026-11-20T15:00:00+00"
    )


def test_a_plan_of_another_commit_is_refused() -> None:
    assert f"this is commit {'d' * 40}" in refusal(plan_of(replace(AB, commit="d" * 40)))


def test_a_plan_is_refused_where_the_work_tree_is_dirty() -> None:
    assert "with uncommitted changes" in refusal(plan_of(replace(AB, dirty=True)))


def test_a_plan_of_other_manifests_is_refused() -> None:
    assert "other manifests" in refusal(plan_of(desired(hourly("a", "c"))))


def test_a_plan_for_another_environment_is_refused_with_the_way_past() -> None:
    text = refusal(plan_of(desired(hourly("a", "b"), name="staging")))
    assert "it is a plan for production (app schedule-reconciler), and this is staging" in text
    assert "Say --env production" in text


def test_a_plan_that_another_version_makes_otherwise_is_refused() -> None:
    assert "another version of schedule-reconciler made it" in refusal(
        plan_of(replace(AB, dispatcher="2.0"))
    )


def edited(**changes: Any) -> bytes:
    data: dict[str, Any] = json.loads(SavedPlan.of(plan_of(), 0, AT).encode())
    return json.dumps({**data, **changes}).encode()


def forged(**changes: Any) -> bytes:
    """Edited by somebody who knows how the checksum is made."""
    data = json.loads(edited(**changes))
    del data["sha256"]
    checksum = sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    return json.dumps({**data, "sha256": checksum}).encode()


def test_an_edited_file_is_refused() -> None:
    with pytest.raises(OtherPlanError, match="was changed after it was saved"):
        SavedPlan.decode(edited(allow_deletes=99), "plan.json")


def test_a_forged_generation_is_refused_although_its_checksum_fits() -> None:
    other = plan_of(desired(hourly("evil"))).generation.encoded.decode()
    forgery = SavedPlan.decode(forged(generation=other), "plan.json")
    with pytest.raises(OtherPlanError, match="was changed after it was saved"):
        forgery.require_same(plan_of(), "plan.json")


def test_a_file_of_a_newer_version_is_refused() -> None:
    with pytest.raises(OtherPlanError, match="written in format 2, and this version reads"):
        SavedPlan.decode(edited(format=2), "plan.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format": 1}'])
def test_what_is_no_saved_plan_is_an_error(content: bytes) -> None:
    with pytest.raises(ReconcileError, match="is not a saved plan"):
        SavedPlan.decode(content, "plan.json")


def test_a_plan_of_uncommitted_changes_cannot_be_saved() -> None:
    with pytest.raises(RefusedError, match="a plan of uncommitted changes cannot be saved"):
        SavedPlan.of(plan_of(replace(AB, dirty=True)), 0, AT)
