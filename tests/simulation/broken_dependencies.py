"""The rules of schedules that wait for each other, broken on purpose.

``python -m tests.simulation.broken_dependencies NAME`` plays seeds until one finds the mutant: exit
code 1, and 0 when none of them does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from tests.simulation.mutants import Edit, break_by

SEEDS: Final = 25
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


def main(name: str) -> int:
    """Play the mutant; returns 1 when a seed finds it."""
    break_by(DEPENDENCY_MUTANTS[name])
    from tests.simulation.dependencies import report, simulate_dependencies

    for seed in range(SEEDS):
        problems = simulate_dependencies(seed)
        if problems:
            print(report(seed, problems))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
