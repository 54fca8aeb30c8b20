"""How often a wake calls Modal, which is what it costs in time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.project import Project
from tests.engine_fixture import until

DUE = 60
CALLS_PER_OCCURRENCE = 3
OF_CONTAINERS = frozenset(
    {"ContainerHeartbeat", "ContainerHello", "FunctionGetInputs", "FunctionPutOutputs"}
)
"""What containers call by themselves, those of the functions that were started included."""
OF_THE_CLIENT = 5
"""Times that whoever woke asks whether the wake has ended, at most."""

_WAKE = """
import modal
wake = modal.Function.from_name("schedule-reconciler", "on_demand")
answer = wake.remote(as_if="{at}")
"""


@pytest.fixture
def silent(project: Project) -> Project:
    """A project with a function that calls nothing."""
    project.engine.modal("deploy", str(Path(__file__).with_name("silent.py")))
    return project


def calls_of_a_wake(project: Project, at: str) -> dict[str, int]:
    """What was called while a wake started all that is due, the client that woke included."""
    project.engine.forget_calls()
    log = project.in_modal(_WAKE.format(at=at))
    assert log.count('"state":"started"') == DUE
    return {name: n for name, n in project.engine.calls().items() if name not in OF_CONTAINERS}


def test_a_wake_makes_three_calls_per_occurrence_at_most(silent: Project) -> None:
    names = [f"s{number:02}" for number in range(DUE)]
    silent.hourly(*names, function="silent/nothing")
    silent.applied()

    calls = calls_of_a_wake(silent, "2036-12-01T08:00Z")
    assert sum(calls.values()) <= CALLS_PER_OCCURRENCE * DUE, calls

    # One more for each that an earlier wake started: how did it end?
    calls = calls_of_a_wake(silent, "2036-12-01T09:00Z")
    looks = calls.pop("FunctionGetOutputs")
    assert looks <= DUE + OF_THE_CLIENT
    assert sum(calls.values()) <= CALLS_PER_OCCURRENCE * DUE, calls


def test_a_wake_for_one_occurrence_makes_ten_calls(silent: Project) -> None:
    """In a fresh container; `docs/internals/wake.md` says what each is for."""
    silent.hourly("one", function="silent/nothing")
    silent.applied()
    for hour in (8, 9):
        until(lambda: not silent.engine.status()["container_pids"])
        silent.engine.forget_calls()
        silent.in_modal(_WAKE.format(at=f"2036-12-01T{hour:02}:00Z"))
    made = [
        method
        for method, function in silent.engine.trace()
        if function == "on_demand" and method not in OF_CONTAINERS
    ]
    assert Counter(made) == {
        "VolumeGetOrCreate": 1,
        "DictGetOrCreate": 1,
        "DictGet": 1,
        "FunctionGet": 1,
        "DictUpdate": 4,
        "FunctionMap": 1,
        "VolumeCommit": 1,
        "FunctionGetOutputs": 1,  # how the run before has ended
    }


def test_waiting_for_a_run_is_a_long_poll(project: Project) -> None:
    project.hourly("slow", function="shop/linger")
    project.applied()
    project.engine.forget_calls()
    trigger = project.start("trigger", "slow", "--wait", "--format", "json")
    while not project.marks():
        assert trigger.poll() is None
    project.in_modal(
        """
        import modal
        modal.Dict.from_name("marks")["enough"] = "enough"
        answer = None
        """
    )
    out, err = trigger.communicate()
    assert trigger.returncode == 0, err
    assert json.loads(out)["records"][0]["state"] == "succeeded"
    # One more for the wake itself, whose answer names the call.
    assert project.engine.calls()["FunctionGetOutputs"] <= 1 + 3
