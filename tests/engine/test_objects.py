"""Dicts, Secrets and environments."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.engine_fixture import RunningEngine


@pytest.fixture
def claims(client: RunningEngine) -> Any:
    import modal

    return modal.Dict.from_name(f"claims-{uuid4().hex[:8]}", create_if_missing=True)


def test_a_key_is_claimed_once(claims: Any) -> None:
    assert claims.put("at", "first", skip_if_exists=True)
    assert not claims.put("at", "second", skip_if_exists=True)
    assert claims["at"] == "first"


def test_of_many_claimants_one_wins(claims: Any) -> None:
    claims.hydrate()
    with ThreadPoolExecutor(8) as together:
        won = list(
            together.map(lambda owner: claims.put("at", owner, skip_if_exists=True), range(40))
        )
    assert won.count(True) == 1
    assert claims["at"] == won.index(True)


def test_of_two_containers_one_wins(sample: str) -> None:
    import modal

    key = uuid4().hex
    claim = modal.Function.from_name("sample", "claim")
    calls = [claim.spawn(key, owner) for owner in ("a", "b")]
    assert sorted(call.get() for call in calls) == [False, True]


def test_a_dict_is_a_dict(claims: Any) -> None:
    claims.update({"a": 1, "b": [2]})
    claims["c"] = {"3": None}
    assert sorted(claims.keys()) == ["a", "b", "c"]
    assert dict(claims.items()) == {"a": 1, "b": [2], "c": {"3": None}}
    assert (claims.len(), "a" in claims, claims.get("z", 9)) == (3, True, 9)
    assert claims.pop("a") == 1
    with pytest.raises(KeyError):
        claims["a"]
    claims.clear()
    assert claims.len() == 0


def test_dicts_by_command_line(client: RunningEngine, claims: Any) -> None:
    claims["colour"] = "green"
    name = claims.name
    assert name in client.modal("dict", "list")
    assert "green" in client.modal("dict", "get", name, "colour")
    assert "colour" in client.modal("dict", "items", name)
    client.modal("dict", "clear", "--yes", name)
    client.modal("dict", "delete", "--yes", name)
    assert name not in client.modal("dict", "list")


def test_a_missing_object_is_not_found(client: RunningEngine) -> None:
    import modal

    for missing in (
        modal.Dict.from_name("nowhere"),
        modal.Volume.from_name("nowhere"),
        modal.Secret.from_name("nowhere"),
    ):
        with pytest.raises(modal.exception.NotFoundError, match="'nowhere' not found"):
            missing.hydrate()
    with pytest.raises(modal.exception.NotFoundError, match="Environment 'nowhere' not found"):
        modal.Dict.from_name("d", environment_name="nowhere", create_if_missing=True).hydrate()


def test_secrets_by_command_line(client: RunningEngine) -> None:
    import modal

    client.modal("secret", "create", "door", "KEY=brass")
    assert "door" in client.modal("secret", "list")
    modal.Secret.from_name("door", required_keys=["KEY"]).hydrate()
    with pytest.raises(modal.exception.NotFoundError, match="BELL"):
        modal.Secret.from_name("door", required_keys=["BELL"]).hydrate()
    client.modal("secret", "delete", "--yes", "door")
    assert "door" not in client.modal("secret", "list")


def test_the_same_name_in_two_environments_is_two_things(
    client: RunningEngine, environment: str
) -> None:
    import modal

    here = modal.Dict.from_name("twin", create_if_missing=True)
    there = modal.Dict.from_name("twin", environment_name=environment, create_if_missing=True)
    here["side"] = "here"
    assert there.get("side") is None
    assert environment in client.modal("environment", "list")
