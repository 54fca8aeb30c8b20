"""Backfills as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from reconciler.cron import instant, tzinfo_named
from reconciler.errors import command_line
from reconciler.foreign_text import as_lines
from reconciler.model.backfill import SHOWN
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import NEEDS_ATTENTION
from reconciler.plan.backfill import BackfillPlan
from reconciler.query.backfill_status import BackfillDetails, BackfillList
from reconciler.query.run_groups import fold
from reconciler.render.backfill_line import backfill_json, backfill_line, local_range
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import run_json, runs_text
from reconciler.render.style import Style
from reconciler.words import count

LISTED_FIRST: Final = 10
LISTED_LAST: Final = 3
"""Runs of a plan that are listed, of more than both together."""


def plan_text(plan: BackfillPlan) -> str:
    """A plan, several lines."""
    return as_lines(_plan_lines(plan))


def plan_json(plan: BackfillPlan) -> dict[str, Any]:
    """The same as JSON; all runs are listed."""
    return {
        "format": OUTPUT_FORMAT,
        "digest": plan.backfill.digest,
        "approved_before": plan.is_known,
        "timezone": plan.record.timezone,
        **plan.backfill.to_json(),
        "left_out": dict(plan.left_out),
        "wakes_at_most": plan.wakes,
        "dollars_at_most": plan.price.usd(plan.wakes),
    }


def list_text(found: BackfillList, style: Style) -> str:
    """A line for each backfill."""
    if not found.backfills:
        return "No backfills."
    return as_lines(backfill_line(one, style) for one in found.backfills)


def list_json(found: BackfillList) -> dict[str, Any]:
    """The same as JSON."""
    return {"format": OUTPUT_FORMAT, "backfills": [backfill_json(one) for one in found.backfills]}


def details_text(found: BackfillDetails, style: Style, environment: str | None) -> str:
    """One backfill: how it stands, and those of its runs that need attention."""
    return as_lines(_details_lines(found, style, environment))


def details_json(found: BackfillDetails) -> dict[str, Any]:
    """The same as JSON, with all its runs."""
    return {
        "format": OUTPUT_FORMAT,
        "backfill": backfill_json(found.status),
        "outcomes": dict(found.outcomes),
        "runs": [run_json(run) for run in found.runs],
    }


def _plan_lines(plan: BackfillPlan) -> Iterator[str]:
    backfill, record = plan.backfill, plan.record
    zone = record.timezone
    runs = len(backfill.runs)
    occurrences = runs + sum(plan.left_out.values())
    of_all = f"{count(runs, 'run')} of {count(occurrences, 'occurrence')}"
    span = local_range(backfill, zone)
    yield f"Backfill of {record.name}: {of_all} in {span}, --only {backfill.only}"
    yield from (f"  {run.id}  {_local(run.at, zone)}" for run in _first(backfill.runs))
    if runs > LISTED_FIRST + LISTED_LAST:
        yield f"  … {runs - LISTED_FIRST - LISTED_LAST:,} more (--format json lists all)"
        yield from (f"  {run.id}  {_local(run.at, zone)}" for run in backfill.runs[-LISTED_LAST:])
    if plan.left_out:
        parts = (f"{number:,} {reason}" for reason, number in plan.left_out.items())
        yield f"Left out: {', '.join(parts)}."
    if not runs:
        return
    order = "newest" if backfill.reverse else "oldest"
    at_once = "one at a time" if backfill.parallel == 1 else f"{backfill.parallel} at a time"
    yield f"The {order} first, {at_once}; what is due in the meantime comes before them."
    if record.suspended is not None:
        yield "The schedule is suspended: nothing starts until it is resumed."
    yield (
        f"At most {count(plan.wakes, 'wake')}, about ${plan.price.usd(plan.wakes):.2f}, beside "
        "what the runs themselves cost."
    )
    known = " It was approved before, and starts nothing twice." if plan.is_known else ""
    yield f"Digest {backfill.digest[:SHOWN]}.{known}"


def _first(runs: Sequence[Occurrence]) -> Sequence[Occurrence]:
    return runs if len(runs) <= LISTED_FIRST + LISTED_LAST else runs[:LISTED_FIRST]


def _details_lines(found: BackfillDetails, style: Style, environment: str | None) -> Iterator[str]:
    status, backfill = found.status, found.status.backfill
    yield backfill_line(status, style)
    yield f"  approved {backfill.at} by {backfill.by}; --only {backfill.only}"
    if status.end is not None:
        word, reason = status.word, status.end.reason
        said = reason if reason.startswith(word) else ": ".join(filter(None, (word, reason)))
        yield f"  over     {status.end.at}, {said}"
    states = ", ".join(f"{number:,} {state}" for state, number in sorted(found.outcomes.items()))
    yield f"  runs     {states}"
    failed = [run for run in found.runs if run.state in NEEDS_ATTENTION]
    if failed:
        text = runs_text(fold(failed[-LISTED_FIRST:]), style)
        yield from (f"  {line}" for line in text.splitlines())
    if status.word == "paused":
        again = command_line(f"backfill resume {backfill.digest[:SHOWN]}", environment)
        yield f"  resume   {again}"


def _local(at: int, zone: str) -> str:
    """``2026-11-20 07:00 CET``: of a time that the clocks repeat, the zone's name tells which."""
    return f"{instant(at).astimezone(tzinfo_named(zone)):%Y-%m-%d %H:%M %Z}"
