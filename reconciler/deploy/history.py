"""What was applied, by whom, and from which commit: one file for each apply, written once.

The records are beside the generations on the Volume. Each says of every schedule which commit made
it what it is, carried on from the record before, so that one read answers it. A record is written
just before the pointer flips: an apply that is killed between the two is listed, and so is the one
that completes it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import together
from reconciler.model.formats import FORMAT, Damaged, FormatError, check_format, reading, typed
from reconciler.model.pointer import Pointer, pointer_of
from reconciler.plan.change import Kind

if TYPE_CHECKING:
    from reconciler.plan.plan import Plan

FOLDER: Final = "applies"
AT_ONCE: Final = 16
"""Records that are read at the same time."""
_POINTER_KEYS: Final = (
    "generation",
    "commit",
    "dirty",
    "by",
    "at",
    "previous",
    "author",
    "link",
)
"""What a record says of its pointer. Version 0.1.0 refuses a record whose pointer has another key,
so a key that the pointer has gained since stays out of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a schedule what it is.

    Attributes:
        commit: None outside git.
        author: of the commit, None when not known.
        at: when it was applied, ISO 8601.
    """

    commit: str | None
    author: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Applied:
    """One apply.

    Attributes:
        pointer: what it made live, by whom and when.
        summary: what it did, in a few words.
        origins: schedule name to what made it what it is.
        app: Modal's id of the app that it left deployed; None when an older version applied.
    """

    pointer: Pointer
    summary: str
    origins: Mapping[str, Origin]
    app: str | None = None

    @property
    def path(self) -> str:
        """Its file."""
        return path_of(self.pointer)

    def encode(self) -> bytes:
        """The content of its file."""
        pointer = {key: getattr(self.pointer, key) for key in _POINTER_KEYS}
        # Many schedules share few origins, which are therefore listed once and named by position.
        places = {
            origin: place for place, origin in enumerate(dict.fromkeys(self.origins.values()))
        }
        body = {
            "format": FORMAT,
            "pointer": pointer,
            **({"number": self.pointer.number} if self.pointer.number else {}),
            "summary": self.summary,
            "app": self.app,
            "origins": [[origin.commit, origin.author, origin.at] for origin in places],
            "schedules": {name: places[origin] for name, origin in self.origins.items()},
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read :meth:`encode` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is no such record.
        """
        with reading("the record of an apply", where):
            data: dict[str, Any] = json.loads(content)
            check_format(data, where)
            found = [_origin(origin) for origin in typed(data, "origins", list)]
            places = typed(data, "schedules", dict)
            origins = {name: found[place] for name, place in places.items()}
            pointer = pointer_of(typed(data, "pointer", dict))
            pointer = replace(pointer, number=typed(data, "number", int, 0))
            return cls(pointer, typed(data, "summary", str), origins, typed(data, "app", str, None))


def _origin(written: Sequence[Any]) -> Origin:
    commit, author, at = written
    data = {"commit": commit, "author": author, "at": at}
    return Origin(
        typed(data, "commit", str, None), typed(data, "author", str, None), typed(data, "at", str)
    )


def path_of(pointer: Pointer) -> str:
    """Where the record of the apply that wrote this pointer is; paths sort by time."""
    return f"{FOLDER}/{pointer.at}-{pointer.generation[:12]}.json"


def next_record(
    plan: Plan, pointer: Pointer, before: Applied | None, summary: str, app: str | None
) -> Applied:
    """The record of an apply.

    Args:
        before: of the apply before, None when there was none or it left no record.
        app: Modal's id of our app.
    """
    made = Origin(pointer.commit, pointer.author, pointer.at)
    changed = {change.name for change in plan.changes if change.kind is Kind.SCHEDULE}
    known = {} if before is None else before.origins
    origins = {
        name: made if name in changed or name not in known else known[name]
        for name in plan.generation.by_name
    }
    return Applied(pointer, summary, origins, app)


async def read_record(files: Files, pointer: Pointer | None) -> Applied | None:
    """The record of the apply that wrote this pointer; None when it left none.

    Raises:
        UnavailableError: it cannot be read.
        FormatError: it is damaged.
    """
    if pointer is None:
        return None
    content = await files.read(path_of(pointer))
    return None if content is None else Applied.decode(content, path_of(pointer))


async def record_or_damage(
    files: Files, pointer: Pointer | None
) -> tuple[Applied | None, tuple[Damaged, ...]]:
    """The same for who only shows it: a record that cannot be read is named instead.

    Raises:
        UnavailableError: Modal did not answer.
    """
    try:
        return await read_record(files, pointer), ()
    except FormatError as error:
        return None, (Damaged(error.where or FOLDER, error.what),)


async def read_history(files: Files, count: int) -> tuple[Sequence[Applied], tuple[Damaged, ...]]:
    """The last applies, newest first, and the records among them that cannot be read.

    Raises:
        UnavailableError: Modal did not answer.
    """
    paths = sorted(await files.list(FOLDER), reverse=True)[:count]
    at_once = asyncio.Semaphore(AT_ONCE)

    async def read(path: str) -> Applied | Damaged | None:
        async with at_once:
            content = await files.read(path)
        try:
            return None if content is None else Applied.decode(content, path)
        except FormatError as error:
            return Damaged(path, error.what)

    found = await together(*map(read, paths))
    applies = [one for one in found if isinstance(one, Applied)]
    return applies, tuple(one for one in found if isinstance(one, Damaged))


def commits_of(record: Applied | None) -> dict[str, str]:
    """Schedule name to the commit that made it what it is, where that is known."""
    origins = {} if record is None else record.origins
    return {name: origin.commit for name, origin in origins.items() if origin.commit is not None}


async def newest_number(files: Files) -> int:
    """The highest apply number that the records name; 0 when none names one.

    The newest records are read first, and no older ones once a number is found: applies of the
    previous version, which have none, may have come since.

    Raises:
        UnavailableError: the records cannot be read.
    """

    async def number(path: str) -> int:
        content = await files.read(path)
        with suppress(FormatError):
            return 0 if content is None else Applied.decode(content, path).pointer.number
        return 0

    paths = sorted(await files.list(FOLDER), reverse=True)
    for first in range(0, len(paths), AT_ONCE):
        found = max(await together(*map(number, paths[first : first + AT_ONCE])))
        if found:
            return found
    return 0
