"""GitHub workflows that run on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import yaml

from reconciler.cron import CronError, Timetable, parse
from reconciler.importers.clock_rules import GITHUB
from reconciler.importers.dialects import is_unclear
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind
from reconciler.importers.yaml_nodes import at, documents, fields, items, line_of, text_at

SHORTEST: Final = 5
"""Minutes between two scheduled runs that GitHub keeps at least, by its documentation."""
_DAY: Final = 20_000
"""An epoch day after whose start the gaps between times are measured."""
_DAYS_MEASURED: Final = 40
_UNCLEAR: Final = (
    "GitHub does not document how it reads `*` in one day field beside the other: compare its runs "
    "with the times of `reconcile next`"
)
_CRONS: Final = "`schedule` has to be a list of `- cron: …`: GitHub does not run this"


def read_github_workflow(text: str, stem: str) -> ImportedFile:
    """Read a workflow.

    Args:
        stem: name of its file, for a workflow without a name.

    Raises:
        ReconcileError: it is not YAML.
    """
    return ImportedFile.of(
        item for document in documents(text) for item in _workflow(document, stem)
    )


def _workflow(document: yaml.Node, stem: str) -> Iterator[Draft | Remark]:
    name = text_at(document, "name") or stem
    on = at(document, "on")
    schedule = at(on, "schedule")
    if schedule is None:
        named = [item.value for item in items(on)] if on is not None else []
        if "schedule" in named or text_at(document, "on") == "schedule":
            yield Remark(line_of(on or document), "on: schedule", _CRONS)
        return
    if not items(schedule):
        yield Remark(line_of(schedule), "on.schedule", _CRONS)
    seen: dict[tuple[str | None, str | None], int] = {}
    for entry in items(schedule):
        times = (text_at(entry, "cron"), text_at(entry, "timezone"))
        if times[0] is not None and times in seen:
            reason = f"is in this list already, on line {seen[times]}: one manifest is enough"
            yield Remark(line_of(entry), times[0], reason)
            continue
        seen[times] = line_of(entry)
        yield from _entry(entry, name)
    for key, value in fields(on).items():
        if key != "schedule":
            reason = "not a schedule: it stays in the workflow"
            yield Remark(line_of(value), f"on.{key}", reason)
    for key, value in fields(document).items():
        if key == "jobs":
            for job, body in fields(value).items():
                reason = "write what the job does as a Modal function"
                yield Remark(line_of(body), f"job {job}", reason)
        elif key not in {"name", "on"}:
            yield Remark(line_of(value), key, _REASONS.get(key, "a manifest has no such field"))


_REASONS: Final = {
    "concurrency": "write it as `overlap`: `queue`, or `replace` for cancel-in-progress",
    "env": "give it to the function",
    "permissions": "a Modal function has secrets instead of a token",
}


def _entry(entry: yaml.Node, name: str) -> Iterator[Draft | Remark]:
    cron = text_at(entry, "cron")
    if cron is None:
        yield Remark(line_of(entry), "an entry of `schedule`", "has no `cron`")
        return
    line = line_of(at(entry, "cron") or entry)
    for key, value in fields(entry).items():
        if key not in {"cron", "timezone"}:
            yield Remark(line_of(value), f"{key} of {cron}", "GitHub knows `cron` and `timezone`")
    if cron.startswith("@"):
        yield Remark(line, cron, "GitHub reads five fields only, so it does not run this")
        return
    if is_unclear(cron):
        yield Remark(line, cron, _UNCLEAR, RemarkKind.DIFFERS)
    gap = _shortest_gap(cron)
    if gap is not None and gap < SHORTEST:
        reason = (
            f"GitHub keeps {SHORTEST} minutes between two runs, and a manifest keeps each time: "
            f"here {gap} apart"
        )
        yield Remark(line, cron, reason, RemarkKind.DIFFERS)
    yield Draft(
        line=line,
        name=name,
        schedule=(cron,),
        timezone=text_at(entry, "timezone") or "UTC",
        origin=f"{cron} of the workflow {name}",
        clock=GITHUB,
    )


def _shortest_gap(cron: str) -> int | None:
    """The fewest minutes between two times; None when there is one time at most, or no cron."""
    try:
        timetable = Timetable((parse(cron),), "UTC")
    except CronError:
        return None
    start = _DAY * 24 * 60
    times = timetable.between(start, start + _DAYS_MEASURED * 24 * 60)
    return min((later - earlier for earlier, later in pairwise(times)), default=None)
