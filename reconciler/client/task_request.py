"""Checks the arguments of ``schedule_task`` and makes the task, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from reconciler.client.target import HOW_TO_NAME, parse_target
from reconciler.client.task_errors import InvalidTaskError
from reconciler.cron import minute
from reconciler.model.claim import CLAIM_LIFE
from reconciler.model.task import DEEPEST, ID, Task, is_too_deep
from reconciler.policies import NO_ARGUMENT, Delivery

LARGEST_ARGS: Final = 256 * 1024
"""Bytes of the arguments as JSON. The wake that starts the task reads them."""
YEARS: Final = range(2000, 3000)
"""A time outside these years comes from a timestamp in the wrong unit."""


def task_from_arguments(
    function: str,
    at: datetime | str,
    args: Mapping[str, Any] | None,
    task_id: str | None,
    delivery: str,
    now: datetime,
) -> Task:
    """The task that these arguments describe.

    Raises:
        InvalidTaskError: an argument is invalid.
    """
    target = parse_target(function)
    if target is None:
        raise InvalidTaskError(f"{function!r} is not the name of a function", remedy=HOW_TO_NAME)
    time = _time(at)
    try:
        promise = Delivery(delivery)
    except ValueError as error:
        known = " or ".join(item.value for item in Delivery)
        raise InvalidTaskError(
            f"{delivery!r} is not a delivery", where="delivery", remedy=f"Use {known}."
        ) from error
    if promise is Delivery.AT_MOST_ONCE and now - time > CLAIM_LIFE - timedelta(days=1):
        raise InvalidTaskError(
            f"{time.isoformat()} is too far in the past for a start at most once",
            where="at",
            remedy="Give a later time, or use the delivery at-least-once.",
        )
    return Task(
        id=uuid4().hex if task_id is None else _id(task_id),
        at=_whole_minute(time),
        app=target[0],
        function=target[1],
        created=minute(now),
        args=_arguments(args),
        delivery=promise,
    )


def _time(at: object) -> datetime:
    try:
        time = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError as error:
        raise InvalidTaskError(f"{at!r} is not a time", where="at", remedy=_A_TIME) from error
    if not isinstance(time, datetime):
        raise InvalidTaskError(f"{at!r} is not a time", where="at", remedy=_A_TIME)
    if time.utcoffset() is None:
        raise InvalidTaskError(
            f"{at!r} has no time zone",
            where="at",
            remedy="Give an aware datetime, or ISO 8601 with an offset: 2026-11-23T09:00+01:00.",
        )
    if time.year not in YEARS:
        raise InvalidTaskError(
            f"{time.isoformat()} is not in the years {YEARS.start} to {YEARS.stop - 1}", where="at"
        )
    return time.astimezone(UTC)


def _whole_minute(time: datetime) -> int:
    """The first whole minute at or after a time."""
    begun = minute(time)
    return begun if time.second == time.microsecond == 0 else begun + 1


def _id(task_id: object) -> str:
    if not isinstance(task_id, str) or not ID.fullmatch(task_id):
        raise InvalidTaskError(
            f"{task_id!r} cannot be the id of a task",
            where="id",
            remedy="Use 1 to 100 letters, digits, `.`, `_` and `-`, and begin with a letter or a "
            "digit.",
        )
    return task_id


def _arguments(args: object) -> dict[str, Any]:
    if args is not None and not isinstance(args, Mapping):
        raise InvalidTaskError(f"{args!r} is not a mapping", where="args", remedy=_KEYWORDS)
    given = dict(args or {})
    if not all(isinstance(name, str) and name.isidentifier() for name in given):
        raise InvalidTaskError(
            f"not all of {', '.join(map(repr, given))} are names of arguments",
            where="args",
            remedy=_KEYWORDS,
        )
    if NO_ARGUMENT in given:
        raise InvalidTaskError(
            f"an argument cannot be named {NO_ARGUMENT}: Modal's client reserves that name",
            where="args",
            remedy="Rename it.",
        )
    try:
        text = json.dumps(given, allow_nan=False)
        read: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidTaskError(f"not JSON: {error}", where="args", remedy=_JSON) from error
    if is_too_deep(read):
        raise InvalidTaskError(
            f"nested more than {DEEPEST} levels deep",
            where="args",
            remedy="Store the deep value elsewhere, and pass its name.",
        )
    if read != given:
        raise InvalidTaskError("JSON would change these values", where="args", remedy=_JSON)
    if len(text) > LARGEST_ARGS:
        raise InvalidTaskError(
            f"{len(text):,} bytes are more than {LARGEST_ARGS:,}",
            where="args",
            remedy="Store the large value elsewhere, and pass its name.",
        )
    return read


_A_TIME: Final = "Give an aware datetime, or ISO 8601 such as 2026-11-23T09:00+01:00."
_KEYWORDS: Final = 'Pass the keyword arguments of the call, such as {"window": "24h"}.'
_JSON: Final = (
    "Pass strings, numbers, booleans, None, and lists and dicts (with string keys) of these."
)
