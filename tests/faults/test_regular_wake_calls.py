"""Every call of a regular wake fails, has its answer lost, or is the last of its container.

Enumerated from a recording, with real containers: the wake that a cron causes, which serves all
since the cursor and puts the history in order; the supervisor that it hands runs to; and a wake
that finds runs of the day before still going. One more wake, undisturbed, has to make it good. To
be killed before a call is to be killed after the one before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.cron import minute
from reconciler.dispatch.occurrence import format_minute
from tests.faults import waking
from tests.faults.recorded import Kind, Recorded, recorded
from tests.faults.rig import Rig

REFUSED: Final = {"mode": "fail", "status": "FAILED_PRECONDITION"}
DONE_AND_REFUSED: Final = {"mode": "lose", "status": "FAILED_PRECONDITION"}
DONE_AND_KILLED: Final = {"mode": "kill-after"}
LOST: Final = {"mode": "lose", "status": "UNAVAILABLE"}
FORGOTTEN: Final = {"mode": "forget", "status": "UNAVAILABLE"}
"""Sent again by the client, and not recognised as the same: whether Modal does so is undocumented.
If not, this is the one case in which at-most-once runs twice (docs/guarantees.md)."""

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


def test_a_supervisor_survives_whatever_happens_to_each_of_its_calls(rig: Rig) -> None:
    night = Night.of(rig, {"watched-least": WATCHED, "watched-most": WATCHED + MOST})
    for call in night.calls(SUPERVISOR):
        night.check(night.wake(REFUSED, call, SUPERVISOR))
        if call.kind is Kind.CHANGES:
            night.check(night.wake(DONE_AND_REFUSED, call, SUPERVISOR))
            night.check(night.wake(DONE_AND_KILLED, call, SUPERVISOR))


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
    assert woken.history == ("compacted.jsonl",)
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
    night = Night.of(rig, {policy: f"overlap: {policy}" for policy in policies}, "linger", policies)
    for call in night.calls("skip"):
        if call.method not in OF_WAITING:
            continue
        if way == "refused":
            night.check_overlap(night.wake(REFUSED, call, "skip"))
        elif call.kind is Kind.CHANGES:
            night.check_overlap(night.wake(DONE_AND_KILLED, call, "skip"))


@dataclass(frozen=True)
class Woken:
    """What became of a case; see ``waking.play``."""

    case: str
    ran: Mapping[str, int]
    states: Mapping[str, str]
    first: Mapping[str, str]
    trace: Sequence[tuple[str, str]]
    history: Sequence[str]
    days: Sequence[str]


@dataclass(frozen=True)
class Night:
    """Daily schedules, applied two days ago, all due at the same minute some time ago."""

    rig: Rig
    at: int
    names: tuple[str, ...]
    lingering: tuple[str, ...]

    @classmethod
    def of(
        cls,
        rig: Rig,
        schedules: Mapping[str, str],
        function: str = "sync",
        lingering: tuple[str, ...] = (),
    ) -> Night:
        """Declare and apply; every slot bears the name of its schedule."""
        at = datetime.now(UTC) - timedelta(hours=2)
        documents = [
            f'name: {name}\nschedule: "{at.minute} {at.hour} * * *"\nfunction: shop/{function}\n'
            f'args: {{occurrence: "${{occurrence.id}}"}}\n{keys}\n'
            for name, keys in schedules.items()
        ]
        rig.project.write("all.yaml", "---\n".join(documents))
        rig.commands.call(waking.apply_as_of, 2)
        rig.commands.call(waking.begin, str(rig.project.engine.state))
        return cls(rig, minute(at), tuple(schedules), lingering)

    def calls(self, function: str) -> Sequence[Recorded]:
        """What a function of ours calls in an undisturbed wake, from its container's start."""
        return recorded(self.wake(cold=True).trace, function)

    def wake(
        self,
        rule: Mapping[str, str] | None = None,
        call: Recorded | None = None,
        function: str = "",
        *,
        cold: bool = False,
    ) -> Woken:
        """Wake, with something that happens at a call of a function, or at all; wake again."""
        rules: list[dict[str, Any]] = []
        if rule is not None and call is not None:
            where = {"method": call.method, "nth": call.nth, "times": 1}
            rules.append({**rule, **where, "scope": "container", "function": function})
            # A container that is still warm has looked these up before.
            cold = call.kind is Kind.PREPARES or call.method == "FunctionGet"
        elif rule is not None:
            every = {"method": "*", "first_try": True, "times": 1_000}
            rules.append({**rule, **every, "scope": "container", "function": function})
        slot, *_ = self.names
        state = str(self.rig.project.engine.state)
        done = self.rig.commands.call(
            waking.play, state, self.at, slot, rules, self.lingering, cold
        )
        case = f"{rule} at {call} of {function}: {done}"
        made = sum(one == [call.method, function] for one in done["trace"]) if call else 0
        # Calls at the same time may be shared: then there are fewer of them than were recorded.
        assert done["met"] or (call is not None and made < call.nth > 1), case
        assert done["unsettled"] == {}, case
        assert done["behind"] <= 1, f"the cursor is behind: {case}"
        assert done["lost"] == [], f"old logs are lost: {case}"
        days = tuple(path.removeprefix("runs/") for path in done["days"])
        history = tuple(path.rpartition("/")[2] for path in done["history"])
        return Woken(
            case,
            Counter(done["marks"]),
            done["states"],
            done["first"],
            done["trace"],
            history,
            days,
        )

    def id(self, name: str, days_before: int = 0) -> str:
        """Of the occurrence that is due."""
        return f"{name}@{format_minute(self.at - days_before * waking.DAY)}"

    def check(self, woken: Woken) -> None:
        """What delivery promises, and that what did not run is told."""
        for name in self.names:
            ran, state = woken.ran.get(self.id(name), 0), woken.states[self.id(name)]
            if name.endswith("most"):
                assert ran <= 1, woken
                assert state in ("missed", "failed") or (state == "succeeded" and ran), woken
            else:
                # A start that nobody could confirm is repeated: that is what at-least-once means.
                assert 1 <= ran <= 2, woken
                assert state == "succeeded", woken

    def check_overlap(self, woken: Woken) -> None:
        """One was skipped, one waited for its turn, one replaced what was running."""
        ran = {name: woken.ran.get(self.id(name), 0) for name in self.names}
        assert ran["skip"] == 0, woken
        assert 1 <= ran["queue"] <= 2, woken
        assert 1 <= ran["replace"] <= 2, woken
        assert woken.first.get(self.id("queue"), "queued") in ("queued", "start-failed"), woken
        states = {name: woken.states.get(self.id(name)) for name in self.names}
        assert states == {"skip": "skipped", "queue": "succeeded", "replace": "succeeded"}, woken
