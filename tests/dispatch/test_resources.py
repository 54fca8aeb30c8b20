"""The runs of a schedule with `resources` are started with them, supervised or not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.dispatch.wake.supervision import RunOrder
from reconciler.model.generation import TARGETS_FORMAT, encode_generation, new_generation
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.stored_generation import decode_generation
from tests.dispatch.scenario import World, hourly
from tests.dispatch.test_supervision import DONE, FAILED, ORDER, Desk, Scripted

RESOURCES = {"cpu": 2, "memory": [512, 2048], "env": {"MODE": "fast"}}


def test_a_run_is_started_with_the_resources_of_its_schedule() -> None:
    world = World()
    world.live(hourly(resources=RESOURCES), hourly("plain"))
    world.wake("09:00")
    calls = {call.id: call.function for call in world.caller.calls}
    assert len(calls) == 2
    assert list(world.caller.resources.values()) == [RESOURCES]


def test_the_supervisor_of_a_run_is_ordered_to_use_them() -> None:
    world = World()
    world.live(hourly(resources=RESOURCES, retries=1), hourly("plain", retries=1))
    world.wake("09:00")
    orders = [dict(call.args)["order"] for call in world.caller.calls]
    assert [order.get("resources") for order in orders] == [RESOURCES, None]
    assert [RunOrder.from_json(order).resources for order in orders] == [RESOURCES, {}]


def test_each_try_of_a_supervisor_uses_them() -> None:
    desk = Desk(Scripted(script=[FAILED, DONE]))
    desk.supervise(replace(ORDER, retries=1, resources=RESOURCES))
    assert list(desk.caller.resources.values()) == [RESOURCES] * 2


def test_a_generation_with_them_is_read_back_and_not_by_an_older_version() -> None:
    record = hourly(resources=RESOURCES)
    written = encode_generation(new_generation([record], (), 300))
    assert json.loads(written.splitlines()[0])["format"] == TARGETS_FORMAT
    assert decode_generation(written, "here").records[0] == record
    without = encode_generation(new_generation([hourly()], (), 300))
    assert json.loads(without.splitlines()[0])["format"] < TARGETS_FORMAT
    assert b"resources" not in without


def test_a_record_whose_resources_are_garbled_is_found_out() -> None:
    data = {**hourly().to_json(), "resources": ["cpu"]}
    with pytest.raises(TypeError, match="resources"):
        ScheduleRecord.from_json(data)
