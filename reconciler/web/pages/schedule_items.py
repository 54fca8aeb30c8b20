"""The items of schedules: each under its cause where that is known, those with the same error or
the same function as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.cron import instant
from reconciler.dispatch.decide.dependencies import WAITS_FOR
from reconciler.foreign_text import on_one_line
from reconciler.model.runs_file import RunState
from reconciler.query.status import ScheduleStatus, State
from reconciler.web.pages.commands import command_of, trouble_of
from reconciler.web.pages.glyphs import Glyph, glyph_of, urgency, word_of
from reconciler.web.pages.listing import LONGEST, reason_of
from reconciler.web.pages.moments import moment, span

ALIKE: Final = 3
"""Schedules with the same error, or the same function, that become one item."""
NAMED: Final = 4
"""Of those, how many are named."""
_ERRORS: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.START_FAILED})
"""The states of a run whose reason is an error."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs attention.

    Attributes:
        title: a schedule's name, or what it is about.
        link: the schedule's page; empty where there is none.
        since: `since 04:15Z`, `5 min overdue`.
        sentence: what, and what it is compared with.
        command: complete; empty where none helps, and from the tenth item on.
        names: schedules that it is about, or that wait for it, each a link; `others` counts those
            that are not named.
        parts: what it caused.
    """

    glyph: Glyph
    title: str
    link: str
    since: str
    sentence: str
    command: str
    names: tuple[str, ...] = ()
    others: int = 0
    parts: tuple[Item, ...] = ()


def schedule_items(wanting: Sequence[ScheduleStatus], item_of: ItemMaker) -> Iterator[Item]:
    """The items, the worst first; of those alike the ones about more schedules, then the oldest.

    Args:
        wanting: those that need attention.
    """
    items: list[tuple[tuple[object, ...], Item]] = []
    for group, title in _groups([one for one in wanting if one.record.name not in item_of.caused]):
        item = item_of(group[0]) if len(group) == 1 else _group(group, title, item_of.now)
        number = len(group) + len(item_of.waiting.get(group[0].record.name, ()))
        worst, oldest = min(map(urgency, group)), min(map(_since, group))
        items.append(((worst, -number, oldest, group[0].record.name), item))
    return (item for _place, item in sorted(items, key=lambda one: one[0]))


def _groups(
    wanting: Sequence[ScheduleStatus],
) -> Iterator[tuple[Sequence[ScheduleStatus], str]]:
    """Each schedule once: with those that have the same error, else the same function, else alone;
    and what the group has in common."""
    left = {one.record.name: one for one in wanting}
    for what, key_of in (("error", _error), ("function", _function)):
        alike: dict[tuple[str, ...], list[ScheduleStatus]] = {}
        for one in left.values():
            key = key_of(one)
            if _has_failed(one) and key:
                alike.setdefault((one.state, *key), []).append(one)
        for group in alike.values():
            if len(group) >= ALIKE:
                yield group, what
                left = {name: one for name, one in left.items() if one not in group}
    for one in left.values():
        yield (one,), ""


def _has_failed(one: ScheduleStatus) -> bool:
    """Whether its state is the one in which its newest run ended, by an error."""
    if one.last is None or one.last.state not in _ERRORS:
        return False
    return one.state in (State.FAILED, State.TIMED_OUT) or (
        one.state is State.OVERDUE and one.last.state is RunState.START_FAILED
    )


def _error(one: ScheduleStatus) -> tuple[str, ...]:
    return (one.last.reason,) if one.last is not None and one.last.reason else ()


def _since(one: ScheduleStatus) -> int:
    """The nominal time with which its trouble began; epoch minute."""
    failing = one.state in (State.FAILED, State.TIMED_OUT)
    return one.since if failing and one.since is not None else trouble_of(one)


def _function(one: ScheduleStatus) -> tuple[str, ...]:
    return one.record.app, one.record.function


def _group(group: Sequence[ScheduleStatus], same: str, now: datetime) -> Item:
    newest = max(group, key=trouble_of)
    oldest = min(map(_since, group))
    error = on_one_line(_error(newest)[0] if _error(newest) else "")[:LONGEST]
    names = sorted(one.record.name for one in group)
    sentence = f"{error}:"
    if same == "function":
        function = f"{newest.record.app}/{newest.record.function}"
        sentence = f"{function}; the newest error is {error}:" if error else f"{function}:"
    return Item(
        Glyph(newest.state, word_of(newest.state)),
        f"{len(group)} schedules with the same {same}",
        "",
        f"since {moment(oldest, now).text}",
        sentence,
        "",
        names=tuple(names[:NAMED]),
        others=max(0, len(names) - NAMED),
    )


@dataclass(frozen=True, slots=True)
class ItemMaker:
    """Makes the item of a schedule, which names what waits for it.

    Attributes:
        waiting: by name, the schedules whose newest occurrence waits for it, those among them that
            wait for what waits.
        caused: the schedules that wait for one that needs attention: they have no item.
        environment: as the command line names it.
    """

    waiting: Mapping[str, Sequence[ScheduleStatus]]
    caused: frozenset[str]
    environment: str
    now: datetime

    @classmethod
    def of(cls, schedules: Iterable[ScheduleStatus], environment: str, now: datetime) -> ItemMaker:
        """With what these schedules wait for."""
        by_name = {one.record.name: one for one in schedules}
        waiting: dict[str, list[ScheduleStatus]] = {}
        caused: set[str] = set()
        for name, one in by_name.items():
            for upstream in _causes(one, by_name):
                waiting.setdefault(upstream, []).append(one)
                if not by_name[upstream].well:
                    caused.add(name)
        return cls(waiting, frozenset(caused), environment, now)

    def __call__(self, one: ScheduleStatus) -> Item:
        now, name = self.now, one.record.name
        at = _since(one)
        since = f"{span(now - instant(at))} overdue" if one.state is State.OVERDUE else ""
        since = since if one.state is not State.DRIFT else "compared just now"
        sentence = reason_of(one, now)[:LONGEST]
        sentence += "." if sentence and sentence[-1] not in ".!?" else ""
        waiting = self.waiting.get(name, ())
        if waiting:
            sentence = f"{sentence} Waiting for it{self._first_by(waiting)}:".strip()
        return Item(
            glyph=glyph_of(one),
            title=name,
            link=name,
            since=since or f"since {moment(at, now).text}",
            sentence=sentence,
            command=command_of(one, self.environment),
            names=tuple(other.record.name for other in waiting[:NAMED]),
            others=max(0, len(waiting) - NAMED),
        )

    def _first_by(self, waiting: Sequence[ScheduleStatus]) -> str:
        """By when the first of them should start, where that is near or over."""
        first = min((one.start_by for one in waiting if one.start_by is not None), default=None)
        if first is None:
            return ""
        return f", to start by {moment(first, self.now).text}"


def _causes(one: ScheduleStatus, by_name: Mapping[str, ScheduleStatus]) -> frozenset[str]:
    """The schedules for which the newest occurrence of this one waits; of those that wait
    themselves, what they wait for."""
    reason = one.last.reason or "" if one.last is not None else ""
    found = frozenset[str]()
    if one.state is State.WAITING and reason.startswith(WAITS_FOR):
        for upstream in one.record.after:
            record = by_name.get(upstream.name)
            if record is not None and any(f" {name}@" in reason for name in record.record.names):
                found |= _causes(record, by_name) or {record.record.name}
    return found
