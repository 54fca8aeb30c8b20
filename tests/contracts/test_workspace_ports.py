"""What an apply relies on, of the fakes and of the real ports alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import modal
import pytest

from reconciler.deploy.fakes import FakeApps, FakeFiles
from reconciler.deploy.ports import Apps, DeployedApp, Files, MissingSecretError
from reconciler.model.generation import CRONLESS, Slot
from reconciler.plan import Touch

SLOTS = (Slot("nightly", "0 3 * * *"), Slot("poller", "*/5 9-17 * * 1-5"))
TAGS = {"managed-by": "schedule-reconciler", "repository": "acme-jobs"}


def test_a_file_that_is_not_there_is_none_also_before_anything_was_written(files: Files) -> None:
    async def scenario() -> None:
        assert await files.read("current.json") is None
        assert list(await files.list("generations")) == []
        await files.write("generations/a.jsonl", b"{}")
        assert await files.read("current.json") is None
        assert await files.read("generations/b.jsonl") is None

    asyncio.run(scenario())


def test_a_file_says_when_it_was_written(files: Files) -> None:
    async def scenario() -> None:
        assert await files.written_at("current.json") is None
        await files.write("current.json", b"{}")
        written = await files.written_at("current.json")
        assert written is not None
        assert datetime.fromisoformat(written).tzinfo is UTC
        assert await files.written_at("other.json") is None

    asyncio.run(scenario())


def test_a_file_is_read_as_it_was_last_written_of_any_size(files: Files) -> None:
    large = bytes(range(256)) * 40_000

    async def scenario() -> None:
        await files.write("current.json", b"old")
        await files.write("current.json", large)
        assert await files.read("current.json") == large
        await files.write("current.json", b"")
        assert await files.read("current.json") == b""

    asyncio.run(scenario())


def test_a_folder_lists_what_is_directly_below_it(files: Files) -> None:
    async def scenario() -> None:
        for path in ("runs/2026-11-20/b.jsonl", "runs/2026-11-20/a.jsonl", "runs/2026-11-19/c"):
            await files.write(path, b"x")
        assert list(await files.list("runs")) == ["runs/2026-11-19", "runs/2026-11-20"]
        assert list(await files.list("runs/2026-11-20")) == [
            "runs/2026-11-20/a.jsonl",
            "runs/2026-11-20/b.jsonl",
        ]

    asyncio.run(scenario())


def test_a_folder_says_when_each_of_its_files_was_written(files: Files) -> None:
    async def scenario() -> None:
        assert dict(await files.written("applies")) == {}
        await files.write("applies/a.json", b"{}")
        await files.write("applies/b.json", b"{}")
        written = await files.written("applies")
        assert sorted(written) == ["applies/a.json", "applies/b.json"]
        assert {datetime.fromisoformat(at).tzinfo for at in written.values()} == {UTC}
        assert written["applies/a.json"] == await files.written_at("applies/a.json")

    asyncio.run(scenario())


def test_the_sizes_are_of_all_files_at_any_depth(files: Files) -> None:
    async def scenario() -> None:
        assert dict(await files.sizes("runs")) == {}
        for path in ("runs/2026-11-20/b.jsonl", "runs/2026-11-19/c", "applies/a.json"):
            await files.write(path, b"x" * len(path))
        assert dict(await files.sizes("runs")) == {
            "runs/2026-11-20/b.jsonl": 23,
            "runs/2026-11-19/c": 17,
        }

    asyncio.run(scenario())


def test_a_file_that_is_removed_is_gone_and_may_have_been_before(files: Files) -> None:
    async def scenario() -> None:
        await files.remove("applies/a.json")
        for name in ("a", "b"):
            await files.write(f"applies/{name}.json", b"{}")
        await files.remove("applies/a.json")
        await files.remove("applies/a.json")
        assert list(await files.list("applies")) == ["applies/b.json"]
        assert await files.read("applies/a.json") is None
        await files.remove("nowhere/a.json")

    asyncio.run(scenario())


def delete_volume(files: Files, name: str) -> None:
    if isinstance(files, FakeFiles):
        files.delete()
    else:
        modal.Volume.objects.delete(name, environment_name="main")


def test_a_volume_that_is_made_again_has_another_id(files: Files, name: str) -> None:
    assert asyncio.run(files.volume()) is None
    asyncio.run(files.write("current.json", b"{}"))
    first = asyncio.run(files.volume())
    assert first is not None
    assert asyncio.run(files.volume()) == first
    delete_volume(files, name)
    assert asyncio.run(files.volume()) is None
    assert asyncio.run(files.read("current.json")) is None
    asyncio.run(files.write("current.json", b"new"))
    assert asyncio.run(files.volume()) not in {None, first}
    assert asyncio.run(files.read("current.json")) == b"new"


def own(apps: Apps, name: str) -> DeployedApp:
    """Our app, as it is deployed; alone or among all, it is the same."""
    (found,) = [app for app in asyncio.run(apps.deployed()) if app.name == name]
    assert asyncio.run(apps.own()) == found
    return found


def test_a_deploy_replaces_all_functions_and_tags(apps: Apps, name: str) -> None:
    deployed = asyncio.run(apps.deploy(SLOTS, TAGS, {}))
    first = own(apps, name)
    assert {f.cron for f in first.functions if f.cron} == set(SLOTS)
    assert set(CRONLESS) <= {function.name for function in first.functions}
    assert first.tags == {**TAGS, "volume": deployed.volume}

    asyncio.run(apps.set_tags({**TAGS, "generation": "abc"}))
    assert own(apps, name).tags == {**TAGS, "generation": "abc"}
    asyncio.run(apps.deploy(SLOTS[:1], TAGS, {}))
    second = own(apps, name)
    assert {f.cron for f in second.functions if f.cron} == {SLOTS[0]}
    assert {function.name for function in second.functions} == {"nightly", *CRONLESS}
    assert second.tags == {**TAGS, "volume": deployed.volume}


def test_the_schedules_of_named_functions_are_those_that_were_deployed(
    apps: Apps, name: str
) -> None:
    asyncio.run(apps.deploy(SLOTS, TAGS, {}))
    asked = {(name, "nightly"), (name, CRONLESS[0]), (name, "no_such"), ("no-such-app", "nightly")}
    schedules = asyncio.run(apps.own_schedules(asked))
    assert schedules == {(name, "nightly"): own_text(apps, name, "nightly")}


def own_text(apps: Apps, name: str, function: str) -> str | None:
    """The text of a function's schedule among all that is deployed."""
    return next(one.schedule for one in own(apps, name).functions if one.name == function)


def test_the_rates_are_dollars_an_hour_of_a_core_and_of_a_gib(apps: Apps) -> None:
    rates = asyncio.run(apps.rates())
    assert rates is not None
    assert 0 < rates.gib_hour < rates.core_hour < 1


def test_a_stopped_app_is_known_by_its_id_alone(apps: Apps, name: str) -> None:
    deployed = asyncio.run(apps.deploy(SLOTS[:1], TAGS, {})).app
    assert own(apps, name).id == deployed
    assert asyncio.run(apps.stopped(deployed)) is None
    if isinstance(apps, FakeApps):
        apps.stop(Touch("engine", "2026-11-20T15:00:00Z"))
    else:
        modal.App.lookup(name, environment_name="main").stop()
    assert name not in {app.name for app in asyncio.run(apps.deployed())}
    assert asyncio.run(apps.own()) is None
    stopped = asyncio.run(apps.stopped(deployed))
    assert stopped is not None
    assert stopped.by == "engine"
    assert asyncio.run(apps.stopped("ap-0123456789abcdefABCDEF")) is None
    again = asyncio.run(apps.deploy(SLOTS[:1], TAGS, {})).app
    assert again != deployed
    assert asyncio.run(apps.stopped(again)) is None


def test_what_is_not_deployed_is_not_listed(apps: Apps, name: str) -> None:
    assert name not in {app.name for app in asyncio.run(apps.deployed())}


def test_a_secret_that_is_not_there_or_lacks_a_key_is_named_and_nothing_is_deployed(
    apps: Apps, name: str
) -> None:
    if isinstance(apps, FakeApps):
        apps.secrets[name] = {"A"}
    else:
        modal.Secret.objects.create(name, {"A": "x"}, environment_name="main")
    asyncio.run(apps.require_secrets({name: ["A"]}))
    for secrets in ({name: ["A", "B"]}, {f"{name}-gone": ["A"]}):
        with pytest.raises(MissingSecretError, match=r"there is no Modal Secret ours-.* with the"):
            asyncio.run(apps.require_secrets(secrets))
        with pytest.raises(MissingSecretError):
            asyncio.run(apps.deploy(SLOTS, TAGS, secrets))
    assert name not in {app.name for app in asyncio.run(apps.deployed())}
    asyncio.run(apps.deploy(SLOTS, TAGS, {name: ["A"]}))
    assert own(apps, name).tags.items() > TAGS.items()


def test_a_secret_of_an_apply_is_stored_replaced_and_removed(apps: Apps, name: str) -> None:
    async def scenario() -> None:
        secret = f"{name}-cloudflare-1"
        assert await apps.secrets_among([secret]) == frozenset()
        await apps.store_secret(secret, {"KEY": "a"})
        await apps.store_secret(secret, {"KEY": "b"})
        assert await apps.secrets_among([secret, "other"]) == {secret}
        await apps.remove_secret(secret)
        await apps.remove_secret(secret)
        assert await apps.secrets_among([secret]) == frozenset()

    asyncio.run(scenario())
