"""Cloudflare's own Python client finds in the fake what it expects, and in our Worker what we say.

It is the referee of the fake's shapes: both clients have to agree on each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloudflare import Cloudflare, NotFoundError, PermissionDeniedError

from reconciler.deploy.cloudflare.worker_deployment import deploy
from tests.cloudflare.fake_cloudflare import TOKEN, FakeCloudflare, serving
from tests.cloudflare.test_worker_deployment import KEYS, PLAN, URL, Place

ACCOUNT = "0" * 32


@pytest.fixture
def fake() -> Iterator[FakeCloudflare]:
    """An empty account."""
    with serving() as fake:
        yield fake


def client(fake: FakeCloudflare, token: str = TOKEN) -> Cloudflare:
    """The official client."""
    return Cloudflare(api_token=token, base_url=fake.url, max_retries=0)


def ours(fake: FakeCloudflare) -> None:
    """Deploy with our client."""
    deploy(Place(fake, []).account(), PLAN, URL, KEYS, lambda _line: None)


def test_it_reads_what_we_deployed(fake: FakeCloudflare) -> None:
    ours(fake)
    api = client(fake).workers.scripts
    (script,) = list(api.list(account_id=ACCOUNT))
    assert (script.id, tuple(script.tags or ())) == ("wakes", PLAN.tags)
    found = api.schedules.get("wakes", account_id=ACCOUNT).schedules
    assert tuple(one.cron for one in found) == PLAN.crons
    (database,) = list(client(fake).d1.database.list(account_id=ACCOUNT, name="wakes"))
    assert database.name == "wakes"
    queues = list(client(fake).queues.list(account_id=ACCOUNT))
    assert sorted(str(one.queue_name) for one in queues) == ["wakes-exhausted", "wakes-retries"]
    consumers = list(
        client(fake).queues.consumers.list(str(queues[0].queue_id), account_id=ACCOUNT)
    )
    assert len(consumers) == 1


def test_we_find_what_it_deployed(fake: FakeCloudflare) -> None:
    api = client(fake)
    database = api.d1.database.create(account_id=ACCOUNT, name="wakes")
    assert database.uuid is not None
    api.queues.create(account_id=ACCOUNT, queue_name="wakes-retries")
    api.workers.scripts.update(
        "wakes",
        account_id=ACCOUNT,
        metadata={"main_module": "worker.js", "tags": list(PLAN.tags), "bindings": []},
        files=[("worker.js", b"export default {}", "application/javascript+module")],
    )
    api.workers.scripts.schedules.update("wakes", account_id=ACCOUNT, body=[{"cron": "0 * * * *"}])
    before = fake.databases["wakes"], fake.queues["wakes-retries"]
    ours(fake)
    assert (fake.databases["wakes"], fake.queues["wakes-retries"]) == before
    assert tuple(fake.crons["wakes"]) == PLAN.crons


def test_both_are_refused_alike(fake: FakeCloudflare) -> None:
    with pytest.raises(NotFoundError) as caught:
        client(fake).workers.scripts.schedules.get("wakes", account_id=ACCOUNT)
    assert [one.code for one in caught.value.errors] == [10007]
    with pytest.raises(PermissionDeniedError) as denied:
        list(client(fake, "revoked").workers.scripts.list(account_id=ACCOUNT))
    assert [one.code for one in denied.value.errors] == [9109]
