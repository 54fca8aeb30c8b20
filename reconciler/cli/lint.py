"""``reconcile lint``: schedules that are valid and suspicious. It asks Modal nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.cli.inputs import read_inputs, schedules_of
from reconciler.cli.json_output import print_json
from reconciler.cron import Timetable, minute
from reconciler.cron import warnings as cron_warnings
from reconciler.cron.advice import WarningKind
from reconciler.manifest import Schedule
from reconciler.model.occurrence import format_minute
from reconciler.plan import upcoming
from reconciler.plan.preview import preview_records
from reconciler.render.crowds import Crowd, find_crowds
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style
from reconciler.words import count

FINDINGS: Final = 1
NEVER, PAST, CROWDED = "never", "past", "crowded-minute"
RULES: Final = (*(kind.value for kind in WarningKind), NEVER, PAST, CROWDED)
"""Every rule; `docs/lint.md` explains each."""
NAMED: Final = 5
"""Schedules of a crowded minute that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One suspicious thing; its place is None when it is about many schedules."""

    rule: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


def main(*, env: str | None, schedules: str | None, form: str) -> int:
    """Print the findings. Returns 1 when there are any."""
    inspected = schedules_of(read_inputs(env, schedules))
    found = list(lint(inspected, datetime.now(UTC)))
    if form == "json":
        findings = [asdict(finding) for finding in found]
        print_json({"format": OUTPUT_FORMAT, "findings": findings})
    else:
        style = Style.of(sys.stdout)
        for finding in found:
            where = f"{finding.file}:{finding.line}:{finding.column}: " if finding.file else ""
            print(f"{where}{style.yellow(finding.rule)}: {finding.message}")
        if not found:
            print(f"{count(len(inspected), 'schedule')}, nothing suspicious.")
    return FINDINGS if found else 0


def lint(schedules: Iterable[Schedule], now: datetime) -> Iterator[LintFinding]:
    """The findings in the order of the manifests, crowded minutes last."""
    timetables: dict[str, Timetable] = {}
    for schedule in sorted(schedules, key=lambda schedule: schedule.location):
        if isinstance(schedule.times, datetime):
            yield from _past(schedule, now)
            continue
        yield from _never(schedule, minute(now))
        if schedule.follows:
            continue  # its times are those of its upstream, of which they are said
        for warning in cron_warnings(schedule.times.expressions, schedule.times.zone, now):
            message = f"{schedule.name}: {warning.message}"
            yield _at(schedule, warning.kind.value, message)
        if schedule.suspension is None:
            timetables[schedule.name] = schedule.times
    for crowd in find_crowds(timetables, minute(now)):
        yield LintFinding(CROWDED, _describe(crowd))


def _never(schedule: Schedule, now: int) -> Iterator[LintFinding]:
    """A schedule that is not suspended and never runs again."""
    (record,) = preview_records([schedule], now)
    if record.suspended is not None or upcoming(record, now, 1):
        return
    why = "`start`, `end` and `exclude` leave none of its times"
    if record.end is not None and record.end <= now:
        why = f"it ended at {format_minute(record.end)}; delete the manifest"
    yield _at(schedule, NEVER, f"{schedule.name}: never occurs: {why}")


def _past(schedule: Schedule, now: datetime) -> Iterator[LintFinding]:
    if isinstance(schedule.times, datetime) and schedule.times <= now:
        message = f"{schedule.name}: its time {schedule.when[0]} is past; delete the manifest"
        yield _at(schedule, PAST, message)


def _at(schedule: Schedule, rule: str, message: str) -> LintFinding:
    at = schedule.location
    return LintFinding(rule, message, at.file, at.line, at.column)


def _describe(crowd: Crowd) -> str:
    named = ", ".join(crowd.names[:NAMED])
    more = f" and {len(crowd.names) - NAMED} more" if len(crowd.names) > NAMED else ""
    freer = ", ".join(f":{minute:02}" for minute in crowd.freer)
    return (
        f"{len(crowd.names)} schedules start at {format_minute(crowd.at)}: {named}{more}. "
        f"Fewer start at {freer} past the hour."
    )
