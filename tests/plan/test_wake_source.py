"""A wake source says what it costs, covers, may use, is observed to be, and changes."""

from __future__ import annotations

from reconciler.cron import Timetable, parse
from reconciler.model.generation import Slot
from reconciler.pack import PackedSlot
from reconciler.plan import Action, Budget, WakePrice
from reconciler.plan.wake_source import ModalSlots, WakeSource

NIGHTLY = Slot("nightly", "0 3 * * *")
HOURLY = Slot("poller", "0 * * * *")


def source(*observed: Slot, deployed: bool = True) -> ModalSlots:
    """Two crons, planned where one was applied."""
    packed = (
        PackedSlot("nightly", "0 3 * * *", ("nightly",)),
        PackedSlot("poller", "0 * * * *", ("a", "b")),
    )
    return ModalSlots(
        packed=packed,
        applied=(NIGHTLY,),
        observed=observed if deployed else None,
        budget=Budget(5, (), 0, len(packed)),
        timetables={
            name: Timetable((parse(cron),), "UTC")
            for name, cron in (("nightly", "0 3 * * *"), ("a", "0 * * * *"), ("b", "0 9 * * *"))
        },
        now=29_800_000,
    )


def test_the_crons_of_modal_are_a_wake_source() -> None:
    modal: WakeSource = source(NIGHTLY)
    assert dict(modal.covered) == {"nightly": ("nightly",), "poller": ("a", "b")}
    assert (modal.budget.used, modal.budget.available) == (2, 5)
    assert modal.wakes.by_slot == {"nightly": 30, "poller": 730}
    assert modal.wakes_before == 30
    assert [(change.action, change.name) for change in modal.changes()] == [
        (Action.CREATE, "poller")
    ]


def test_it_costs_what_its_wakes_cost() -> None:
    price = WakePrice.of((), None)
    assert source().usd(price) == price.usd(source().wakes.per_month) > 0


def test_it_is_observed_when_exactly_its_crons_are_deployed() -> None:
    assert source(HOURLY, NIGHTLY).is_observed
    assert not source(NIGHTLY).is_observed
    assert not source(HOURLY, NIGHTLY, Slot("old", "5 * * * *")).is_observed
    assert not source(deployed=False).is_observed


def test_what_it_changes_is_what_croniter_is_asked_about() -> None:
    assert source().changed == (HOURLY,)
