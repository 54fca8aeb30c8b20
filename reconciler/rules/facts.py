"""The normalised manifest: what is written, with defaults filled in, and facts computed from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.manifest import FunctionTarget, Schedule
from reconciler.manifest.document import Document
from reconciler.manifest.fault import Path
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import UNITS
from reconciler.plan import Plan, upcoming
from reconciler.plan.preview import preview_records
from reconciler.rules.rule import LIVE, Subject

OFFLINE: Final = (
    "fires_per_day",
    "smallest_gap",
    "next",
    "deadline",
    "timeout",
    "tolerance",
    "cpu",
    "memory",
    "gpu",
    "file",
    "environment",
    "code_owners",
)
FACTS: Final = frozenset((*OFFLINE, *LIVE))
"""All facts; `docs/rules.md` explains each."""
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "deadline": ("deadline",),
    "timeout": ("timeout",),
    "tolerance": ("tolerance",),
    "cpu": ("cpu", "resources"),
    "memory": ("memory", "resources"),
    "gpu": ("gpu", "resources"),
    "code_owners": ("owner", "name"),
    "file": ("name",),
}
"""The keys that a fact is computed from, where it is not the time of the schedule."""
_DEFAULTS: Final[Mapping[str, Any]] = {
    "timezone": "UTC",
    "overlap": "allow",
    "catchup": "latest",
    "delivery": "at-least-once",
    "protect": False,
    "suspend": False,
    "labels": {},
    "args": {},
}


class Facts:
    """Computes the facts that rules read, and no others.

    Args:
        wanted: their names.
        now: epoch minute.
        owners: of a file; None without CODEOWNERS.
        plan: of the environment; None offline.
    """

    def __init__(
        self,
        wanted: Collection[str],
        now: int,
        owners: Callable[[str], list[str]] | None = None,
        plan: Plan | None = None,
    ) -> None:
        self._wanted = wanted
        self._now = now
        self._owners = owners
        self._costs = {} if plan is None or LIVE.isdisjoint(wanted) else _costs(plan)

    def subject(self, schedule: Schedule, environment: str, document: Document) -> Subject:
        """A manifest that is judged."""
        facts: dict[str, Any] = {"environment": environment}
        for name in self._wanted:
            value = self._fact(name, schedule)
            if value is not None:
                facts[name] = value
        written = document.value if isinstance(document.value, dict) else {}
        return Subject(schedule, environment, normalised(written, facts), document)

    def _fact(self, name: str, schedule: Schedule) -> Any:
        match name:
            case "fires_per_day":
                return fires_per_day(schedule, self._now)
            case "smallest_gap":
                return smallest_gap(schedule, self._now)
            case "next":
                (record,) = preview_records([schedule], self._now)
                found = upcoming(record, self._now, 1)
                return format_minute(found[0]) if found else None
            case "deadline" | "timeout" | "tolerance":
                return seconds(schedule, name)
            case "cpu" | "memory":
                return most(schedule, name)
            case "gpu":
                return gpus(schedule)
            case "file":
                return schedule.location.file
            case "code_owners":
                return None if self._owners is None else self._owners(schedule.location.file)
            case _:
                return self._costs.get(schedule.name, {}).get(name)


def normalised(written: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its defaults, lists where one text would do, and the facts."""
    value = {**_DEFAULTS, **written, "facts": facts}
    for key in ("schedule", "formerly"):
        if isinstance(value.get(key), str):
            value[key] = [value[key]]
    retries = value.get("retries")
    if retries is not None:
        given = retries if isinstance(retries, dict) else {"max": retries}
        value["retries"] = {"backoff": "1s", "factor": 2, **given}
    return value


def seconds(schedule: Schedule, name: str) -> float | None:
    """One of its durations, in seconds; None where it has none."""
    written: int | None = getattr(schedule, name)
    return written * UNITS[name].total_seconds() if written else None


def fires_per_day(schedule: Schedule, now: int) -> int:
    """The most occurrences of a local day."""
    if isinstance(schedule.times, datetime):
        return 1
    return schedule.times.most_per_day(now // MINUTES_PER_DAY)


def smallest_gap(schedule: Schedule, now: int) -> int | None:
    """Seconds between the two occurrences that are nearest to each other."""
    if isinstance(schedule.times, datetime):
        return None
    gap = schedule.times.smallest_gap(now // MINUTES_PER_DAY)
    return None if gap is None else gap * 60


def gpus(schedule: Schedule) -> int | None:
    """How many GPUs a run has at most; None when the manifest does not say it."""
    target = schedule.target
    if isinstance(target, FunctionTarget):
        named = target.resources.get("gpu")
        named = (named,) if isinstance(named, str) else None
    else:
        named = target.options.gpu
    if not named:
        return None
    return max(int(gpu.partition(":")[2] or 1) for gpu in named)


def position(path: Path, value: Mapping[str, Any]) -> Path:
    """The key of the manifest that a path of the normalised one is about."""
    if path[:1] != ("facts",):
        return path or ("name",)
    keys = _KEYS.get(str(path[1]) if len(path) > 1 else "", ("schedule", "at"))
    return next(((key,) for key in keys if key in value), ("name",))


def most(schedule: Schedule, key: str) -> float | None:
    """The limit of cores or of MiB, else the request; None when the manifest does not say it."""
    target = schedule.target
    if isinstance(target, FunctionTarget):
        found: Any = target.resources.get(key)
        most_of_it: float | None = found[-1] if isinstance(found, list) else found
        return most_of_it
    amount = target.options.cpu if key == "cpu" else target.options.memory
    if amount is None:
        return None
    return amount.request if amount.limit is None else amount.limit


def _costs(plan: Plan) -> dict[str, dict[str, Any]]:
    """What a plan knows of each schedule; the wakes of a shared slot are shared evenly."""
    found: dict[str, dict[str, Any]] = {}
    for slot in plan.slots:
        wakes = plan.wakes.by_slot.get(slot.name, 0)
        for name in slot.schedules:
            share = wakes / len(slot.schedules)
            found[name] = {
                "slot": slot.name,
                "wakes_a_month": round(share, 1),
                "dollars_a_month": round(plan.price.usd(wakes) / len(slot.schedules), 6),
            }
    return found
