"""Slots that an earlier version deployed in zones of their own become slots in UTC.

The stored generations were written by that version and are never written again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.dispatch.decide.due import find_due
from reconciler.manifest import Packing
from reconciler.model.cursor import Lookback
from reconciler.model.generation import CRONLESS
from reconciler.model.pointer import Pointer
from reconciler.model.stored_generation import decode_generation, open_generation
from reconciler.plan import Action, Actual, Kind, OwnApp, Plan, make_plan
from reconciler.plan.tags import own_tags
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style
from tests.plan.scenario import DISPATCHER, NOW, OWNER, TARGETS, after, desired, foreign, schedules

GOLDEN = Path(__file__).parent / "golden"
SCHEDULES = schedules(
    """
    name: vancouver-morning
    schedule: "0 9 * * *"
    timezone: America/Vancouver
    deadline: 6h
    ---
    name: berlin-early
    schedule: "0 6 * * *"
    timezone: Europe/Berlin
    ---
    name: berlin-monday
    schedule: "0 7 * * 1"
    timezone: Europe/Berlin
    protect: true
    ---
    name: new-york-report
    schedule: "30 17 * * 1-5"
    timezone: America/New_York
    ---
    name: cleanup
    schedule: "0 3 * * *"
    """
)
LATER = NOW + 9 * 24 * 60
DAY = 24 * 60


def live(packing: Packing) -> Actual:
    """What an apply of the earlier version left, nine days before."""
    content = (GOLDEN / f"zoned-slots-{packing}.jsonl").read_bytes()
    generation = decode_generation(content, "golden")
    assert any(slot.timezone != "UTC" for slot in generation.slots)
    taken = 2 if packing is Packing.FEWEST_WAKES else 0
    # The digest is that of the stored bytes, which this version would not write.
    stored = open_generation(content, "golden")
    return Actual(
        own=OwnApp(
            slots=generation.slots,
            functions=tuple(sorted([*CRONLESS, *(slot.name for slot in generation.slots)])),
            tags=own_tags(owner=OWNER, generation=stored.digest, dispatcher=DISPATCHER, secrets=""),
        ),
        foreign=foreign(*"ab"[:taken]),
        targets=TARGETS,
        pointer=Pointer(
            generation=stored.digest,
            commit="c" * 40,
            dirty=False,
            by="somebody",
            at="2026-11-20T15:00:00Z",
            previous=None,
            identity=str(OWNER.identity),
        ),
        live=stored,
        through=LATER - 1,
    )


def upgraded(packing: Packing) -> Plan:
    return make_plan(desired(SCHEDULES, packing=packing), live(packing), LATER)


@pytest.mark.parametrize("packing", Packing)
def test_the_first_plan_puts_every_slot_in_utc_and_says_why(packing: Packing) -> None:
    plan = upgraded(packing)
    before = live(packing).live
    assert before is not None
    zoned = {slot.name for slot in before.slots if slot.timezone != "UTC"}
    slots = [change for change in plan.changes if change.kind is Kind.SLOT]
    kept = {change.name for change in slots if change.action is Action.UPDATE} & zoned
    assert {change.name for change in slots if "now in UTC: " in change.reason} == kept
    assert "new-york-report" in kept
    assert all(slot.timezone == "UTC" for slot in plan.generation.slots)
    assert not plan.refusals
    assert plan.deploy


def test_a_solo_slot_says_both_hours_and_what_it_was() -> None:
    plan = upgraded(Packing.ONE_POLLER)
    reasons = {change.name: change.reason for change in plan.changes if change.kind is Kind.SLOT}
    assert reasons["new-york-report"] == (
        "now in UTC: wakes at 30 21,22 * * 1-5 (UTC), not 30 17 * * 1-5 (America/New_York)"
    )
    assert "cleanup" not in reasons


@pytest.mark.parametrize("packing", Packing)
def test_no_schedule_changes_and_none_begins_anew(packing: Packing) -> None:
    plan = upgraded(packing)
    assert plan.drift == ()
    assert [change for change in plan.changes if change.kind is Kind.SCHEDULE] == []
    before = live(packing).live
    assert before is not None
    assert {record.name: record.anchor for record in plan.generation.records} == {
        record.name: record.anchor for record in before.records
    }


@pytest.mark.parametrize("packing", Packing)
def test_every_wake_finds_due_what_it_found_before(packing: Packing) -> None:
    old = live(packing).live
    new = open_generation(upgraded(packing).generation.encoded, "planned")
    assert old is not None
    for since in range(NOW, NOW + 21 * DAY, 7 * 60):
        horizon = Lookback(since)
        assert find_due(new, horizon, since + 7 * 60) == find_due(old, horizon, since + 7 * 60)


@pytest.mark.parametrize("packing", Packing)
def test_after_the_apply_there_is_nothing_to_do(packing: Packing) -> None:
    plan = upgraded(packing)
    assert make_plan(plan.desired, after(plan), LATER + 5).empty


def test_solo_slots_keep_their_names_and_schedules() -> None:
    plan = upgraded(Packing.ONE_POLLER)
    before = live(Packing.ONE_POLLER).live
    assert before is not None
    assert {slot.name: slot.schedules for slot in plan.slots} == dict(before.served)


def test_a_schedule_keeps_its_times_in_its_zone() -> None:
    record = upgraded(Packing.ONE_POLLER).generation.by_name["berlin-monday"]
    before = live(Packing.ONE_POLLER).live
    assert before is not None
    assert record == before.by_name["berlin-monday"]
    assert (record.timezone, record.protect) == ("Europe/Berlin", True)


def test_the_forecast_says_how_often_a_solo_slot_wakes_when_its_schedule_is_not_due() -> None:
    wakes = upgraded(Packing.ONE_POLLER).wakes
    # Both hours of New York's 17:30 on workdays.
    assert (wakes.by_slot["new-york-report"], wakes.idle["new-york-report"]) == (43, 22)
    assert "cleanup" not in wakes.idle
    text = plan_text(upgraded(Packing.ONE_POLLER), Style(colour=False))
    assert "30 21,22 * * 1-5 (UTC)  43 a month, of which 22 find nothing due" in text
