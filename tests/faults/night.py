"""Schedules that are all due in a night, and the wake that finds them: with a fault, and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.cron import minute
from reconciler.model.occurrence import format_minute
from tests.faults import waking
from tests.faults.recorded import Kind, Recorded, recorded
from tests.faults.rig import Rig
from tests.faults.rules import Rule


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
    failed: str

    @classmethod
    def of(
        cls,
        rig: Rig,
        schedules: Mapping[str, str],
        function: str = "sync",
        *,
        lingering: tuple[str, ...] = (),
        failed: bool = False,
    ) -> Night:
        """Declare and apply; every slot bears the name of its schedule.

        Args:
            lingering: those whose run of the day before has not ended.
            failed: the first one's run of the day before has failed, which no wake has seen yet.
        """
        at = datetime.now(UTC) - timedelta(hours=2)
        documents = [
            f'name: {name}\nschedule: "{at.minute} {at.hour} * * *"\nfunction: shop/{function}\n'
            f'args: {{occurrence: "${{occurrence.id}}"}}\n{keys}\n'
            for name, keys in schedules.items()
        ]
        rig.project.write("all.yaml", "---\n".join(documents))
        rig.commands.call(waking.apply_as_of, 2)
        state = str(rig.project.engine.state)
        rig.commands.call(waking.begin, state)
        call = rig.commands.call(waking.fail, state) if failed else ""
        return cls(rig, minute(at), tuple(schedules), lingering, call)

    def calls(self, function: str) -> Sequence[Recorded]:
        """What a function of ours calls in an undisturbed wake, from its container's start."""
        return recorded(self.wake(cold=True).trace, function)

    def wake(
        self,
        rule: Rule | None = None,
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
        unseen = {self.failed: self.id(slot, 1)} if self.failed else {}
        done = self.rig.commands.call(
            waking.play, state, self.at, slot, rules, self.lingering, unseen, cold
        )
        case = f"{rule} at {call} of {function}: {done}"
        made = sum(one == [call.method, function] for one in done["trace"]) if call else 0
        # Calls at the same time may be shared: then there are fewer of them than were recorded.
        assert done["met"] or (call is not None and made < call.nth > 1), case
        assert done["unsettled"] == {}, case
        assert done["untold"] == [], case
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
        """What delivery promises, and that what did not run is reported."""
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
