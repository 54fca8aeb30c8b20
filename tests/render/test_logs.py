"""The command that shows the lines of exactly one run."""

from __future__ import annotations

from dataclasses import replace

from reconciler.dispatch.answers import CallState
from reconciler.manifest import Settings
from reconciler.model.runs import Run, runs_of
from reconciler.render.log_commands import Logs
from tests.dispatch.scenario import World, hourly

MODAL = "modal app logs shop --env production"


def run() -> Run:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("09:20")
    return runs_of(world.log.logs)[0]


def test_on_a_laptop_the_client_is_pointed_at_the_engine_elsewhere_at_the_environment() -> None:
    settings = Settings()
    local = Logs.of(settings.environment("local"))
    assert local.command(run(), hourly()) == (
        "reconcile engine exec modal app logs shop --function-call fc-1"
    )
    remote = Logs.of(settings.environment("production"))
    assert remote.command(run(), hourly()) == f"{MODAL} --function-call fc-1"


def test_of_a_run_that_is_watched_over_it_is_the_last_try_and_not_the_supervisor() -> None:
    logs, record = Logs(local=False, environment="production"), hourly(retries=1)
    tried = replace(run(), tries=("1: fc-7 failed no rows", "2: fc-8 succeeded"))
    assert logs.command(tried, record) == f"{MODAL} --function-call fc-8"
    assert logs.command(run(), record) == f"{MODAL}  (function sync)", "its tries are not known yet"


def test_where_the_app_is_not_known_any_more_what_is_known_is_said() -> None:
    assert Logs().command(run(), None) == (
        "reconcile engine exec modal app logs APP --function-call fc-1  "
        "(which APP it was is not known any more)"
    )
    assert Logs().command(replace(run(), call=None), hourly()) is None
