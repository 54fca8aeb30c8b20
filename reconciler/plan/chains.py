"""Follow renames through commits that were never applied.

An apply of the newest commit moves each history to where applies of every commit on the way would
have moved it. What a planned manifest and the live record say of earlier names comes first. Where
git leads to no single schedule, nothing is guessed: a warning names what it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.manifest import Schedule
from reconciler.model.generation import Generation
from reconciler.plan.compilation import given_back, past_of
from reconciler.plan.foreign import Warned
from reconciler.plan.past import Hop, describe_way, way
from reconciler.plan.state import Actual, Desired


@dataclass(frozen=True, slots=True)
class Followed:
    """The planned schedules, with the earlier names that git adds.

    Attributes:
        schedules: each renamed one with the live name among its earlier ones.
        chains: schedule name to the renames that lead to it from the live name, oldest first.
        unclear: schedule name to a warning: git leads to no single schedule.
    """

    schedules: tuple[Schedule, ...]
    chains: Mapping[str, tuple[Hop, ...]] = field(default_factory=dict)
    unclear: Mapping[str, Warned] = field(default_factory=dict)


def commit_to_follow(desired: Desired, actual: Actual) -> str | None:
    """The live commit, when a schedule is new and may have had another name at that commit.

    None in an ordinary plan, which then reads nothing of git's history.
    """
    pointer = actual.pointer
    live = actual.revision or (None if pointer is None else pointer.commit)
    if desired.commit in (None, live):
        return None
    names = _KnownNames.of(desired.schedules, actual)
    needed = any(one.formerly or names.free for one in names.created)
    return live if needed else None


def follow_renames(desired: Desired, actual: Actual) -> Followed:
    """Add to each new schedule the live name that it had, as far as git says it without doubt."""
    names = _KnownNames.of(desired.schedules, actual)
    chains: dict[str, tuple[Hop, ...]] = {}
    unclear: dict[str, Warned] = {}
    claims: dict[str, list[Schedule]] = {}
    for schedule in names.created:
        found = desired.past.trace(schedule.name, schedule.formerly)
        ways = {live: way(found, live, schedule.name) for live in sorted(names.live & found.keys())}
        if len(ways) > 1:
            unclear[schedule.name] = _warned(schedule, _several(schedule.name, ways))
        elif ways:
            ((live, hops),) = ways.items()
            chains[schedule.name] = hops
            if live in names.free:
                claims.setdefault(live, []).append(schedule)
            else:
                message = _taken(schedule.name, live, hops, names.claimed.get(live))
                unclear[schedule.name] = _warned(schedule, message)
    for live, heirs in claims.items():
        if len(heirs) > 1:
            unclear[heirs[0].name] = _warned(heirs[0], _shared(live, heirs, chains))
            unclear.update({heir.name: unclear[heirs[0].name] for heir in heirs[1:]})
    moved = {heirs[0].name: live for live, heirs in claims.items() if len(heirs) == 1}
    return Followed(
        tuple(
            replace(schedule, formerly=(*schedule.formerly, moved[schedule.name]))
            if schedule.name in moved
            else schedule
            for schedule in desired.schedules
        ),
        {name: chains[name] for name in moved},
        unclear,
    )


@dataclass(frozen=True, slots=True)
class _KnownNames:
    """What is known of the names before git's history is read.

    Attributes:
        live: every live name.
        created: the planned schedules whose live name is not known.
        claimed: live name to the planned schedule that has it among its earlier names.
        free: the live names that no planned schedule bears or has borne.
    """

    live: frozenset[str]
    created: tuple[Schedule, ...]
    claimed: Mapping[str, str]
    free: frozenset[str]

    @classmethod
    def of(cls, schedules: Sequence[Schedule], actual: Actual) -> _KnownNames:
        live = actual.live_names
        names = {schedule.name for schedule in schedules}
        claimed = {
            old: schedule.name
            for schedule in schedules
            for old in schedule.formerly
            if old in live and old not in names
        }
        for generation in _generations(actual):
            for name, live_name in given_back(past_of(generation), schedules).items():
                claimed.setdefault(live_name, name)
        known = {*live, *claimed.values()}
        return cls(
            live,
            tuple(schedule for schedule in schedules if schedule.name not in known),
            claimed,
            live - names - claimed.keys(),
        )


def _generations(actual: Actual) -> Iterator[Generation]:
    before = None if actual.lost is None else actual.lost.before
    yield from (one for one in (actual.applied, actual.live, before) if one is not None)


def _warned(schedule: Schedule, message: str) -> Warned:
    return Warned(message, schedule.location.file, schedule.location.line)


def _several(name: str, ways: Mapping[str, Sequence[Hop]]) -> str:
    found = "; and ".join(f"it was {describe_way(live, hops)}" for live, hops in ways.items())
    return (
        f"{name}: git says that {found}; both are live, so it begins without a history; to move "
        "one, name it in `formerly`"
    )


def _taken(name: str, live: str, hops: Sequence[Hop], claimed_by: str | None) -> str:
    keeps = (
        f"a schedule {live} is in git again and keeps that history"
        if claimed_by is None
        else f"{claimed_by} names {live} in its `formerly` and takes that history"
    )
    return (
        f"{name}: git says that it was {describe_way(live, hops)}; {keeps}, so {name} begins "
        "without one"
    )


def _shared(live: str, heirs: Sequence[Schedule], chains: Mapping[str, Sequence[Hop]]) -> str:
    names = " and ".join(heir.name for heir in heirs)
    ways = "; ".join(f"{' and '.join(map(str, chains[heir.name]))}" for heir in heirs)
    return (
        f"{names}: git says of each that it was {live} ({ways}); a history moves to one schedule, "
        f"so {live} is deleted and they begin without one; to move it, add {live} to the "
        "`formerly` of one of them"
    )
