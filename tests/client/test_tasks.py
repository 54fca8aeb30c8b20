"""Tasks through the real client on the engine: created, listed, cancelled."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import modal
import pytest

from reconciler.client import (
    InvalidTaskError,
    NothingWakesWarning,
    TaskError,
    TaskExistsError,
    TaskState,
    UnknownAppError,
    UnknownTaskError,
    cancel_task,
    list_tasks,
    schedule_task,
    schedule_task_async,
)
from reconciler.client.tasks import DEFAULT_APP
from reconciler.deploy.modal_files import ModalFiles
from reconciler.dispatch.adapters.modal_calls import ModalClaims
from reconciler.errors import ReconcileError
from reconciler.manifest import Settings
from reconciler.model.generation import generation_path
from reconciler.model.pointer import POINTER_PATH, Pointer
from tests.end_to_end.project import SHOP
from tests.engine_fixture import RunningEngine

MAIN = "main"
LATER = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=400)


@pytest.fixture(scope="module")
def shop(client: RunningEngine) -> RunningEngine:
    """The session's engine with the shop deployed."""
    client.modal("deploy", str(SHOP), cwd=Path(SHOP).parent)
    return client


@pytest.fixture
def app(shop: RunningEngine) -> Iterator[str]:
    """An app of ours that no other test uses, as an apply leaves it; no cron wakes for tasks.

    Faults end with the test, also when it fails: others use the same engine.
    """
    name = f"ours-{uuid4().hex[:12]}"
    asyncio.run(_apply(name))
    yield name
    shop.clear_faults()


async def _apply(app: str) -> None:
    digest = "0" * 64
    pointer = Pointer(
        generation=digest,
        commit=None,
        dirty=False,
        by="dev",
        at="2026-11-20T12:00:00Z",
        previous=None,
    )
    files = ModalFiles(app, MAIN)
    await files.write(generation_path(digest), b'{"format": 1}\n')
    await files.write(POINTER_PATH, pointer.encode())
    await ModalClaims(app, MAIN).put_new("lease", {})


@pytest.fixture
def quiet() -> Iterator[None]:
    """Ignore the warning that no cron wakes for tasks."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NothingWakesWarning)
        yield


@pytest.mark.usefixtures("quiet")
def test_a_task_is_listed_until_it_is_cancelled(app: str) -> None:
    made = schedule_task("shop/sync", LATER, {"occurrence": "x"}, "one", app=app, environment=MAIN)
    assert (made.id, made.state, made.at, made.run) == ("one", "pending", LATER, "task/one")
    assert (made.function, made.args) == ("shop/sync", {"occurrence": "x"})
    other = schedule_task("shop/Mailer.send", LATER - timedelta(days=1), app=app, environment=MAIN)
    assert list_tasks(app=app, environment=MAIN) == [other, made]

    cancelled = cancel_task("one", app=app, environment=MAIN)
    assert (cancelled.state, cancelled.reason) == (TaskState.CANCELLED, "cancelled by a program")
    assert list_tasks(app=app, environment=MAIN) == [other]
    assert list_tasks(settled=True, app=app, environment=MAIN) == [other, cancelled]


@pytest.mark.usefixtures("quiet")
def test_with_the_same_id_it_is_one_task(app: str) -> None:
    async def both() -> list[object]:
        one = schedule_task_async("shop/sync", LATER, {}, "one", app=app, environment=MAIN)
        two = schedule_task_async("shop/sync", LATER, {}, "one", app=app, environment=MAIN)
        return [*await asyncio.gather(one, two)]

    first, second = asyncio.run(both())
    assert first == second
    assert list_tasks(app=app, environment=MAIN) == [first]
    with pytest.raises(TaskExistsError, match="task one exists already: shop/sync at"):
        schedule_task("shop/sync", LATER, {"n": 1}, "one", app=app, environment=MAIN)


PROCESS = """
import sys, warnings
from reconciler.client import schedule_task, TaskExistsError
warnings.simplefilter("ignore")
app, n = sys.argv[1:]
sys.stdin.readline()
try:
    print(schedule_task("shop/sync", "2027-06-01T00:00Z", {"n": n}, "one", app=app).args["n"])
except TaskExistsError:
    print("refused")
"""


def test_of_two_processes_that_create_at_the_same_time_one_succeeds(
    shop: RunningEngine, app: str
) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, app, number],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=shop.env,
            text=True,
        )
        for number in ("1", "2", "3")
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in started]
    assert answers.count("refused") == 2, answers
    (task,) = list_tasks(app=app, environment=MAIN)
    assert [task.args["n"]] == [answer for answer in answers if answer != "refused"]


def test_a_program_is_warned_once_that_no_cron_wakes_for_tasks(app: str) -> None:
    with pytest.warns(NothingWakesWarning, match="no cron wakes for tasks") as caught:
        schedule_task("shop/sync", LATER, app=app, environment=MAIN)
    assert "Set `tasks: {resolution: 5m}` in reconciler.yaml" in str(caught[0].message)
    assert caught[0].filename == __file__, "the caller's line, not ours"
    schedule_task("shop/sync", LATER, app=app, environment=MAIN)
    assert len(list_tasks(app=app, environment=MAIN)) == 2, "stored all the same"


def test_the_warning_names_the_line_of_an_asynchronous_program(app: str) -> None:
    async def program() -> None:
        await schedule_task_async("shop/sync", LATER, app=app, environment=MAIN)

    with pytest.warns(NothingWakesWarning) as caught:
        asyncio.run(program())
    line = program.__code__.co_firstlineno + 1
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_an_environment_that_does_not_exist_is_named(app: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: schedule_task("shop/sync", LATER, app=app, environment="nope"),
        lambda: cancel_task("a", app=app, environment="nope"),
        lambda: list_tasks(app=app, environment="nope"),
    ]
    for call in calls:
        with pytest.raises(TaskError, match="there is no Modal environment `nope`"):
            call()


def test_a_program_without_a_token_learns_how_to_get_one(app: str, shop: RunningEngine) -> None:
    shop.fault("*", "fail", status="UNAUTHENTICATED", times=99, scope="client")
    calls: list[Callable[[], object]] = [
        lambda: schedule_task("shop/sync", LATER, app=app, environment=MAIN),
        lambda: cancel_task("a", app=app, environment=MAIN),
        lambda: list_tasks(app=app, environment=MAIN),
    ]
    for call in calls:
        with pytest.raises(TaskError, match="authentication failed") as caught:
            call()
        assert caught.value.remedy is not None
        assert "reconcile engine env" in caught.value.remedy
    shop.clear_faults()


def test_a_function_that_does_not_exist_is_refused_when_the_task_is_created(app: str) -> None:
    with pytest.raises(InvalidTaskError, match="there is no function shop/nothing"):
        schedule_task("shop/nothing", LATER, app=app, environment=MAIN)
    assert list_tasks(app=app, environment=MAIN) == []


@pytest.fixture
def typo(app: str) -> str:
    """A name that is almost that of an app of ours."""
    return app.replace("ours-", "our-")


@pytest.fixture
def never_applied(app: str) -> str:
    """A Modal environment to which nothing was applied."""
    environment = f"env-{app}"
    modal.Environment.objects.create(environment)
    return environment


@pytest.mark.usefixtures("quiet")
def test_an_app_that_does_not_exist_is_an_error_and_not_an_app_without_tasks(
    app: str, typo: str
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: list_tasks(app=typo, environment=MAIN),
        lambda: list_tasks(settled=True, app=typo, environment=MAIN),
        lambda: cancel_task("one", app=typo, environment=MAIN),
        lambda: schedule_task("shop/sync", LATER, app=typo, environment=MAIN),
        lambda: schedule_task("shop/sync", LATER, {}, "one", app=typo, environment=MAIN),
    ]
    for call in calls:
        with pytest.raises(UnknownAppError) as caught:
            call()
        said, what_to_do = str(caught.value).split("\n")
        assert (
            said == f"no schedules were ever applied to an app `{typo}` in Modal environment `main`"
        )
        assert what_to_do.startswith(f"  Did you mean {app}")
        assert what_to_do.endswith("Correct the name, or apply schedules to it first: reconcile")


def test_an_app_of_another_environment_is_named_with_it(app: str, never_applied: str) -> None:
    with pytest.raises(UnknownAppError, match=f"Did you mean {app} in environment `main`"):
        list_tasks(app=app, environment=never_applied)


def test_refusing_an_app_leaves_no_volume_of_that_name(typo: str) -> None:
    with pytest.raises(UnknownAppError):
        schedule_task("shop/sync", LATER, {}, "one", app=typo, environment=MAIN)
    names = {volume.name for volume in modal.Volume.objects.list(environment_name=MAIN)}
    assert typo not in names


def test_an_app_without_tasks_has_none(app: str) -> None:
    assert list_tasks(app=app, environment=MAIN) == []


def test_a_task_that_does_not_exist_cannot_be_cancelled(app: str) -> None:
    with pytest.raises(UnknownTaskError, match="there is no task one"):
        cancel_task("one", app=app, environment=MAIN)


@pytest.mark.usefixtures("quiet")
def test_a_damaged_file_is_listed_by_name_beside_the_others(app: str) -> None:
    from reconciler.client.task_files import ModalTaskFiles

    good = schedule_task("shop/sync", LATER, {}, "good", app=app, environment=MAIN)
    files = ModalTaskFiles(app, MAIN)
    asyncio.run(
        files.change(
            {
                "tasks/2026-11-20/15/bad.json": b"{",
                "tasks/2026-11-20/16/new.json": json.dumps({"format": 9}).encode(),
            }
        )
    )
    bad, new, listed = list_tasks(app=app, environment=MAIN)
    assert listed == good
    assert (bad.id, bad.state, new.id, new.state) == ("bad", "unreadable", "new", "unreadable")
    assert bad.reason is not None
    assert bad.reason.startswith("tasks/2026-11-20/15/bad.json: is not a task")
    assert new.reason is not None
    assert "written in format 9, and this version reads up to format 1" in new.reason


@pytest.mark.usefixtures("quiet")
def test_a_missing_answer_is_an_error_with_a_remedy(shop: RunningEngine, app: str) -> None:
    schedule_task("shop/sync", LATER, app=app, environment=MAIN)
    shop.fault("VolumeListFiles", "fail", times=100)
    try:
        with pytest.raises(
            TaskError, match=f"{app}: the embedded engine did not answer when .*\n  Try again"
        ):
            list_tasks(app=app, environment=MAIN)
    finally:
        shop.clear_faults()


def test_synchronous_functions_refuse_to_block_an_event_loop() -> None:
    async def asynchronous() -> None:
        list_tasks()

    with pytest.raises(
        ReconcileError, match="Await the function of the same name that ends in _async"
    ):
        asyncio.run(asynchronous())


def test_the_default_app_is_that_of_the_settings() -> None:
    assert Settings().app == DEFAULT_APP
