"""What a plan says of renames: which names are old ones, and which were probably meant to be."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

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
    yield from _exchanges(of_schedules)
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


def _exchanges(changes: Iterable[Change]) -> Iterator[Warned]:
    """Warn of schedules that now do the work of another one, as if names had been exchanged."""
    others = [one for one in changes if one.action is not Action.RENAME]
    olds = {one.name: one for one in others if one.before is not None and _is_other(one)}
    news = {one.name: one for one in others if one.after is not None and _is_other(one)}
    took = {
        new: old
        for new, old in _likely(news, olds).items()
        if new in olds or old in news  # else it is a rename without `formerly`
    }
    for name in sorted(took):
        group = [name]
        while took.get(group[-1], name) not in group:
            group.append(took[group[-1]])
        if took.get(group[-1]) != name:
            gone = "does something else now" if took[name] in news else "is deleted"
            message = f"{name}: has the {_ALL} of {took[name]}, which {gone}"
        elif name == min(group):
            named = f"{', '.join(group[:-1])} and {group[-1]}"
            other = "the other" if len(group) == 2 else "another of them"
            message = f"{named}: each has the {_ALL} that {other} had"
        else:
            continue
        yield Warned(f"{message}; {_STAY}", news[name].file, news[name].line)


_ALL: Final = "function, the schedule and the arguments"
_STAY: Final = (
    "histories stay with the names: if names were exchanged, undo it and rename one schedule after "
    "the other, each to a name that is free by then, with `formerly` and an apply for each"
)


def _is_other(change: Change) -> bool:
    """Whether a schedule begins, ends or does other work."""
    return (
        change.before is None or change.after is None or _work(change.before) != _work(change.after)
    )


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
    if not created or not deleted:
        return {}
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
            found.setdefault(_work(record), []).append(name)
    return found


def _work(record: Mapping[str, Any] | None) -> str:
    """What a record calls, with what, and when; as a text to compare."""
    return json.dumps([(record or {}).get(key) for key in _WORK], sort_keys=True)


_WORK = ("app", "function", "when", "timezone", "at", "args")
"""What makes two schedules the same work: what they call, with what, and when."""
