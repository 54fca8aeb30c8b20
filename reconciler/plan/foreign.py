"""What others in the workspace deployed, as far as it matters to a plan.

What of it cannot be read is named and stops nothing: it decides neither the budget nor the packing,
which would change with every hour in which Modal shows more or less of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.cron import minute
from reconciler.manifest import FunctionTarget, Schedule
from reconciler.plan.budget import Budget
from reconciler.plan.state import Actual, Unread
from reconciler.words import count


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that is allowed and suspicious."""

    message: str
    file: str | None = None
    line: int | None = None


def unread_warnings(actual: Actual, budget: Budget) -> Iterator[Warned]:
    """Name what could not be read, and say what a deploy may run into for it."""
    possible = len(budget.foreign) + sum(one.maybe_cron for one in actual.unread)
    most = possible + budget.reserve + budget.used
    refused = budget.limit is not None and most > budget.limit
    for one in actual.unread:
        yield Warned(f"{_subject(one)}: {one.why}; {_consequence(one, refused)}")


def _subject(one: Unread) -> str:
    if not one.environment:
        return "the Modal environments other than ours are not listed"
    if not one.app:
        return f"the apps of the Modal environment `{one.environment}` are not listed"
    if not one.function:
        return f"the app `{one.app}` in the Modal environment `{one.environment}` cannot be read"
    what = "the schedule" if one.text is not None else "the function"
    of = "of " if one.text is not None else ""
    return (
        f"{what} {of}`{one.app}/{one.function}` in the Modal environment `{one.environment}` "
        "cannot be read"
    )


def _consequence(one: Unread, refused: bool) -> str:
    if not one.function:
        return "its crons are unknown; Modal may refuse the deploy"
    if one.text is not None:
        return "it is counted as one cron"
    counted = "it is counted as one cron, which packing leaves out of account"
    return f"{counted}; Modal may refuse the deploy" if refused else counted


def twice_warnings(
    schedules: Iterable[Schedule], schedules_of_modal: Mapping[tuple[str, str], str], now: int
) -> Iterator[Warned]:
    """Warn of schedules whose function also has a schedule of its own at Modal.

    Args:
        schedules_of_modal: app and function to that schedule, in the Modal environment of ours.
        now: epoch minute.
    """
    for schedule in schedules:
        target = schedule.target
        if not isinstance(target, FunctionTarget) or not _runs(schedule, now):
            continue
        text = schedules_of_modal.get((target.app, target.function))
        if text is not None:
            yield Warned(
                f"{schedule.name}: {target} also has a Modal schedule of its own, {text}, so it "
                "runs twice; take `schedule=` out of its code and deploy it (docs/migrating.md "
                "has the order that doubles no run)",
                schedule.location.file,
                schedule.location.line,
            )


def _runs(schedule: Schedule, now: int) -> bool:
    """Whether it runs at all: what is suspended or has ended doubles nothing."""
    pause = schedule.suspension
    if pause is not None and (pause.until is None or minute(pause.until) > now):
        return False
    ends = minute(schedule.times) if isinstance(schedule.times, datetime) else schedule.end
    return ends is None or ends > now


def schedules_of_modal(actual: Actual, environment: str) -> dict[tuple[str, str], str]:
    """The functions of a Modal environment that have a schedule of their own, with its text."""
    return {
        (cron.app, cron.function): cron.text
        for cron in actual.foreign
        if cron.environment == environment
    }


def held_words(actual: Actual, budget: Budget) -> str:
    """How many crons others hold, in a few words."""
    if actual.revision is not None:
        return "those of others are not known offline"
    maybe = sum(one.maybe_cron for one in actual.unread)
    known = f"{len(budget.foreign)} held by other apps" if budget.foreign else "none held by others"
    return f"{known}, {count(maybe, 'function')} not readable" if maybe else known
