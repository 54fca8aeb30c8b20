"""What other schedulers do when the clock changes, where a manifest does something else.

A manifest does as Debian's cron: a time that the clock skips runs once at the change, a time that
comes twice runs the first time, and an expression with a wildcard minute or hour follows the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reconciler.cron import (
    Expression,
    Timetable,
    Transition,
    instant,
    parse,
    parse_times,
    zone_named,
)
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.fields import HOUR
from reconciler.cron.local import local_minutes
from reconciler.cron.text import members

AHEAD: Final = 400 * MINUTES_PER_DAY
"""Minutes within which changes are looked at: a year, and what a rule may shift them by."""


class Skipped(Enum):
    """When a scheduler runs a time that the clock skips."""

    AT_CHANGE = "when the clock has changed"
    LATER = "as much later as the clock jumps"
    NEVER = "never"
    UNKNOWN = "not documented"


class Repeated(Enum):
    """When a scheduler runs a time that comes twice; the value is how it is said."""

    FIRST = "runs it the first time only"
    SECOND = "runs it the second time only"
    BOTH = "runs it both times"
    UNKNOWN = "does not document when it runs it"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """What a scheduler does.

    Attributes:
        scheduler: its name.
        hourly: as ``repeated``, of an expression that runs in each hour.
    """

    scheduler: str
    skipped: Skipped
    repeated: Repeated
    hourly: Repeated


# robfig/cron: `spec_test.go`, and the page on CronWorkflows of Argo.
KUBERNETES: Final = ClockRule("Kubernetes", Skipped.NEVER, Repeated.BOTH, Repeated.BOTH)
ARGO: Final = ClockRule("Argo", Skipped.NEVER, Repeated.BOTH, Repeated.BOTH)
# `systemd-analyze calendar` of systemd 252; of an hour that comes twice the second is passed over.
SYSTEMD: Final = ClockRule("systemd", Skipped.NEVER, Repeated.FIRST, Repeated.FIRST)
# `CronMixin._get_next` of Airflow: a local time that is skipped or repeated is made with `fold=1`.
AIRFLOW: Final = ClockRule("Airflow", Skipped.LATER, Repeated.SECOND, Repeated.BOTH)
# `crontab.is_due` of Celery 5.6, called as beat does over the changes in Europe/Berlin.
CELERY: Final = ClockRule("Celery", Skipped.LATER, Repeated.FIRST, Repeated.FIRST)
# GitHub's page on events: "a 2:30 AM schedule advances to 3:00 AM"; it says nothing of the other.
GITHUB: Final = ClockRule("GitHub", Skipped.AT_CHANGE, Repeated.UNKNOWN, Repeated.BOTH)
MODAL: Final = ClockRule("Modal", Skipped.UNKNOWN, Repeated.UNKNOWN, Repeated.BOTH)


def clock_difference(
    rule: ClockRule, schedule: Sequence[str], zone: str, exclude: Sequence[str], now: int
) -> str | None:
    """What differs at the next changes of a zone's clock; None when nothing does.

    Args:
        schedule, exclude: as in a valid manifest.
        now: epoch minute.
    """
    excluded = [Timetable((parse(text),), "UTC") for text in exclude]
    expressions = [found for text in schedule for found in parse_times(text)]
    found: dict[bool, str] = {}
    for change in zone_named(zone).transitions(now, now + AHEAD):
        for expression in expressions:
            times = [
                local
                for local in _affected(expression, change)
                # Read in UTC, an expression's times are local minutes.
                if not any(one.matches(local) for one in excluded)
            ]
            for text in _difference(rule, expression, zone, change, times):
                found.setdefault(bool(change.skips), text)
    return "; ".join(found.values()) or None


def _affected(expression: Expression, change: Transition) -> list[int]:
    """The local minutes that the clock skips or repeats, on the local clock since 1970."""
    old, new = change.minute + change.before, change.minute + change.after
    first = min(old, new)
    bits = local_minutes(expression.dates, expression.times, first, abs(new - old))
    return [first + offset for offset in members(bits)]


def _difference(
    rule: ClockRule, expression: Expression, zone: str, change: Transition, times: list[int]
) -> Iterator[str]:
    if not times:
        return
    more = f" (and {len(times) - 1} more)" if len(times) > 1 else ""
    time = f"{instant(times[0]):%H:%M}{more}"
    day = f"on {instant(times[0]):%Y-%m-%d} in {zone}"
    hourly = expression.hours == HOUR.full
    if change.skips and not hourly:
        ours = Skipped.NEVER if expression.wildcard else Skipped.AT_CHANGE
        theirs, mine = (_runs(skipped, times[0], change) for skipped in (rule.skipped, ours))
        if theirs != mine:
            yield f"{time} does not exist {day}: {rule.scheduler} {theirs}, a manifest {mine}"
    elif not change.skips:
        said = rule.hourly if hourly else rule.repeated
        own = Repeated.BOTH if expression.wildcard else Repeated.FIRST
        if said is not own:
            yield f"{time} comes twice {day}: {rule.scheduler} {said.value}, a manifest {own.value}"


def _runs(skipped: Skipped, local: int, change: Transition) -> str:
    """``runs it at 03:00``, of a local minute that the clock skips."""
    match skipped:
        case Skipped.NEVER:
            return "does not run it"
        case Skipped.UNKNOWN:
            return "does not document when it runs it"
        case Skipped.AT_CHANGE:
            at = change.minute + change.after
        case Skipped.LATER:
            at = local + change.after - change.before
    return f"runs it at {instant(at):%H:%M}"
