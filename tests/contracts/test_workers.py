"""What an apply relies on of a Cloudflare account, of the fake and of the REST API alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.deploy.cloudflare.account import CloudflareWorkers
from reconciler.deploy.fakes import FakeWorkers
from reconciler.deploy.ports import UnknownAccountError, Workers
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.plan.state import LiveAccount, SeenWorker
from reconciler.plan.worker import PlannedWorker
from reconciler.plan.worker_data import WorkerData
from tests.cloudflare.fake_cloudflare import TOKEN, serving

ACCOUNT = "0" * 32
PLANNED = PlannedWorker(
    settings=CloudflareSettings(account=ACCOUNT, worker="wakes"),
    owners=("ours",),
    data=WorkerData(source="cloudflare/wakes", mode=Mode.TICK, alert_after=15),
    covers=("* * * * *",),
)


@pytest.fixture(params=["fake", "api"])
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    """An empty account."""
    if request.param == "fake":
        yield FakeWorkers()
        return
    with serving() as fake:
        environ = {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_API_BASE_URL": f"{fake.url}/"}
        yield CloudflareWorkers(environ)


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_look_shows_the_worker_alone(workers: Workers) -> None:
    assert asyncio.run(workers.look(ACCOUNT, "wakes", NOON)) == SeenWorker(None)
    deploy(workers)
    deploy(workers, replace(PLANNED, settings=CloudflareSettings(account=ACCOUNT, worker="other")))
    found = asyncio.run(workers.look(ACCOUNT, "wakes", NOON))
    assert found == SeenWorker(PLANNED.tags, ("* * * * *",), ())


def deploy(workers: Workers, planned: PlannedWorker = PLANNED) -> None:
    """Deploy, silently."""
    keys = {"KEY": "whsec_a"}
    asyncio.run(workers.deploy(planned, "https://example.com", keys, lambda _line: None))


def test_an_empty_account_holds_nothing(workers: Workers) -> None:
    assert asyncio.run(workers.observe(ACCOUNT, "wakes")) == LiveAccount(None, {})


def test_what_was_deployed_is_observed(workers: Workers) -> None:
    deploy(workers)
    found = asyncio.run(workers.observe(ACCOUNT, "wakes"))
    assert found == LiveAccount(PLANNED.tags, {"wakes": ("* * * * *",)})
    assert asyncio.run(workers.observe(ACCOUNT, "other")).own is None


def test_a_later_deploy_takes_the_place_of_the_first(workers: Workers) -> None:
    deploy(workers)
    later = replace(PLANNED, covers=("0 * * * *",))
    deploy(workers, later)
    found = asyncio.run(workers.observe(ACCOUNT, "wakes"))
    assert found == LiveAccount(later.tags, {"wakes": ("0 * * * *",)})


def test_its_tags_are_replaced_and_nothing_else(workers: Workers) -> None:
    deploy(workers)
    asyncio.run(workers.tag(ACCOUNT, "wakes", ["ours", "team-ops"]))
    found = asyncio.run(workers.observe(ACCOUNT, "wakes"))
    assert found == LiveAccount(("ours", "team-ops"), {"wakes": ("* * * * *",)})


def test_what_is_deleted_is_gone_and_may_be_deleted_again(workers: Workers) -> None:
    deploy(workers)
    for _ in range(2):
        asyncio.run(workers.delete(ACCOUNT, "wakes", ["ours"]))
    assert asyncio.run(workers.observe(ACCOUNT, "wakes")) == LiveAccount(None, {})


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "CLOUDFLARE_API_TOKEN is not set"),
        ({"CLOUDFLARE_API_TOKEN": " "}, "CLOUDFLARE_API_TOKEN is not set"),
        ({"CLOUDFLARE_API_TOKEN": "revoked"}, "the token is not one that Cloudflare knows"),
    ],
)
def test_an_account_without_a_token_that_counts_is_unknown(
    environ: dict[str, str], why: str
) -> None:
    with serving() as fake:
        workers = CloudflareWorkers({**environ, "CLOUDFLARE_API_BASE_URL": fake.url})
        with pytest.raises(UnknownAccountError) as caught:
            asyncio.run(workers.observe(ACCOUNT, "wakes"))
    assert why in caught.value.what
