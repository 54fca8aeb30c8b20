"""What an apply relies on of code targets, of the fake and of the real port alike."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.deploy.ports import Apps, DeployedApp
from reconciler.manifest import Settings
from reconciler.plan.code_targets import KnownTargets, PlannedTarget, plan_targets, read_sources
from reconciler.plan.read_back import differing
from reconciler.plan.tags import target_tags
from tests.manifest.repository import load_code
from tests.plan.scenario import OWNER

FILES = {"jobs/rates.py": "def refresh(): ...\n"}
PLAIN = "name: rates\nschedule: 1h\ncode: jobs/rates.py::refresh\n"
RICH = f"""{PLAIN}cpu: [0.5, 2]
memory: [512Mi, 2Gi]
gpu: [L4, "A100-80GB:2"]
region: [us-east, eu]
timeout: 10m
retries: {{max: 3, backoff: 2s}}
env: {{MODE: fast}}
concurrency: 5
max_containers: 3
scaledown_window: 30s
"""
SINGLE = f"{PLAIN}cpu: 0.5\nmemory: 512Mi\n"


def planned(manifest: str, app: str) -> PlannedTarget:
    manifests = load_code(manifest, FILES, Settings(from_env=("KEY",)))
    schedules = manifests.for_environment("local")
    sources = read_sources(schedules, manifests.code)
    nothing = KnownTargets({}, {}, frozenset())
    (target,) = plan_targets(schedules, sources, app, "runtime", nothing).values()
    return target


async def deployed(apps: Apps, name: str) -> DeployedApp | None:
    return next((app for app in await apps.deployed() if app.name == name), None)


@pytest.mark.parametrize("manifest", [PLAIN, SINGLE, RICH], ids=["plain", "single", "rich"])
def test_a_deployed_target_has_its_tags_its_function_and_what_was_asked_for(
    apps: Apps, name: str, manifest: str
) -> None:
    target = planned(manifest, name)
    tags = target_tags(OWNER, name, target.record, {})

    async def scenario() -> None:
        await apps.build_image(target, "here")
        await apps.deploy_target(target, tags, {}, "here")
        found = await deployed(apps, target.record.app)
        assert found is not None
        assert dict(found.tags) == tags
        (function,) = found.functions
        assert function.name == "refresh"
        assert list(differing(function.options, target.record)) == []
        assert not await apps.is_busy(found.name, {function.name: function.options})

    asyncio.run(scenario())


def test_deployed_again_it_is_the_same_app_with_the_new_tags(apps: Apps, name: str) -> None:
    target = planned(PLAIN, name)

    async def scenario() -> None:
        for variables in ({}, {"KEY": "digest"}):
            tags = target_tags(OWNER, name, target.record, variables)
            await apps.deploy_target(target, tags, {}, "here")
        every = [app for app in await apps.deployed() if app.name == target.record.app]
        assert [dict(app.tags) for app in every] == [tags]

    asyncio.run(scenario())


def test_a_removed_target_is_gone_and_may_have_been_before(apps: Apps, name: str) -> None:
    target = planned(PLAIN, name)

    async def scenario() -> None:
        await apps.deploy_target(target, target_tags(OWNER, name, target.record, {}), {}, "here")
        await apps.remove_target(target.record.app)
        await apps.remove_target(target.record.app)
        assert await deployed(apps, target.record.app) is None

    asyncio.run(scenario())


def test_values_are_kept_where_a_later_deploy_gives_none(apps: Apps, name: str) -> None:
    target = planned(f"{PLAIN}secrets: [{{from_env: [KEY]}}]\n", name)
    tags = target_tags(OWNER, name, target.record, {})

    async def scenario() -> None:
        await apps.deploy_target(target, tags, {"KEY": "one"}, "here")
        await apps.deploy_target(target, {**tags, "more": "1"}, {}, "here")
        await apps.require_secrets({target.record.app: ("KEY",)})

    asyncio.run(scenario())
