"""What a plan says of renames: which names are old ones, and which were probably meant to be."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from reconciler.manifest import Schedule
from reconciler.model.generation import Generation
from reconciler.plan.chains import Followed
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.foreign import Warned


def renamed_from(generation: Generation, live: Collection[str]) -> Iterator[str]:
    """The live names that a plan gives up for new ones: those schedules are not deleted.

    A name that a schedule gave up long ago does not count: another one may bear it by now.
    """
    for record in generation.records:
        if record.name not in live:
            yield from (old for old, _last in record.formerly[-1:] if old in live)


def rename_warnings(
    followed: Followed, changes: Iterable[Change], live: Collection[str], gap: str
) -> Iterator[Warned]:
    """Warn of a ``formerly`` without effect, and of what looks like a rename without one.

    Args:
        live: the names that are live.
        gap: why git's history may hold more renames, empty when it does not.
    """
    of_schedules = [change for change in changes if change.kind is Kind.SCHEDULE]
    deleted = {change.name: change for change in of_schedules if change.action is Action.DELETE}
    created = {change.name: change for change in of_schedules if change.action is Action.CREATE}
    likely = _likely(created, deleted)
    yield from dict.fromkeys(followed.unclear.values())
    for schedule in followed.schedules:
        location = schedule.location
        if schedule.name in followed.unclear:
            continue
        if schedule.name in likely:
            message = _proposal(schedule, likely[schedule.name])
        elif schedule.name in created and schedule.formerly and live:
            message = _nothing_found(schedule, gap)
        elif schedule.name in live and deleted.keys() & set(schedule.formerly):
            gone = next(old for old in schedule.formerly if old in deleted)
            message = (
                f"{schedule.name}: `formerly` names {gone}, and {schedule.name} is live already "
                f"with a history of its own: {gone} is deleted, and its history stays where it is"
            )
        else:
            continue
        yield Warned(message, location.file, location.line)


def _proposal(schedule: Schedule, old: str) -> str:
    names = [*schedule.formerly, old]
    line = f"formerly: {old}" if len(names) == 1 else f"formerly: [{', '.join(names)}]"
    return (
        f"{schedule.name}: has the function, the schedule and the arguments of {old}, which is "
        f"deleted with its history; if it is its new name, add `{line}`"
    )


def _nothing_found(schedule: Schedule, gap: str) -> str:
    named = " and ".join(schedule.formerly)
    which = "no live schedule has that name" if len(schedule.formerly) == 1 else "none is live"
    return (
        f"{schedule.name}: `formerly` names {named}, and {which}: it begins without a history; "
        "if it was renamed more than once since the last apply, list every earlier name"
        + (f" ({gap})" if gap else "")
    )


def _likely(created: Mapping[str, Change], deleted: Mapping[str, Change]) -> Mapping[str, str]:
    """New name to old name, where exactly one deleted schedule says the same as a created one."""
    olds, news = _by_work(deleted, "before"), _by_work(created, "after")
    return {
        news[work][0]: olds[work][0]
        for work in news.keys() & olds.keys()
        if len(news[work]) == len(olds[work]) == 1
    }


def _by_work(changes: Mapping[str, Change], side: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, change in changes.items():
        record: Mapping[str, Any] | None = getattr(change, side)
        if record is not None:
            work = [record.get(key) for key in _WORK]
            found.setdefault(json.dumps(work, sort_keys=True), []).append(name)
    return found


_WORK = ("app", "function", "when", "timezone", "at", "args")
"""What makes two schedules the same work: what they call, with what, and when."""
