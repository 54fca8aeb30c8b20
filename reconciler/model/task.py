"""Tasks: work for one time, created by programs while everything runs. Pure.

Invariant: *from its creation on a task is a file under* ``tasks/`` *, until it is settled (started
and confirmed, given up, or cancelled); from then on a file under* ``settled/`` *says so, which is
there before the former goes.* Nothing else decides whether a task is still to run: no cursor, so
that it does not matter when a task appeared, nor for which time; and no claim alone, because claims
die after seven idle days. Both files are written once and never changed.

An ``id`` can be used again after a cancellation. Each use is another edition, with files, claims
and runs of its own, so that nothing that is late can touch its successor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from reconciler.cron import instant
from reconciler.model.formats import FORMAT, FormatError, check_format, reading, typed
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute, time_of
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Catchup, Delivery

TASKS_FOLDER: Final = "tasks"
SETTLED_FOLDER: Final = "settled"
NAME_PREFIX: Final = "task/"
"""What the history has before a task's id; no schedule's name holds a slash."""
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What the id of a task may be: part of a file's name, and of the names of claims."""
LONG_PAST: Final = 24 * 60
"""Minutes."""
DEEPEST: Final = 100
"""Levels of lists and mappings in arguments: what goes through them calls itself for each."""

_REMOVE: Final = "Remove it from the Volume (modal volume rm), and create the task again."
_KEY: Final = re.compile(rf"({ID.pattern})(?:~([1-9][0-9]{{0,3}}))?")
_PATH: Final = re.compile(rf"{TASKS_FOLDER}/(\d{{4}}-\d\d-\d\d)/(\d\d)/({_KEY.pattern})\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task.

    Attributes:
        at: its time, an epoch minute.
        created: epoch minute of its creation, by its creator's clock.
        app, function: the deployed Modal function, or ``Class.method``.
        args: keyword arguments of the call, JSON values, passed on as they are.
        edition: how often its id has been in use, this time included.
    """

    id: str
    at: int
    app: str
    function: str
    created: int
    args: Mapping[str, Any] = field(default_factory=dict)
    delivery: Delivery = Delivery.AT_LEAST_ONCE
    edition: int = 1

    @property
    def name(self) -> str:
        """The name under which it is claimed and written down."""
        return NAME_PREFIX + task_key(self.id, self.edition)

    @property
    def occurrence(self) -> Occurrence:
        """Its one occurrence."""
        return Occurrence(self.name, self.at)

    @property
    def since(self) -> int:
        """The epoch minute from which on it could have been started."""
        return max(self.at, self.created)

    @property
    def path(self) -> str:
        """Its file, in the bucket of its hour.

        A time long past is filed under its creation instead: no writer uses a folder of a past day,
        which a wake may be removing.
        """
        hour = self.at if self.created - self.at < LONG_PAST else self.created
        return f"{bucket(hour)}/{task_key(self.id, self.edition)}.json"

    @property
    def settled_path(self) -> str:
        """The file that holds its outcome."""
        return settled_path(self.id, self.edition)

    def record(self) -> ScheduleRecord:
        """What the dispatcher starts; no placeholder is filled in, code writes what it means."""
        return ScheduleRecord(
            name=self.name,
            app=self.app,
            function=self.function,
            anchor=self.since - 1,
            at=self.at,
            args={key: _literal(value) for key, value in self.args.items()},
            catchup=Catchup.ALL,
            delivery=self.delivery,
        )

    def is_same(self, other: Task) -> bool:
        """Whether the two ask for the same, whenever that was."""
        return self._asked() == other._asked()

    def _asked(self) -> tuple[object, ...]:
        return self.id, self.at, self.app, self.function, dict(self.args), self.delivery

    def to_json(self) -> dict[str, Any]:
        """The task as JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "id": self.id,
            "at": format_minute(self.at),
            "app": self.app,
            "function": self.function,
            "created": format_minute(self.created),
            "args": dict(self.args),
        }
        if self.delivery is not Delivery.AT_LEAST_ONCE:
            data["delivery"] = self.delivery.value
        if self.edition != 1:
            data["edition"] = self.edition
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back; keys that are not known are passed over.

        Raises:
            KeyError, TypeError, ValueError: it is not a task.
        """
        if not ID.fullmatch(typed(data, "id", str)):
            raise ValueError("its id is of another form")
        if is_too_deep(typed(data, "args", dict)):
            raise ValueError(f"its arguments are nested more than {DEEPEST} levels deep")
        return cls(
            id=data["id"],
            at=parse_minute(data["at"]),
            app=typed(data, "app", str),
            function=typed(data, "function", str),
            created=parse_minute(data["created"]),
            args=data["args"],
            delivery=Delivery(data.get("delivery", Delivery.AT_LEAST_ONCE)),
            edition=typed(data, "edition", int, 1),
        )

    def encode(self) -> bytes:
        """The content of its file."""
        return _encoded(self.to_json())


def decode_task(content: bytes, where: str) -> Task:
    """Read the file of a task.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not the task that its name says.
    """
    with reading("a task", where, _REMOVE):
        data = json.loads(content)
        check_format(data, where)
        task = Task.from_json(data)
    if task.path != where:
        reason = f"is not a task: it says that it is {task.path}"
        raise FormatError(reason, where=where, remedy=_REMOVE)
    return task


class Ending(StrEnum):
    """How a task was settled."""

    STARTED = "started"
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTask:
    """A task of which nothing more is to be done.

    Attributes:
        at: when that was decided, ISO 8601.
        call: the call that was started.
        reason: why it did not start.
    """

    task: Task
    ending: Ending
    at: str
    call: str | None = None
    reason: str | None = None

    def encode(self) -> bytes:
        """The content of its file."""
        said = {
            "ending": self.ending.value,
            "at": self.at,
            "call": self.call,
            "reason": self.reason,
        }
        return _encoded({"task": self.task.to_json(), "settled": said})


def decode_settled(content: bytes, where: str) -> SettledTask:
    """Read the file that holds the outcome of a task.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is no such file.
    """
    with reading("the outcome of a task", where):
        data = json.loads(content)
        check_format(data, where)
        said = typed(data, "settled", dict)
        return SettledTask(
            task=Task.from_json(typed(data, "task", dict)),
            ending=Ending(said["ending"]),
            at=time_of(said, "at"),
            call=typed(said, "call", str, None),
            reason=typed(said, "reason", str, None),
        )


@dataclass(frozen=True, slots=True)
class TaskPath:
    """What the path of a task's file says, whatever is in the file.

    Attributes:
        hour: the epoch minute with which its bucket begins.
    """

    hour: int
    id: str
    edition: int

    @property
    def name(self) -> str:
        """As :attr:`Task.name`."""
        return NAME_PREFIX + task_key(self.id, self.edition)

    @classmethod
    def parse(cls, path: str) -> Self | None:
        """Read a path; None when it is not that of a task."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        day, hour, _key, task_id, edition = found.groups()
        try:
            return cls(parse_minute(f"{day}T{hour}:00Z"), task_id, int(edition or 1))
        except ValueError:
            return None


def parse_task_key(text: str) -> tuple[str, int] | None:
    """Read :func:`task_key` back, None when it is none."""
    found = _KEY.fullmatch(text)
    return None if found is None else (found[1], int(found[2] or 1))


def task_id_of(name: str) -> str | None:
    """The id of the task that bears this name in the history, None for a schedule's name."""
    key = parse_task_key(name.removeprefix(NAME_PREFIX)) if is_task(name) else None
    return None if key is None else key[0]


def is_too_deep(value: Any) -> bool:
    """Whether lists and mappings are nested in it more than :data:`DEEPEST` levels deep."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for one in level for inner in _inner(one)]
    return bool(level)


def _inner(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _literal(value: Any) -> Any:
    """The value that becomes this one when placeholders are filled in."""
    match value:
        case str():
            return value.replace("${", "$${")
        case list():
            return [_literal(item) for item in value]
        case dict():
            return {key: _literal(item) for key, item in value.items()}
        case _:
            return value


def _encoded(data: Mapping[str, Any]) -> bytes:
    body = {"format": FORMAT, **data}
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def is_task(name: str) -> bool:
    """Whether a name in the history is that of a task that a program created."""
    return name.startswith(NAME_PREFIX)


def task_key(task_id: str, edition: int) -> str:
    """An id, and which of its editions is meant unless it is the first."""
    return task_id if edition == 1 else f"{task_id}~{edition}"


def bucket(at: int) -> str:
    """The folder of the hour of an epoch minute; folders sort by time."""
    return f"{TASKS_FOLDER}/{instant(at):%Y-%m-%d/%H}"


def settled_path(task_id: str, edition: int) -> str:
    """The file that holds the outcome of a task."""
    return f"{SETTLED_FOLDER}/{task_key(task_id, edition)}.json"
