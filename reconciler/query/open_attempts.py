"""The attempts of runs whose end no wake has written down yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.dispatch.ports import Claims
from reconciler.dispatch.wake.modal_tries import tries_of
from reconciler.model.generation import Generation
from reconciler.model.runs import Run


async def with_modal_tries(
    runs: Iterable[Run], generation: Generation, claims: Claims
) -> list[Run]:
    """The runs, those of code targets with each attempt and what it used."""
    found = []
    for run in runs:
        record = generation.owner(run.occurrence)
        if run.call and run.state.ended and not run.tries and record and record.code:
            run = replace(run, tries=await tries_of(run.call, record.tries + 1, claims))
        found.append(run)
    return found
