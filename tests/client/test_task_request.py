"""The arguments of a task are checked before anything is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from reconciler.client import InvalidTaskError
from reconciler.client.task_request import task_from_arguments
from reconciler.cron import minute
from reconciler.model.task import Task
from tests.dispatch.scenario import at

NOW = at("12:00")


def built(**values: Any) -> Task:
    """A task from valid arguments, but for these."""
    given = {"function": "shop/sync", "at": at("15:00"), "args": None, "task_id": "a", **values}
    return task_from_arguments(**{"delivery": "at-least-once", "now": NOW, **given})


def nested(levels: int) -> Any:
    """A list of a list of a list, so many levels deep with the arguments themselves."""
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), "15:00"),
        (datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=-5))), "15:00"),
        ("2026-11-20T16:00+01:00", "15:00"),
        ("2026-11-20T15:00:00Z", "15:00"),
        ("2026-11-20T15:00:01Z", "15:01"),
        ("2026-11-20T14:59:59.999999Z", "15:00"),
        ("2026-01-01T00:00Z", "2026-01-01T00:00"),
    ],
)
def test_a_time_is_rounded_up_to_the_whole_minute(time: Any, expected: str) -> None:
    assert built(at=time).at == minute(at(expected))


def test_the_other_arguments_are_kept() -> None:
    args = {"n": 1, "x": [1.5, None, True, {"ключ": "ä\ud800"}]}
    one = built(function="shop/Mailer.send", args=args, delivery="at-most-once")
    assert (one.app, one.function, one.args) == ("shop", "Mailer.send", args)
    assert (one.id, one.created, one.delivery.value) == ("a", minute(NOW), "at-most-once")


def test_arguments_may_be_nested_as_deep_as_a_wake_reads_them() -> None:
    assert Task.from_json(built(args={"a": nested(100)}).to_json()).record().args


def test_without_an_id_each_call_makes_a_new_task() -> None:
    assert built(task_id=None).id != built(task_id=None).id


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"function": "sync"}, "'sync' is not the name of a function"),
        ({"function": "a/b/c"}, "'a/b/c' is not the name of a function"),
        ({"function": None}, "None is not the name of a function"),
        ({"at": datetime(2026, 11, 20, 15)}, "has no time zone"),  # noqa: DTZ001 - the mistake
        ({"at": "2026-11-20T15:00"}, "has no time zone"),
        ({"at": "tomorrow"}, "'tomorrow' is not a time"),
        ({"at": 1_790_000_000}, "1790000000 is not a time"),
        ({"at": None}, "None is not a time"),
        ({"at": "1970-01-01T00:00Z"}, "is not in the years 2000 to 2999"),
        ({"task_id": ""}, "'' cannot be the id of a task"),
        ({"task_id": "../a"}, "cannot be the id of a task"),
        ({"task_id": "a" * 101}, "cannot be the id of a task"),
        ({"task_id": 7}, "7 cannot be the id of a task"),
        ({"delivery": "exactly-once"}, "'exactly-once' is not a delivery"),
        ({"args": [1]}, "is not a mapping"),
        ({"args": {"a b": 1}}, "are names of arguments"),
        ({"args": {1: 1}}, "are names of arguments"),
        ({"args": {"self": 1}}, "an argument cannot be named self: Modal's client reserves that"),
        ({"args": {"a": nested(101)}}, "nested more than 100 levels deep"),
        ({"args": {"a": nested(900)}}, "nested more than 100 levels deep"),
        ({"args": {"a": at("15:00")}}, "not JSON"),
        ({"args": {"a": float("nan")}}, "not JSON"),
        ({"args": {"a": (1, 2)}}, "JSON would change these values"),
        ({"args": {"a": {1: 2}}}, "JSON would change these values"),
        ({"args": {"a": "x" * 300_000}}, "bytes are more than 262,144"),
        (
            {"at": "2026-11-14T15:00Z", "delivery": "at-most-once"},
            "is too far in the past for a start at most once",
        ),
    ],
)
def test_invalid_arguments_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTaskError, match=message.replace("(", r"\(")):
        built(**values)


def test_a_refusal_says_where_and_what_to_do() -> None:
    with pytest.raises(InvalidTaskError) as caught:
        built(at="2026-11-20T15:00")
    assert str(caught.value) == (
        "at: '2026-11-20T15:00' has no time zone\n"
        "  Give an aware datetime, or ISO 8601 with an offset: 2026-11-23T09:00+01:00."
    )
