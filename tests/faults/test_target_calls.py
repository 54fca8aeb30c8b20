"""Every call that deploys the function of a manifest fails, or is the last of its process.

Enumerated from a recording of an apply in which one line of the code changes. After each fault the
next apply completes the deploy, and the wake after it runs the new code, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Final

import pytest

from tests.engine_fixture import until
from tests.faults.recorded import Recorded
from tests.faults.rig import OWN_APP, Rig
from tests.faults.test_apply_calls import EACH_WAY, MET, distinct, meets, record

MANIFEST: Final = 'name: marking\nschedule: "0 * * * *"\ncode: jobs/mark.py::mark\n'
CODE: Final = """\
from uuid import uuid4

import modal


def mark(occurrence):
    marks = modal.Dict.from_name("marks", create_if_missing=True)
    marks.put(uuid4().hex, f"version {version} at {{occurrence.id}}")
"""
PUBLISH: Final = "AppPublish"


@pytest.fixture(scope="module")
def versions() -> count[int]:
    """Each apply of the module deploys another version of the code."""
    return count(1)


@pytest.fixture(scope="module")
def deploying(rig: Rig, versions: count[int]) -> Sequence[Recorded]:
    """The calls of the step that deploys a changed function, the rest of the apply left out."""
    rig.use(OWN_APP)
    rig.project.write("all.yaml", MANIFEST)
    (rig.project.root / "jobs").mkdir()
    write_code(rig, next(versions))
    rig.applied()
    write_code(rig, next(versions))
    calls = record(rig)
    (step,) = {call.stretch for call in calls if call.method == PUBLISH}
    return [call for call in calls if call.stretch == step]


@EACH_WAY
def test_the_deploy_of_a_function_is_completed_by_the_next_apply_when_a_call_is(
    rig: Rig, deploying: Sequence[Recorded], versions: count[int], way: str
) -> None:
    for call in distinct(deploying, *MET[way]):
        version = next(versions)
        write_code(rig, version)
        assert meets(rig, way, call), call
        rig.is_live({"marking": ""})
        runs_once(rig, version)


def write_code(rig: Rig, version: int) -> None:
    """Change one line of the function."""
    (rig.project.root / "jobs" / "mark.py").write_text(CODE.format(version=version))


def runs_once(rig: Rig, version: int) -> None:
    """Wake for the next hour: this version runs, and runs once."""
    rig.now += timedelta(hours=1)
    at = f"{rig.now:%Y-%m-%dT%H:%MZ}"
    done = rig.commands.reconcile("wake", "--at", at)
    assert done.code == 0, done.out + done.err
    due = f"version {version} at marking@{at}"
    until(lambda: due in rig.project.marks())
    assert [mark for mark in rig.project.marks() if mark.endswith(at)] == [due]
