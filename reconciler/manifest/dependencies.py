"""Checks `after` over the whole repository, and gives a schedule without times those of its
upstream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from reconciler.manifest.document import Document
from reconciler.manifest.formerly import DeclaredNames
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.schedule import Schedule
from reconciler.manifest.validation_messages import did_you_mean
from reconciler.model.schedule_record import Upstream
from reconciler.words import nearest_name

_SHOWN: Final = 6
"""Names of a cycle that a message spells out."""


class ResolvedUpstreams(NamedTuple):
    """The schedules with the current names of their upstreams, and what is wrong.

    Attributes:
        schedules: in the order in which they were given.
    """

    schedules: list[Schedule]
    problems: list[Problem]


def resolve_dependencies(
    schedules: list[Schedule],
    linked: Iterable[tuple[Schedule, Document]],
    names: Sequence[DeclaredNames],
) -> ResolvedUpstreams:
    """Find the upstreams of all schedules.

    An upstream that was renamed is found by its `formerly`, so that a rename is a change of one
    file. The name that a schedule has now counts before names that others had.

    Args:
        linked: those of them that have `after`, and maybe others, each with its document.
        names: of all documents, also of those that are invalid otherwise.
    """
    dependants = [(schedule, document) for schedule, document in linked if schedule.after]
    if not dependants:
        return ResolvedUpstreams(schedules, [])
    resolver = _Resolver(
        {schedule.name: schedule for schedule in schedules},
        {one.name: one for one in reversed(names)},
        {old: one.name for one in reversed(names) for old, _at in one.formerly},
    )
    for schedule, document in dependants:
        resolver.resolve(schedule, document)
    resolver.refuse_cycles()
    if not resolver.problems:
        for schedule, _document in resolver.places.values():
            resolver.give_times(schedule.name)
    return ResolvedUpstreams(
        [resolver.schedules[schedule.name] for schedule in schedules], resolver.problems
    )


class _Resolver:
    def __init__(
        self,
        schedules: dict[str, Schedule],
        named: Mapping[str, DeclaredNames],
        formerly: Mapping[str, str],
    ) -> None:
        self.schedules = schedules
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[Schedule, Document]] = {}
        self._named = named
        self._formerly = formerly
        self._edges: dict[str, dict[str, Location]] = {}

    def resolve(self, schedule: Schedule, document: Document) -> None:
        """Find the upstreams of one schedule."""
        self.places[schedule.name] = (schedule, document)
        edges = self._edges.setdefault(schedule.name, {})
        found: list[Upstream] = []
        for one in schedule.after:
            at = _place(document, one.name)
            name = one.name if one.name in self._named else self._formerly.get(one.name)
            if name is None:
                self.problems.append(self._missing(schedule, one.name, at))
                continue
            problem = self._refused(schedule, name, at)
            if problem is None and name in edges:
                problem = Problem(
                    f"`after` names `{name}` twice, once by a former name",
                    at,
                    "keep one of them",
                )
            if problem is not None:
                self.problems.append(problem)
                continue
            edges[name] = at
            found.append(one._replace(name=name))
        after = tuple(sorted(found))
        self.schedules[schedule.name] = replace(self.schedules[schedule.name], after=after)

    def _missing(self, schedule: Schedule, name: str, at: Location) -> Problem:
        near = nearest_name(name, self._named.keys() - {schedule.name})
        remedy = (
            did_you_mean(near)
            if near
            else "if it was deleted, remove it from `after`, or delete this schedule with it"
        )
        return Problem(f"`after` names `{name}`, and there is no such schedule", at, remedy)

    def _refused(self, schedule: Schedule, name: str, at: Location) -> Problem | None:
        if name == schedule.name:
            return Problem(f"`{name}` cannot wait for itself", at, "remove it from `after`")
        upstream = self._named[name]
        mine = frozenset(schedule.environments)
        if upstream.environments and not (mine and mine <= upstream.environments):
            there = ", ".join(sorted(upstream.environments))
            lacking = ", ".join(sorted(mine - upstream.environments)) or "all environments"
            return Problem(
                f"`{name}` runs in {there} only, and `{schedule.name}` in {lacking}",
                at,
                "give both the same `environments`",
            )
        declared = self.schedules.get(name)
        if declared is not None and isinstance(declared.times, datetime):
            return Problem(f"`{name}` runs once, `at` a time: only schedules can be waited for", at)
        return None

    def refuse_cycles(self) -> None:
        """Name each circle once, where the first of its schedules by name waits."""
        done: set[str] = set()
        for start in sorted(self._edges):
            self._walk(start, [], done)

    def _walk(self, start: str, path: list[str], done: set[str]) -> None:
        stack = [(start, iter(sorted(self._edges.get(start, ()))))]
        path.append(start)
        while stack:
            name, others = stack[-1]
            following = next((other for other in others if other not in done), None)
            if following is None:
                stack.pop()
                path.pop()
                done.add(name)
            elif following in path:
                self._refuse_cycle(path[path.index(following) :])
            else:
                path.append(following)
                stack.append((following, iter(sorted(self._edges.get(following, ())))))

    def _refuse_cycle(self, cycle: list[str]) -> None:
        first = cycle.index(min(cycle))
        cycle = [*cycle[first:], *cycle[:first]]
        shown = cycle[1:_SHOWN] if len(cycle) > _SHOWN else cycle[1:]
        middle = "".join(f" waits for `{name}`, which" for name in shown)
        more = f" waits for {len(cycle) - _SHOWN} more, of which the last" * (len(cycle) > _SHOWN)
        following = cycle[1] if len(cycle) > 1 else cycle[0]
        self.problems.append(
            Problem(
                f"`{cycle[0]}`{middle}{more} waits for `{cycle[0]}`: none of them would ever start",
                self._edges[cycle[0]][following],
                "remove one of them from `after`",
            )
        )

    def give_times(self, name: str) -> None:
        """Give a schedule without times those of its upstream, which gets its own first."""
        chain: list[str] = []
        while (schedule := self.schedules[name]).follows and not schedule.when:
            chain.append(name)
            name = schedule.after[0].name
        upstream = schedule
        for name in reversed(chain):
            schedule = self.schedules[name]
            starts = [at for at in (schedule.start, upstream.start) if at is not None]
            ends = [at for at in (schedule.end, upstream.end) if at is not None]
            upstream = self.schedules[name] = replace(
                schedule,
                times=upstream.times,
                when=upstream.when,
                timezone=upstream.timezone,
                start=max(starts, default=None),
                end=min(ends, default=None),
            )


def _place(document: Document, name: str) -> Location:
    value = document.value
    after = value.get("after") if isinstance(value, Mapping) else None
    return (
        document.key_position("after", name)
        if isinstance(after, Mapping)
        else (document.position("after"))
    )
