"""Applies over what another edition of the tz database, or an earlier version of ours, left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from reconciler.cron.zone_files import tz_version
from reconciler.deploy.apply import RefusedPlanError
from reconciler.deploy.ports import DeployedFunction
from reconciler.model.generation import Slot, generation_path
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.stored_generation import decode_generation
from reconciler.plan import Kind, own_tags
from tests.deploy.scenario import World
from tests.plan.scenario import DISPATCHER, OWNER, hourly
from tests.plan.test_zoned_slots import GOLDEN, SCHEDULES

DIGEST = "from reconciler.deploy.deployment import dispatcher_digest; print(dispatcher_digest())"


def left(world: World, content: bytes) -> None:
    """Let a generation's file be live, with the slots that it names."""
    digest = sha256(content).hexdigest()
    world.files.files[generation_path(digest)] = content
    pointer = decode_pointer(world.files.files[POINTER_PATH])
    world.files.files[POINTER_PATH] = replace(pointer, generation=digest).encode()
    slots = decode_generation(content, "left").slots
    *others, own = world.apps.apps
    cronless = [one for one in own.functions if one.cron is None]
    tags = own_tags(owner=OWNER, generation=digest, dispatcher=DISPATCHER, secrets="")
    functions = (*map(_function, slots), *cronless)
    world.apps.apps = [*others, replace(own, functions=functions, tags={**own.tags, **tags})]


def _function(slot: Slot) -> DeployedFunction:
    return DeployedFunction(slot.name, slot, f"{slot.cron} ({slot.timezone})")


def live(world: World) -> bytes:
    pointer = decode_pointer(world.files.files[POINTER_PATH])
    return world.files.files[generation_path(pointer.generation)]


def test_an_apply_with_an_older_edition_than_the_live_one_is_refused() -> None:
    world = World()
    world.apply(hourly("a"))
    left(world, live(world).replace(f'"tz":"{tz_version()}"'.encode(), b'"tz":"2099a"'))
    before = dict(world.files.files)
    plan = world.plan(hourly("a", "b"))
    with pytest.raises(RefusedPlanError, match="tz database 2099a") as refused:
        world.carry_out(plan)
    assert refused.value.exit_code == 3
    assert "python -m pip install --upgrade tzdata" in str(refused.value)
    assert world.files.files == before


def test_slots_in_zones_of_an_earlier_version_are_put_in_utc_by_one_apply() -> None:
    world = World()
    world.apply(hourly("a"))
    left(world, (GOLDEN / "zoned-slots-one-poller.jsonl").read_bytes())
    old = decode_generation(live(world), "live")
    plan = world.plan(SCHEDULES)
    assert [change for change in plan.changes if change.kind is Kind.SCHEDULE] == []
    world.carry_out(plan)  # which plans again at its end, and finds nothing to do
    new = decode_generation(live(world), "live")
    assert {slot.timezone for slot in new.slots} == {"UTC"}
    assert [replace(record, formerly=()) for record in new.records] == list(old.records)
    assert world.plan(SCHEDULES).empty


def test_the_dispatchers_digest_is_another_with_another_edition(tmp_path: Path) -> None:
    package = shutil.copytree(Path(str(files("tzdata"))), tmp_path / "tzdata")
    digests = []
    for edition in (tz_version(), "2099a"):
        text = (package / "__init__.py").read_text()
        (package / "__init__.py").write_text(f'{text}\nIANA_VERSION = "{edition}"\n')
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        digests.append(done.stdout)
    assert digests[0] != digests[1]
