"""Injects faults into calls on request, and counts every call, for tests of failure and of cost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from reconciler.engine import limits
from reconciler.engine.caller import Peer
from reconciler.errors import ReconcileError


class FaultMode(StrEnum):
    """What happens to a call that a rule selects."""

    FAIL = "fail"
    """Refused with ``status``; nothing was done."""
    LOSE = "lose"
    """Done, then answered with ``status`` as if the answer had been lost."""
    FORGET = "forget"
    """Like ``lose``, but the client's next attempt is not recognised as one: it is done again."""
    HOLD = "hold"
    """Delayed by ``seconds``, then done."""
    LATE = "late"
    """Done, then the answer is delayed by ``seconds``."""
    KILL = "kill"
    """The calling container, or the process ``pid``, is killed; nothing was done."""
    KILL_AFTER = "kill-after"
    """Done, then the calling container, or the process ``pid``, is killed."""
    SKIP = "skip"
    """Answered as if done, with an empty answer; nothing was done. A reload then shows old data, a
    commit is lost."""


class CallerScope(StrEnum):
    """The callers that a rule applies to."""

    ANY = "any"
    CLIENT = "client"
    CONTAINER = "container"


@dataclass(frozen=True)
class FaultRule:
    """From the ``nth`` matching call on (counted since the rule was made), ``times`` times."""

    method: str
    mode: FaultMode
    nth: int = 1
    times: int = 1
    scope: CallerScope = CallerScope.ANY
    status: str = "UNAVAILABLE"
    seconds: float = 0.0
    function: str = ""
    """Only calls from containers of the function of this name."""
    pid: int = 0
    """The client process that a kill ends; without it, the calling container."""
    first_try: bool = False
    """Only the first attempt of a call that its client would retry."""
    seen: int = 0

    @staticmethod
    def parse(document: Mapping[str, object]) -> FaultRule:
        """A rule from JSON; every mistake is an error, no key is ignored."""
        known = {field.name for field in fields(FaultRule)} - {"seen"}
        if unknown := sorted(set(document) - known):
            raise _wrong(f"unknown key {unknown[0]!r}, expected {', '.join(sorted(known))}")
        try:
            rule = FaultRule(
                method=str(document["method"]),
                mode=FaultMode(str(document["mode"])),
                nth=int(str(document.get("nth", 1))),
                times=int(str(document.get("times", 1))),
                scope=CallerScope(str(document.get("scope", CallerScope.ANY))),
                status=Status[str(document.get("status", "UNAVAILABLE"))].name,
                seconds=float(str(document.get("seconds", 0.0))),
                function=str(document.get("function", "")),
                pid=int(str(document.get("pid", 0))),
                first_try=document.get("first_try") is True,
            )
        except KeyError as error:
            raise _wrong(f"{error.args[0]!r} is missing or unknown") from error
        except ValueError as error:
            raise _wrong(str(error)) from error
        if rule.nth < 1 or rule.times < 1 or not 0 <= rule.seconds <= limits.FAULT_DELAY:
            raise _wrong(f"nth and times from 1, seconds from 0 to {limits.FAULT_DELAY:.0f}")
        if rule.pid < 0 or (rule.pid and rule.mode not in (FaultMode.KILL, FaultMode.KILL_AFTER)):
            raise _wrong("pid is of a process, and only for a kill")
        return rule

    def matches(self, method: str, caller: Peer) -> bool:
        if self.method not in (method, "*") or self.function not in ("", caller.function):
            return False
        if self.first_try and caller.attempt != 0:
            return False
        return self.scope is CallerScope.ANY or (self.scope is CallerScope.CONTAINER) == bool(
            caller.container
        )

    @property
    def picks(self) -> bool:
        """Whether the rule selects the latest call that it has seen."""
        return self.nth <= self.seen < self.nth + self.times

    @property
    def spent(self) -> bool:
        return self.seen >= self.nth + self.times - 1


def _wrong(what: str) -> ReconcileError:
    return ReconcileError(
        what, where="fault rule", remedy='For example {"method": "DictUpdate", "mode": "lose"}.'
    )


Kill = Callable[[str], None]


@dataclass(frozen=True)
class InjectedFault:
    """The fault of one call; usually none."""

    rule: FaultRule | None = None
    container: str = ""
    kill: Kill | None = None
    cleared: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def skips(self) -> bool:
        """Whether the call is to be answered without being done."""
        return self.rule is not None and self.rule.mode is FaultMode.SKIP

    @property
    def forgets(self) -> bool:
        """Whether the call is to be done as if it had no idempotency key."""
        return self.rule is not None and self.rule.mode is FaultMode.FORGET

    async def before(self) -> None:
        """Apply the fault before the call is done."""
        if self.rule is None:
            return
        if self.rule.mode is FaultMode.FAIL:
            raise self._error("injected: not done")
        if self.rule.mode is FaultMode.HOLD:
            await self._held_up(self.rule.seconds)
        if self.rule.mode is FaultMode.KILL:
            self._kill()

    async def after(self) -> None:
        """Apply the fault after the call is done, before its answer."""
        if self.rule is None:
            return
        if self.rule.mode in (FaultMode.LOSE, FaultMode.FORGET):
            raise self._error("injected: done, answer lost")
        if self.rule.mode is FaultMode.LATE:
            await self._held_up(self.rule.seconds)
        if self.rule.mode is FaultMode.KILL_AFTER:
            self._kill()

    async def _held_up(self, seconds: float) -> None:
        """Wait, at most until the rules are cleared."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.cleared.wait()

    def _error(self, text: str) -> GRPCError:
        assert self.rule is not None
        return GRPCError(Status[self.rule.status], text)

    def _kill(self) -> None:
        assert self.rule is not None
        if self.rule.pid:
            with suppress(ProcessLookupError):
                os.kill(self.rule.pid, signal.SIGKILL)
        elif self.kill is not None and self.container:
            self.kill(self.container)
        raise self._error("injected: killed")


_NOTHING = InjectedFault()


@dataclass
class FaultInjector:
    """The rules in force and the calls so far. ``kill`` ends a container at once."""

    kill: Kill | None = None
    rules: list[FaultRule] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    trace: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=limits.TRACE))
    """The latest calls in their order: the method, and the function of the calling container."""
    cleared: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Add rules. The first rule that selects a call decides."""
        self.rules.extend(rules)
        if len(self.rules) > limits.FAULT_RULES:
            raise _wrong(f"more than {limits.FAULT_RULES} rules")

    def clear(self) -> None:
        """Remove all rules, and release delayed calls."""
        self.rules.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def count(self, method: str, caller: Peer) -> InjectedFault:
        """Count a call and return its fault."""
        self.calls[method] += 1
        self.trace.append((method, caller.function))
        if not self.rules:
            return _NOTHING
        chosen = self._choose(method, caller)
        return (
            InjectedFault(chosen, caller.container, self.kill, self.cleared) if chosen else _NOTHING
        )

    def _choose(self, method: str, caller: Peer) -> FaultRule | None:
        chosen = None
        for index, rule in enumerate(self.rules):
            if not rule.matches(method, caller):
                continue
            seen = replace(rule, seen=rule.seen + 1)
            self.rules[index] = seen
            if chosen is None and seen.picks:
                chosen = seen
        self.rules = [rule for rule in self.rules if not rule.spent]
        return chosen
