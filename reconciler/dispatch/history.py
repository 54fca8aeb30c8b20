"""Runs that are open: Modal knows how they stand now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Caller
from reconciler.model.history import Run, judged
from reconciler.model.runs_file import RunState


async def with_open_calls(runs: Iterable[Run], caller: Caller) -> list[Run]:
    """The runs, those whose end no wake has written down yet as they stand now."""

    async def ask(run: Run) -> Run:
        assert run.call is not None
        try:
            status = await caller.status(run.call)
        except UnavailableError:
            return run
        if not status.ended:
            return run
        state = RunState(status.state.value)
        ended = replace(
            run, state=state, reason=status.reason, result=status.result, tries=status.tries
        )
        return judged(ended, run.replaced_by)

    known = list(runs)
    is_open = [place for place, run in enumerate(known) if run.is_open]
    # A coroutine for each of a long history's runs would take seconds.
    for place, run in zip(is_open, await at_once(ask(known[n]) for n in is_open), strict=True):
        known[place] = run
    return known
