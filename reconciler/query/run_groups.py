"""Runs in groups: what a suspension skips is one line of a list. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState

RunGroup: TypeAlias = tuple[Run, ...]
"""One run; or occurrences of one schedule in a row that were skipped for one reason."""


def fold(runs: Iterable[Run]) -> list[RunGroup]:
    """The runs in groups, in the order of the last of each: a suspended schedule that is due each
    minute would fill the list alone.

    Args:
        runs: in the order of nominal time and name.
    """
    groups: list[list[Run]] = []
    newest: dict[str, list[Run]] = {}
    for run in runs:
        group = newest.get(run.occurrence.name)
        if group is None or not _alike(group[-1], run):
            group = newest[run.occurrence.name] = []
            groups.append(group)
        group.append(run)
    ordered = sorted(groups, key=lambda group: (group[-1].occurrence.at, group[-1].occurrence.name))
    return [tuple(group) for group in ordered]


def _alike(one: Run, other: Run) -> bool:
    skipped = one.state is other.state is RunState.SKIPPED
    return skipped and one.reason == other.reason
