"""What a task can be made of; what is wrong is said before anything is stored."""

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


def wanted(**values: Any) -> Task:
    """A task of valid values but for these."""
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
def test_a_time_is_the_first_whole_minute_that_is_not_before_it(time: Any, expected: str) -> None:
    assert wanted(at=time).at == minute(at(expected))


def test_the_rest_is_kept_as_it_is() -> None:
    args = {"n": 1, "x": [1.5, None, True, {"ключ": "ä\ud800"}]}
    one = wanted(function="shop/Mailer.send", args=args, delivery="at-most-once")
    assert (one.app, one.function, one.args) == ("shop", "Mailer.send", args)
    assert (one.id, one.created, one.delivery.value) == ("a", minute(NOW), "at-most-once")


def test_arguments_may_be_nested_as_deep_as_a_wake_goes() -> None:
    assert Task.from_json(wanted(args={"a": nested(100)}).to_json()).record().args


def test_without_an_id_each_task_is_its_own() -> None:
    assert wanted(task_id=None).id != wanted(task_id=None).id


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"function": "sync"}, "'sync' names no function"),
        ({"function": "a/b/c"}, "'a/b/c' names no function"),
        ({"function": None}, "None names no function"),
        ({"at": datetime(2026, 11, 20, 15)}, "does not say in which time zone it is"),  # noqa: DTZ001 - the mistake
        ({"at": "2026-11-20T15:00"}, "does not say in which time zone it is"),
        ({"at": "tomorrow"}, "'tomorrow' is not a time"),
        ({"at": 1_790_000_000}, "1790000000 is not a time"),
        ({"at": None}, "None is not a time"),
        ({"at": "1970-01-01T00:00Z"}, "is not in the years 2000 to 2999"),
        ({"task_id": ""}, "'' cannot be the id of a task"),
        ({"task_id": "../a"}, "cannot be the id of a task"),
        ({"task_id": "a" * 101}, "cannot be the id of a task"),
        ({"task_id": 7}, "7 cannot be the id of a task"),
        ({"delivery": "exactly-once"}, "'exactly-once' is no delivery"),
        ({"args": [1]}, "is no mapping"),
        ({"args": {"a b": 1}}, "are not all names"),
        ({"args": {1: 1}}, "are not all names"),
        ({"args": {"self": 1}}, "no argument can be called self: Modal's client takes that"),
        ({"args": {"a": nested(101)}}, "are nested more than 100 levels deep"),
        ({"args": {"a": nested(900)}}, "are nested more than 100 levels deep"),
        ({"args": {"a": at("15:00")}}, "is no JSON"),
        ({"args": {"a": float("nan")}}, "is no JSON"),
        ({"args": {"a": (1, 2)}}, "would arrive as something else"),
        ({"args": {"a": {1: 2}}}, "would arrive as something else"),
        ({"args": {"a": "x" * 300_000}}, "bytes are more than 262,144"),
        (
            {"at": "2026-11-14T15:00Z", "delivery": "at-most-once"},
            "is too long past to promise a start at most once",
        ),
    ],
)
def test_what_no_task_can_be_made_of_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTaskError, match=message.replace("(", r"\(")):
        wanted(**values)


def test_a_refusal_says_where_and_what_to_do() -> None:
    with pytest.raises(InvalidTaskError) as caught:
        wanted(at="2026-11-20T15:00")
    assert str(caught.value) == (
        "at: '2026-11-20T15:00' does not say in which time zone it is\n"
        "  Give an aware datetime, or ISO 8601 with an offset: 2026-11-23T09:00+01:00."
    )
