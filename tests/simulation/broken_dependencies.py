"""The rules of schedules that wait for each other, broken on purpose."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Final

from tests.simulation.mutants import Edit, break_by

_RULE: Final = "reconciler.dispatch.decide.dependencies"
_SHELL: Final = "reconciler.dispatch.wake.dependencies"

DEPENDENCY_MUTANTS: Final[Mapping[str, Edit]] = {
    # Starts what is due, whatever it waits for.
    "nothing waits": Edit(
        "reconciler.dispatch.decide.due",
        "        if due.record.after and due.record.name != by_hand:\n",
        "        if False:\n",
    ),
    # Takes the end of an upstream for its success.
    "a failure is a success": Edit(
        _RULE,
        "    Condition.SUCCEEDED: lambda state: state is RunState.SUCCEEDED,\n",
        "    Condition.SUCCEEDED: lambda state: state.ended,\n",
    ),
    # Takes the start of an upstream for its end.
    "a start is an end": Edit(
        _RULE,
        "    if run.state in _NOT_OVER:\n",
        "    if run.state is RunState.STARTED and on is Condition.ENDED:\n"
        "        return _OfOne(Ruling.START)\n"
        "    if run.state in _NOT_OVER:\n",
    ),
    # Waits for the oldest occurrence in the window.
    "the oldest occurrence counts": Edit(
        _RULE,
        "        return max(times, default=None)\n",
        "        return min(times, default=None)\n",
    ),
    # Looks back a whole day, whatever ``within`` says.
    "within is a day": Edit(
        _RULE,
        "        after = at - self.upstream.within\n",
        "        after = at - MINUTES_PER_DAY\n",
    ),
    # Leaves what waits to the memory of this wake.
    "what waits is forgotten": Edit(
        _SHELL,
        "                    tally.pending[occurrence.id] = attempt\n",
        "                    tally.settled.append(occurrence.id)\n",
    ),
    # Never ends the waiting.
    "waiting does not end": Edit(
        _RULE, "    if over is not None:\n", "    if over is not None and over == '':\n"
    ),
    # Gives up at the first look.
    "nothing is waited for": Edit(
        _RULE,
        "    over = _over(record, at, now,",
        "    over = 'and gave up' if now - at > 5 else _over(record, at, now,",
    ),
    # Starts what an upstream that does not run skips.
    "what does not run has succeeded": Edit(
        _RULE, "if on is Condition.ENDED else _OfOne(Ruling.SKIP, reason)", "if on else reason"
    ),
    # Alerts as soon as it waits.
    "an alert comes at once": Edit(
        _SHELL,
        "        if at is None or at > self.now or",
        "        if at is None or",
    ),
    # Asks for no end whose runs file was lost.
    "a lost end is not asked again": Edit(
        _SHELL,
        "            if run.call is not None and run.call not in known\n",
        "            if run.call is not None and run.call in ()\n",
    ),
}


def find_broken_rule(name: str, seeds: Sequence[int]) -> int | None:
    """The first of these seeds that finds the mutant; None if none of them does.

    For a process of its own, which has the broken core afterwards.
    """
    break_by(DEPENDENCY_MUTANTS[name])
    simulate = importlib.import_module("tests.simulation.dependencies").simulate_dependencies
    return next((seed for seed in seeds if simulate(seed)), None)
