"""Endpoints that want a proxy token, and the tokens."""

from __future__ import annotations

import json

import modal
import pytest

from tests.engine.web_client import WEB_APP, Answer, fetch, url
from tests.engine_fixture import RunningEngine

MISSING = "modal-http: missing credentials for proxy authorization"
INVALID = "modal-http: invalid credentials for proxy authorization"


@pytest.fixture
def guarded(client: RunningEngine, environment: str) -> str:
    client.modal("deploy", "--env", environment, str(WEB_APP))
    return url("web-sample", "guarded", environment)


def shown(address: str, key: str = "", secret: str = "") -> Answer:
    headers = {"Modal-Key": key, "Modal-Secret": secret}
    return fetch(address, headers={name: value for name, value in headers.items() if value})


def test_a_refused_request_starts_nothing(guarded: str, client: RunningEngine) -> None:
    token = modal.Workspace.from_context().proxy_tokens.create()
    api = client.env
    client.forget_calls()
    for key, secret, said in (
        ("", "", MISSING),
        (token.token_id, "", MISSING),
        ("", token.token_secret, MISSING),
        (token.token_id, "ws-wrong", INVALID),
        ("wk-unknown", token.token_secret, INVALID),
        (api["MODAL_TOKEN_ID"], api["MODAL_TOKEN_SECRET"], INVALID),
    ):
        answer = shown(guarded, key, secret)
        assert (answer.status, answer.text) == (401, said)
    status = client.status()
    assert status["unfinished_inputs"] == 0
    assert "guarded" not in status["pids_by_function"]
    assert not {"ContainerHello", "FunctionCallGetDataIn"} & client.calls().keys()


def test_a_token_lets_in_until_it_is_deleted(guarded: str) -> None:
    tokens = modal.Workspace.from_context().proxy_tokens
    token = tokens.create(name="hooks")
    assert shown(guarded, token.token_id, token.token_secret).body == b'"inside"'
    listed = {one.token_id: one for one in tokens.list()}
    assert listed[token.token_id].name == "hooks"
    tokens.update(token.token_id, name="renamed")
    assert {one.name for one in tokens.list() if one.token_id == token.token_id} == {"renamed"}
    tokens.delete(token.token_id)
    assert shown(guarded, token.token_id, token.token_secret).text == INVALID
    with pytest.raises(modal.exception.NotFoundError, match=token.token_id):
        tokens.delete(token.token_id)


def test_a_scoped_token_is_good_where_it_is_allowed(
    guarded: str, client: RunningEngine, environment: str
) -> None:
    made = client.engine("proxy-tokens", "create", "--name", "scoped", "--scoped")
    token = json.loads(made)
    tokens = modal.Workspace.from_context().proxy_tokens
    assert shown(guarded, token["id"], token["secret"]).text == INVALID
    tokens.allow(token["id"], environment)
    assert shown(guarded, token["id"], token["secret"]).status == 200
    assert token["id"] in {one.token_id for one in tokens.list(environment_name=environment)}
    tokens.revoke(token["id"], environment)
    assert shown(guarded, token["id"], token["secret"]).text == INVALID
    assert token["id"] not in {one.token_id for one in tokens.list(environment_name=environment)}


def test_the_engines_own_command_manages_the_same_tokens(
    guarded: str, client: RunningEngine
) -> None:
    token = json.loads(client.engine("proxy-tokens", "create", "--name", "by hand"))
    assert shown(guarded, token["id"], token["secret"]).status == 200
    listed = client.engine("proxy-tokens", "list")
    assert f"{token['id']}  by hand" in listed
    assert token["secret"] not in listed
    client.engine("proxy-tokens", "delete", token["id"])
    assert shown(guarded, token["id"], token["secret"]).text == INVALID
    said = client.engine("proxy-tokens", "delete", token["id"], check=False)
    assert f"Error: /proxy-tokens: no proxy token {token['id']}" in said
