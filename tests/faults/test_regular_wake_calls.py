"""Every call of a regular wake fails, has its answer lost, or is the last of its container.

Enumerated from a recording, with real containers: the wake that a cron causes, which serves all
since the cursor and puts the history in order; the supervisor that it hands runs to; and a wake
that finds runs of the day before still going. One more wake, undisturbed, has to make it good. To
be killed before a call is to be killed after the one before it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.faults import waking
from tests.faults.night import Night
from tests.faults.recorded import Kind
from tests.faults.rig import NO_ALARMS, Rig
from tests.faults.rules import (
    DONE_AND_KILLED,
    DONE_AND_REFUSED,
    FORGOTTEN,
    KILLED,
    LOST,
    REFUSED,
)
from tests.receiver import Receiver

START: Final = "FunctionMap"
OF_WAITING: Final = {"DictGet", "DictUpdate", "FunctionGetOutputs", "FunctionCallCancel", START}
"""What a wake calls otherwise, or more often, when runs have to wait for each other."""
SUPERVISOR: Final = "supervise_run"
WATCHED: Final = "retries: {max: 1, backoff: 1s}\n"
MOST: Final = "delivery: at-most-once\n"


def test_a_wake_survives_a_refusal_of_each_of_its_calls(rig: Rig) -> None:
    night = Night.of(rig, {"least": "", "most": MOST, "watched-least": WATCHED})
    for call in night.calls("least"):
        night.check(night.wake(REFUSED, call, "least"))


@pytest.mark.parametrize("way", ["refused all the same", "its container killed"])
def test_a_wake_survives_each_of_its_calls_being_done_and(rig: Rig, way: str) -> None:
    night = Night.of(rig, {"least": "", "most": MOST, "watched-least": WATCHED})
    rule = DONE_AND_REFUSED if way == "refused all the same" else DONE_AND_KILLED
    for call in night.calls("least"):
        if call.kind is Kind.CHANGES:
            night.check(night.wake(rule, call, "least"))


def test_a_supervisor_survives_whatever_happens_to_each_of_its_calls(
    rig: Rig, receiver: Receiver
) -> None:
    rig.tell_locally(f"to: {{url: '{receiver.url}'}}, {NO_ALARMS}")
    pinging = f"ping: {receiver.url}/ping\n"
    night = Night.of(rig, {"watched-least": WATCHED + pinging, "watched-most": WATCHED + MOST})
    for call in night.calls(SUPERVISOR):
        rules = [REFUSED]
        if call.kind is Kind.CHANGES:
            rules += [DONE_AND_REFUSED, DONE_AND_KILLED]
        if call.method == "DictUpdate":
            rules.append(KILLED)  # it may follow an answer of the receiver's, which is not a call
        for rule in rules:
            receiver.requests.clear()
            woken = night.wake(rule, call, SUPERVISOR)
            night.check(woken)
            pings = Counter(receiver.paths())
            assert pings["/ping/start"] <= 1, (pings, woken)
            # It was not noted that the receiver had it.
            unnoted = rule in (REFUSED, KILLED, DONE_AND_KILLED)
            assert 1 <= pings["/ping"] <= (2 if unnoted else 1), (pings, woken)


def test_nothing_starts_twice_when_every_answer_is_lost_and_its_call_sent_again(rig: Rig) -> None:
    night = Night.of(rig, {"least": "", "most": MOST, "watched-most": WATCHED + MOST})
    for function in ("least", SUPERVISOR):
        woken = night.wake(LOST, None, function)
        assert set(woken.ran.values()) == {1}, woken
        assert set(woken.states.values()) == {"succeeded"}, woken


def test_the_first_wake_of_a_day_puts_an_old_day_into_one_file_and_removes_the_oldest(
    rig: Rig,
) -> None:
    night = Night.of(rig, {"least": ""})
    ages = [*range(10, 18), 100]
    rig.commands.call(waking.file_days, ages)
    woken = night.wake()
    kept = {f"{datetime.now(UTC) - timedelta(days=age):%Y-%m-%d}" for age in ages[:-1]}
    assert woken.history == ("compacted.jsonl", "summary.ndjson")
    assert kept <= set(woken.days)
    assert f"{datetime.now(UTC) - timedelta(days=100):%Y-%m-%d}" not in woken.days


def test_what_modal_does_not_recognise_when_it_is_sent_again_starts_twice(rig: Rig) -> None:
    night = Night.of(rig, {"most": MOST})
    (start,) = (call for call in night.calls("most") if call.method == START)
    woken = night.wake(FORGOTTEN, start, "most")
    assert woken.ran == {night.id("most"): 2}


@pytest.mark.parametrize("way", ["refused", "done, its container killed"])
def test_what_waits_for_earlier_runs_survives_each_call_being(rig: Rig, way: str) -> None:
    policies = ("skip", "queue", "replace")
    schedules = {policy: f"overlap: {policy}" for policy in policies}
    night = Night.of(rig, schedules, "linger", lingering=policies)
    for call in night.calls("skip"):
        if call.method not in OF_WAITING:
            continue
        if way == "refused":
            night.check_overlap(night.wake(REFUSED, call, "skip"))
        elif call.kind is Kind.CHANGES:
            night.check_overlap(night.wake(DONE_AND_KILLED, call, "skip"))
