"""Apps: publishing is atomic, five crons per workspace, tags, history, stopping, running once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import SAMPLE
from tests.engine_fixture import RunningEngine, until

CRONS = """
import modal
app = modal.App("{name}")
"""
CRON = """
@app.function(schedule={schedule}, serialized=True, name="{function}")
def _(): return "{function}"
"""


def write_app(folder: Path, name: str, *schedules: str) -> str:
    """An app with a function per schedule, f0 on; returns the path of its file."""
    text = CRONS.format(name=name)
    for number, schedule in enumerate(schedules):
        text += CRON.format(schedule=schedule, function=f"f{number}")
    file = folder / f"{name.replace('-', '_')}.py"
    file.write_text(text)
    return str(file)


def cron(minute: int) -> str:
    return f"modal.Cron('{minute} * * * *')"


def schedules(app: str, environment: str | None = None) -> dict[str, str | None]:
    import modal

    info = modal.App.lookup(app, environment_name=environment).info()
    return {
        name: modal.Function.from_id(identifier).info().schedule
        for name, identifier in info.functions.items()
    }


def test_deployed_apps_are_listed(sample: str) -> None:
    import modal

    apps = {
        app.name: app.info().lifecycle.state
        for environment in modal.Environment.objects.list()
        for app in environment.apps.list()
    }
    assert apps["sample"] is modal.types.AppState.DEPLOYED
    assert schedules("sample")["tick"] == "Cron('0 6 * * *', America/New_York)"
    assert schedules("sample")["square"] is None


def test_a_deploy_replaces_the_functions_and_keeps_their_ids(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    import modal

    def ids() -> dict[str, str]:
        return dict(modal.App.lookup("app", environment_name=environment).info().functions)

    client.modal("deploy", "--env", environment, write_app(tmp_path, "app", cron(1), cron(2)))
    before = ids()
    client.modal("deploy", "--env", environment, write_app(tmp_path, "app", cron(5)))
    assert ids() == {"f0": before["f0"]}
    assert schedules("app", environment) == {"f0": "Cron('5 * * * *', UTC)"}
    history = client.modal("app", "history", "--env", environment, "app")
    assert "v2" in history


def test_an_unchanged_deploy_makes_no_new_version(client: RunningEngine, environment: str) -> None:
    for _ in range(2):
        client.modal("deploy", "--env", environment, str(SAMPLE))
    assert "v2" not in client.modal("app", "history", "--env", environment, "sample")


def test_a_rollback_brings_an_old_version_back(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    client.modal("deploy", "--env", environment, write_app(tmp_path, "app", cron(1)))
    client.modal("deploy", "--env", environment, write_app(tmp_path, "app", cron(2)))
    client.modal("app", "rollback", "--env", environment, "app", "v1")
    assert schedules("app", environment) == {"f0": "Cron('1 * * * *', UTC)"}


def test_the_sixth_cron_is_refused_in_modals_words(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine()
    engine.modal("environment", "create", "other")
    two = write_app(tmp_path, "others", cron(1), "modal.Period(hours=1)")
    engine.modal("deploy", "--env", "other", two)
    engine.modal("deploy", write_app(tmp_path, "mine", cron(1), cron(2)))
    said = engine.modal("deploy", write_app(tmp_path, "mine", *map(cron, range(4))), check=False)
    said = re.sub(r"[\s│]+", " ", said)
    assert "reached limit of 5 cron jobs (# already deployed => 2, # in this app => 4)" in said, (
        said
    )
    shown = engine.python("-c", SHOW.format(app="mine"))
    assert shown.split() == ["f0", "f1"]
    engine.modal("deploy", write_app(tmp_path, "mine", *map(cron, range(3))))
    assert engine.python("-c", SHOW.format(app="mine")).split() == ["f0", "f1", "f2"]


SHOW = """
import modal
print(*sorted(modal.App.lookup("{app}").info().functions))
"""


def test_a_refused_first_deploy_leaves_no_app(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine("--crons", "1")
    engine.modal("deploy", write_app(tmp_path, "big", cron(1), cron(2)), check=False)
    assert "big" not in engine.modal("app", "list")
    engine.modal("deploy", write_app(tmp_path, "small", cron(1)))
    engine.modal("app", "stop", "--yes", "small")
    engine.modal("deploy", write_app(tmp_path, "next", cron(1)))


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("modal.Cron('0 25 * * *')", "Invalid cron schedule '0 25 * * *'"),
        ("modal.Cron('0 6 * * *', timezone='America/New_Yrok')", "America/New_Yrok"),
        ("modal.Period(seconds=0)", "longer than nothing"),
    ],
)
def test_nonsense_schedules_are_refused(
    client: RunningEngine, environment: str, tmp_path: Path, schedule: str, said: str
) -> None:
    file = write_app(tmp_path, "nonsense", schedule)
    assert said in client.modal("deploy", "--env", environment, file, check=False)
    assert "nonsense" not in client.modal("app", "list", "--env", environment)


def test_tags_are_replaced_as_a_whole(sample: str) -> None:
    import modal

    app = modal.App.lookup("sample")
    app.set_tags({"owner": "us", "generation": "1"})
    app.set_tags({"owner": "them"})
    assert modal.App.lookup("sample").get_tags() == {"owner": "them"}


def test_an_app_is_looked_up_or_made(client: RunningEngine, environment: str) -> None:
    import modal

    with pytest.raises(modal.exception.NotFoundError, match="'fresh' not found"):
        modal.App.lookup("fresh", environment_name=environment)
    made = modal.App.lookup("fresh", environment_name=environment, create_if_missing=True)
    assert modal.App.lookup("fresh", environment_name=environment).app_id == made.app_id


def test_a_stopped_app_is_gone_for_callers(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    import modal

    client.modal("deploy", "--env", environment, write_app(tmp_path, "brief", cron(1)))
    waiting = modal.Function.from_name("brief", "f0", environment_name=environment).hydrate()
    client.modal("app", "stop", "--yes", "--env", environment, "brief")
    with pytest.raises(modal.exception.NotFoundError):
        waiting.remote()
    with pytest.raises(modal.exception.NotFoundError):
        modal.Function.from_name("brief", "f0", environment_name=environment).hydrate()
    assert "stopped" in client.modal("app", "list", "--env", environment)


def test_an_app_that_is_run_shows_its_output_and_goes_away(
    client: RunningEngine, environment: str
) -> None:
    shown = client.modal("run", "--env", environment, f"{SAMPLE}::fail", "--item", "x", check=False)
    assert "about to fail" in shown
    assert "OutOfStockError" in shown
    assert "sum 14" in client.modal("run", "--env", environment, str(SAMPLE))
    assert "ephemeral" not in client.modal("app", "list", "--env", environment)


def test_what_containers_print_is_kept(client: RunningEngine, sample: str) -> None:
    call = client.fire("sample", "tick")
    import modal

    assert modal.FunctionCall.from_id(call).get() == "tick"
    until(lambda: "ticked" in logged("sample"))


def logged(app: str) -> str:
    import modal

    entries: list[Any] = list(modal.App.lookup(app).logs.tail(100))
    return "".join(entry.message for entry in entries)
