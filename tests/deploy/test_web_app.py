"""The app of the HTTP API over the in-memory workspace: planned, deployed, repaired, removed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from importlib import metadata

import pytest

from reconciler.deploy.apply import Step, apply, prepare
from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.deploy.web_app import requirements
from reconciler.errors import RefusedError
from reconciler.manifest.web_settings import WebSettings
from reconciler.plan import Action, Kind, Plan
from tests.deploy.scenario import SOMEBODY, World
from tests.plan.scenario import desired, hourly

APP = "schedule-reconciler-web"
WEB = WebSettings(auth="web-tokens")
LOOPBACK = WebSettings()


TRIED = {"sniffio"}
"""What httpcore imports where it happens to be installed, and does without."""
IMPORTED = """
import importlib.metadata, sys
before = set(sys.modules)
import reconciler.web.deployed
packages = importlib.metadata.packages_distributions()
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
found = {one.lower().replace("_", "-") for top in tops for one in packages.get(top, ())}
print(*sorted(found))
"""


def plan(world: World, web: WebSettings | None, runtime: str = "1") -> Plan:
    wanted = desired(hourly("a"))
    wanted = replace(
        wanted, settings=replace(wanted.settings, web=web), web_runtime=runtime if web else ""
    )
    return asyncio.run(prepare(world.workspace, wanted))


def applied(world: World, web: WebSettings | None, runtime: str = "1") -> list[Step]:
    steps: list[Step] = []
    asyncio.run(apply(world.workspace, plan(world, web, runtime), SOMEBODY, steps.append))
    return steps


def actions(found: Plan) -> list[Action]:
    return [one.action for one in (*found.changes, *found.drift) if one.kind is Kind.WEB]


def live(world: World) -> DeployedApp | None:
    return next((app for app in world.apps.apps if app.name == APP), None)


def test_it_is_an_app_of_its_own_and_deployed_after_all_else() -> None:
    world = World()
    assert actions(plan(world, WEB)) == [Action.CREATE]
    steps = applied(world, WEB)
    assert steps.index(Step.WEB) > steps.index(Step.SET_TAGS)
    app = live(world)
    assert app is not None
    assert (app.tags["managed-by"], app.tags["web-of"]) == (
        "schedule-reconciler",
        "schedule-reconciler",
    )
    assert plan(world, WEB).empty


def test_without_credentials_nothing_is_deployed() -> None:
    world = World()
    assert actions(plan(world, LOOPBACK)) == []
    assert Step.WEB not in applied(world, LOOPBACK)


@pytest.mark.parametrize(("web", "runtime"), [(replace(WEB, submit="shop/sync"), "1"), (WEB, "2")])
def test_other_settings_and_other_code_deploy_it_again(web: WebSettings, runtime: str) -> None:
    world = World()
    applied(world, WEB)
    before = live(world)
    assert actions(plan(world, web, runtime)) == [Action.UPDATE]
    applied(world, web, runtime)
    assert live(world) != before
    assert plan(world, web, runtime).empty


def test_a_second_endpoint_is_for_senders_that_modals_proxy_knows() -> None:
    world = World()
    applied(world, WEB)
    both = replace(WEB, proxy_auth=True)
    assert actions(plan(world, both)) == [Action.UPDATE]
    applied(world, both)
    app = live(world)
    assert app is not None
    assert [function.name for function in app.functions] == ["web", "hooks"]


def test_the_image_has_all_that_the_application_imports() -> None:
    imported = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "starlette" in imported
    # What an extra brings counts only where it is asked for: that of pyjwt[crypto].
    has, wanted = {"schedule-reconciler"}, [*requirements(), "modal", "cryptography"]
    assert any(text.startswith("pyjwt[crypto]") for text in wanted)
    while wanted:
        name = re.split(r"[^\w.-]", wanted.pop())[0].lower().replace("_", "-")
        if name in has:
            continue
        has.add(name)
        with suppress(metadata.PackageNotFoundError):
            wanted += [one for one in metadata.requires(name) or () if "extra ==" not in one]
    assert set(imported) - TRIED <= has


def test_what_a_person_stopped_or_deployed_over_is_drift() -> None:
    world = World()
    applied(world, WEB)
    world.apps.apps = [app for app in world.apps.apps if app.name != APP]
    found = plan(world, WEB)
    assert actions(found) == [Action.REPAIR]
    assert any("is no longer deployed" in change.reason for change in found.drift)
    applied(world, WEB)
    world.apps.apps = [
        replace(app, tags={**app.tags, "web": "other"}) if app.name == APP else app
        for app in world.apps.apps
    ]
    assert actions(plan(world, WEB)) == [Action.REPAIR]
    applied(world, WEB)
    assert plan(world, WEB).empty


def test_it_goes_with_its_settings_once_no_request_is_open() -> None:
    world = World()
    applied(world, WEB)
    world.apps.busy.add(APP)
    assert actions(plan(world, None)) == []
    world.apps.busy.clear()
    assert actions(plan(world, None)) == [Action.DELETE]
    applied(world, None)
    assert live(world) is None
    assert plan(world, None).empty


def test_an_app_of_that_name_that_is_not_ours_is_refused() -> None:
    world = World()
    theirs = DeployedApp("production", APP, (DeployedFunction("pages"),))
    world.apps.apps.append(theirs)
    with pytest.raises(RefusedError, match=f"{APP} is an app that this repository does not manage"):
        applied(world, WEB)
    assert live(world) == theirs
    assert actions(plan(world, None)) == []


def test_an_apply_that_died_before_it_is_completed_by_the_next() -> None:
    world = World()

    class KilledError(Exception):
        pass

    def die(step: Step) -> None:
        if step is Step.WEB:
            raise KilledError

    with pytest.raises(KilledError):
        asyncio.run(apply(world.workspace, plan(world, WEB), SOMEBODY, die))
    assert live(world) is None
    world.later(hours=1)
    applied(world, WEB)
    assert live(world) is not None
    assert plan(world, WEB).empty
