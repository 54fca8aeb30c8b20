"""What is done to the stored state: entries and files become unreadable, a Volume is emptied.

:class:`~tests.simulation.world.Harm` notes which facts a harm may cost, for the checker. That is
little, since the claims, the cursor and the runs files each say what another of them said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import UnreadableEntry
from reconciler.model.occurrence import Occurrence
from reconciler.model.pointer import PROTECTED_KEY
from reconciler.model.task import NAME_PREFIX, TaskPath, parse_task_key, task_id_of
from tests.simulation.tasks import without_edition
from tests.simulation.wakes import WakeEvent
from tests.simulation.world import ENTRY_LIFE, World, counted, notice_of

GARBAGE: Final[Sequence[Any]] = (
    "hello",
    7,
    None,
    ["2026-11-20T06:00Z"],
    {},
    {"state": "claimed"},
    {"state": 5, "through": "yesterday"},
    {3: "a key that is not a text"},
    UnreadableEntry("it holds a value that cannot be unpickled"),
)
"""What an entry of the Dict may hold that the dispatcher did not write."""
NEWEST: Final = 8
"""Runs files, of which the newest matter most, among which one is picked."""


@dataclass(frozen=True, slots=True)
class Harming:
    """Something that is stored becomes unreadable, at so many seconds since the start."""

    at: float
    seed: str


@dataclass(frozen=True, slots=True)
class Emptying:
    """All files of the Volume go; seconds since the start.

    Attributes:
        repaired: when the next apply makes something live.
        made_anew: the Volume itself was deleted, and another one made: deployed functions hold the
            old one until the apply.
    """

    at: float
    repaired: float
    made_anew: bool


def draw_harms(seed: int, wakes: Sequence[WakeEvent], days: int) -> Iterator[Harming]:
    """The entries and files that become unreadable in so many days: at any time, and amid wakes."""
    random = Random(f"harm of seed {seed}")
    for number in range(random.choice((0, 0, 6, 30))):
        at = random.uniform(0, days * 86400.0)
        if wakes and random.random() < 0.6:
            at = random.choice(wakes).at + random.choice((0.0, random.uniform(0, 2)))
        yield Harming(at, f"harm {number} of seed {seed}")


def draw_emptying(seed: int, days: int) -> Emptying | None:
    """Whether the Volume is emptied, and when."""
    random = Random(f"Volume of seed {seed}")
    if random.random() < 0.6:
        return None
    at = random.uniform(0.2, 0.9) * days * 86400.0
    gap = random.choice((120.0, 3600.0, random.uniform(0.1, 1.5) * 86400.0))
    return Emptying(at, at + gap, made_anew=random.random() < 0.5)


def do_harm(world: World, harming: Harming) -> None:
    """Make something unreadable, and note what that may cost."""
    random = Random(harming.seed)
    harms = random.sample((_entry, _entry, _entry, _cursor, _runs_file, _task_file), 6)
    for harm in harms:
        if harm(world, random):
            return


def lose_cursor(world: World) -> None:
    """Remove the cursor's entry."""
    counted = frozenset(world.counted_misses())
    world.entries.pop(CURSOR_KEY, None)
    _note_lost_cursor(world, counted)


def empty(world: World, emptying: Emptying) -> None:
    """Remove all files."""
    harm = world.harm
    harm.emptied, harm.made_anew = world.now, emptying.made_anew
    for path in world.task_files:
        harm.tasks.add(_task_of(path))
    harm.known = frozenset(_known(world))
    world.files.clear()
    world.task_files.clear()
    note_forgotten(world)


def note_forgotten(world: World) -> None:
    """Note what was known when the Volume was emptied, and is written nowhere any more."""
    world.harm.forgotten |= world.harm.known.difference(_known(world))


def _known(world: World) -> Iterator[str]:
    """What the cursor or a runs file says: what is open, which misses an alarm has counted."""
    cursor = cursor_of(world.peek(CURSOR_KEY))
    if isinstance(cursor, Cursor):
        yield from cursor.pending
    yield from world.counted_misses()
    for file in world.files.values():
        for log in file.read():
            yield from log.pending
            for sending in log.sendings:
                if sending.times:
                    name = Occurrence.parse(sending.notification.partition("/")[2]).name
                    yield from (counted(Occurrence(name, at)) for at in sending.times)


def _entry(world: World, random: Random) -> bool:
    """One entry of a kind, of which the newest are the most likely."""
    alive = [key for key, (_, read) in world.entries.items() if world.now - read <= ENTRY_LIFE]
    kinds = sorted({_kind(key) for key in alive} - {CURSOR_KEY, PROTECTED_KEY})
    if not kinds:
        return False
    # Claims are what most depends on.
    kind = "claim" if "claim" in kinds and random.random() < 0.5 else random.choice(kinds)
    keys = [key for key in alive if _kind(key) == kind]
    key = random.choice(keys[-20:] if random.random() < 0.7 else keys)
    harm = world.harm
    match kind:
        case "claim":
            harm.claims.add(without_edition(key.partition("#")[0]))
            if key.startswith(NAME_PREFIX):
                harm.tasks.add(task_id_of(Occurrence.parse(key.partition("#")[0]).name) or "")
        case "registration":
            harm.tasks.add(_id_of(key.removeprefix(NAME_PREFIX)))
        case "notice":
            harm.notices.add(notice_of(key))
        case "damaged":
            harm.notices.add(key.removeprefix("damaged/"))
        case "running":
            harm.running.setdefault(key.removeprefix("running/"), []).append(world.now)
        case _:
            pass
    _garble(world, key, random)
    return True


def _cursor(world: World, random: Random) -> bool:
    if CURSOR_KEY not in world.entries:
        return False
    counted = frozenset(world.counted_misses())
    _garble(world, CURSOR_KEY, random)
    _note_lost_cursor(world, counted)
    return True


def _note_lost_cursor(world: World, counted: frozenset[str]) -> None:
    """Note when, and which of the misses that it counted no runs file on the Volume lists."""
    world.harm.cursor_lost = world.now
    note_forgotten(world)
    world.harm.forgotten |= counted.difference(_known(world))


def _runs_file(world: World, random: Random) -> bool:
    newest = sorted(world.files)[-NEWEST:]
    if not newest:
        return False
    path = random.choice(newest)
    file = world.files[path]
    file.garble(_cut_or_garbled(file.log.encode(), random))
    return True


def _task_file(world: World, random: Random) -> bool:
    if not world.task_files:
        return False
    path = random.choice(sorted(world.task_files))
    world.task_files[path] = _cut_or_garbled(world.task_files[path], random)
    world.harm.tasks.add(_task_of(path))
    return True


def _garble(world: World, key: str, random: Random) -> None:
    world.entries[key] = (random.choice(GARBAGE), world.now)


def _cut_or_garbled(content: bytes, random: Random) -> bytes:
    cut = content[: random.randrange(len(content) + 1)]
    return random.choice((cut, cut, b"", b"\xff\xfe garbage\n", b'{"format":1}\n', b"[1, 2]\n"))


def _kind(key: str) -> str:
    """What an entry of the Dict is."""
    if key == PROTECTED_KEY:
        return key
    first, at, _ = key.partition("@")
    for kind in ("running", "queue", "notice", "damaged", "cursor", "tidy", "unreadable"):
        if first == kind or first.startswith(f"{kind}/"):
            return kind if first != CURSOR_KEY else CURSOR_KEY
    if not at:
        return "registration"
    return "try" if "~" in key.rpartition("@")[2] else "claim"


def _task_of(path: str) -> str:
    place = TaskPath.parse(path)
    return _id_of(path.rpartition("/")[2].removesuffix(".json")) if place is None else place.id


def _id_of(text: str) -> str:
    key = parse_task_key(text)
    return text if key is None else key[0]
