"""An alarm or a ping on its way: whatever the receiver does, and wherever the container dies.

With real containers and a real receiver. A regular wake finds that the run of the day before has
failed, and starts the one that is due. Enumerated from a recording are the calls that this adds to
a wake: the look at how the run ended, and all from the claim of the notice on. To be killed right
after the receiver's answer is to be killed before the call that follows it. One more wake,
undisturbed, has to make it good.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.night import Night, Woken
from tests.faults.recorded import Kind, Recorded, recorded
from tests.faults.rig import NO_ALARMS, Rig
from tests.faults.rules import DONE_AND_KILLED, DONE_AND_REFUSED, KILLED, REFUSED, Rule
from tests.receiver import Receiver, Turn


@dataclass(frozen=True)
class Sending:
    """What a case's two wakes reported, in the words of the schedule ``told``.

    Attributes:
        sent: how often the receiver got each alarm's id, or each ping's path.
        taken: those that it answered as taken.
    """

    woken: Woken
    sent: Mapping[str, int]
    taken: Mapping[str, int]


@dataclass(frozen=True)
class Telling:
    """A night in which an alert is sent.

    Attributes:
        words: that the two wakes have to tell: what came of the day before, and of this one.
        once: a word that is better not told than told late.
    """

    night: Night
    receiver: Receiver
    words: Sequence[str]
    once: str = ""

    @classmethod
    def alarms(cls, rig: Rig, receiver: Receiver) -> Telling:
        """The run of the day before has failed, and this one succeeds."""
        rig.tell_locally(f"to: {{url: '{receiver.url}', format: json}}, overdue: false")
        night = Night.of(rig, {"told": ""}, failed=True)
        words = (f"failures/{night.id('told', 1)}", f"recovered/{night.id('told')}")
        return cls(night, receiver, words)

    @classmethod
    def pings(cls, rig: Rig, receiver: Receiver) -> Telling:
        """The same, for a dead man's switch."""
        rig.tell_locally(f"to: {{url: '{receiver.url}'}}, {NO_ALARMS}")
        night = Night.of(rig, {"told": f"ping: {receiver.url}/ping"}, failed=True)
        return cls(night, receiver, ("/ping/fail", "/ping/start", "/ping"), "/ping/start")

    def wake(
        self,
        rule: Rule | None = None,
        call: Recorded | None = None,
        *turns: Turn,
        cold: bool = False,
    ) -> Sending:
        """Play a case; what holds in all of them is checked."""
        self.receiver.requests.clear()
        self.receiver.taken.clear()
        self.receiver.turns.extend(turns)
        woken = self.night.wake(rule, call, "told", cold=cold)
        assert not self.receiver.turns, woken
        told = Sending(woken, words(self.receiver.requests), words(self.receiver.taken))
        assert woken.ran == {self.night.id("told"): 1}, f"a start was held up or doubled: {told}"
        assert told.sent.keys() <= set(self.words), told
        assert set(self.words) - {self.once} <= told.taken.keys(), f"untold: {told}"
        assert told.sent[self.once] <= 1, told
        return told

    def recording(self) -> tuple[Sequence[Recorded], Sequence[Recorded]]:
        """The calls of an undisturbed wake that tell, and those of them before which it sends."""
        engine, made = self.night.rig.project.engine, list[int]()
        turn = Turn(meanwhile=lambda: made.append(len(recorded(engine.trace(), "told"))))
        ends = sum(word != self.words[-1] for word in self.words)
        told = self.wake(None, None, *[turn] * ends, cold=True)
        assert told.sent == dict.fromkeys(self.words, 1), told
        calls = recorded(told.woken.trace, "told")
        claim = max(n for n, call in enumerate(calls[: made[0]]) if call.method == "DictUpdate")
        before = [call.method for call in calls[:claim] if call.method != "VolumeReload"]
        assert "FunctionMap" in before, "what is due starts first"
        cursor = ["VolumeCommit", "DictUpdate", "DictUpdate"]
        assert before[-3:] == cursor, "no alert goes out before the runs file and the cursor"
        looks = [call for call in calls[:claim] if call.method == "FunctionGetOutputs"]
        return [*looks, *calls[claim:]], [calls[n] for n in made]

    def kill(self) -> None:
        """The container of the wake."""
        for pid in self.night.rig.project.engine.status()["pids_by_function"]["told"]:
            os.kill(pid, signal.SIGKILL)


def words(requests: Sequence[tuple[str, str, object]]) -> Counter[str]:
    """The ids of alarms and the paths of pings."""
    found: Counter[str] = Counter()
    for _, path, body in requests:
        alarms = body["alarms"] if isinstance(body, dict) else ({"id": path},)
        found.update(alarm["id"] for alarm in alarms)
    return found


Begin = Callable[[Rig, Receiver], Telling]
TELLINGS = pytest.mark.parametrize("telling", [Telling.alarms, Telling.pings])


@TELLINGS
def test_what_the_receiver_refuses_is_notified_by_a_later_wake(
    rig: Rig, receiver: Receiver, telling: Begin
) -> None:
    night = telling(rig, receiver)
    told = night.wake(None, None, Turn(503))
    assert told.sent[night.words[0]] == 2
    assert told.taken == dict.fromkeys(night.words, 1)


@TELLINGS
def test_what_the_receiver_takes_without_an_answer_is_notified_again(
    rig: Rig, receiver: Receiver, telling: Begin
) -> None:
    night = telling(rig, receiver)
    told = night.wake(None, None, Turn(None))
    assert told.sent[night.words[0]] == 2
    assert told.taken == dict.fromkeys(night.words, 1)


@TELLINGS
def test_a_container_killed_while_the_receiver_has_the_request_leaves_it_to_the_next(
    rig: Rig, receiver: Receiver, telling: Begin
) -> None:
    night = telling(rig, receiver)
    told = night.wake(None, None, Turn(None, night.kill))
    assert told.sent[night.words[0]] == 2
    assert told.taken == dict.fromkeys(night.words, 1)


def test_the_ping_of_a_start_is_not_repeated_after_the_container_was_killed_in_it(
    rig: Rig, receiver: Receiver
) -> None:
    night = Telling.pings(rig, receiver)
    told = night.wake(None, None, Turn(), Turn(None, night.kill))
    assert told.sent == dict.fromkeys(night.words, 1)
    assert "/ping/start" not in told.taken


@TELLINGS
def test_a_container_killed_right_after_the_answer_sends_it_twice_with_the_same_id(
    rig: Rig, receiver: Receiver, telling: Begin
) -> None:
    night = telling(rig, receiver)
    _, outbox_with = night.recording()
    for word, note in zip(night.words, outbox_with, strict=False):
        told = night.wake(KILLED, note)
        assert told.taken[word] == (1 if word == night.once else 2)
        assert all(told.sent[other] == 1 for other in night.words if other != word), told


@TELLINGS
def test_it_is_notified_once_whatever_happens_to_any_other_call_of_the_sending(
    rig: Rig, receiver: Receiver, telling: Begin
) -> None:
    night = telling(rig, receiver)
    calls, outbox_with = night.recording()
    for call in calls:
        told = night.wake(REFUSED, call)
        twice = [word for word, note in zip(night.words, outbox_with, strict=False) if note == call]
        assert all(n == 1 or word in twice for word, n in told.sent.items()), told
        if call.kind is not Kind.LOOKS:
            for rule in (DONE_AND_REFUSED, DONE_AND_KILLED):
                told = night.wake(rule, call)
                assert set(told.sent.values()) == {1}, told
