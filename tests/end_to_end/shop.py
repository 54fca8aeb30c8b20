"""The Modal app that the tests' schedules call. Each run leaves its mark in a Dict."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any
from uuid import uuid4

import modal

app = modal.App("shop", image=modal.Image.debian_slim())
marks = modal.Dict.from_name("marks", create_if_missing=True)


def _mark(what: str) -> str:
    marks.put(f"{what} {uuid4().hex}", what)
    return what


@app.function()
def sync(occurrence: str) -> str:
    """Returns the id of its occurrence."""
    return _mark(occurrence)


@app.function()
def fail(occurrence: str) -> None:
    """Fails."""
    _mark(occurrence)
    raise ValueError("no rows")


@app.function()
def lose_connection(occurrence: str) -> None:
    """Fails in a way in which the client fails too, when Modal does not answer it."""
    _mark(occurrence)
    raise ConnectionError("no route to the database")


@app.function()
def time_out_bare(occurrence: str) -> None:
    """Fails in the way that is hardest to tell from a call that is still going."""
    _mark(occurrence)
    raise TimeoutError


@app.function()
def leave(occurrence: str) -> None:
    """Fails as scripts do."""
    _mark(occurrence)
    sys.exit("no rows")


@app.function()
def leave_without_a_word(occurrence: str) -> None:
    """Fails with an error that cannot be read aloud."""
    _mark(occurrence)

    class Mute(Exception):  # noqa: N818 - whatever people call theirs
        def __str__(self) -> str:
            raise RuntimeError(occurrence)

    raise Mute


class Report:
    """Of a module that only this app has."""


@app.function()
def report(occurrence: str) -> Report:
    """Returns what nobody else can load."""
    _mark(occurrence)
    return Report()


@app.function()
def list_files(occurrence: str) -> list[str]:
    """Returns the name of a file that is none of UTF-8."""
    _mark(occurrence)
    return [os.fsdecode(b"caf\xe9.csv")]


@app.function()
def conceal() -> Any:
    """Returns what cannot be written down."""

    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError

    return Mute()


@app.function()
def accept(**values: Any) -> list[str]:
    """Returns the names of its arguments."""
    return sorted(values)


@app.function(timeout=1, startup_timeout=60)
def too_slow(occurrence: str) -> None:
    """Does not end in time."""
    _mark(occurrence)
    while True:
        time.sleep(0.1)


@app.function()
def linger(occurrence: str) -> str:
    """Runs until it is cancelled, or somebody has left the mark that it is enough."""
    _mark(occurrence)
    while "enough" not in marks:
        time.sleep(0.1)
    return occurrence


@app.function()
def endless() -> None:
    """Runs until it is cancelled."""
    while True:
        time.sleep(0.1)


@app.function()
def die(occurrence: str) -> None:
    """Takes its container along, however often Modal starts another."""
    _mark(occurrence)
    os.kill(os.getpid(), signal.SIGKILL)


@app.function()
def bulky() -> str:
    """Returns more than fits into an answer."""
    return "x" * 5_000_000


@app.function()
def plan_ahead(task: str, at: str) -> str:
    """Has something done later."""
    from reconciler.client import schedule_task

    return schedule_task("shop/sync", at, {"occurrence": f"task {task}"}, task).run


@app.function()
async def change_plans(task: str, at: str) -> list[str]:
    """Has something done at another time, or not at all when there is none."""
    from reconciler.client import cancel_task_async, list_tasks_async, schedule_task_async

    await cancel_task_async(task, reason="plans changed")
    if at:
        await schedule_task_async("shop/sync", at, {"occurrence": f"task {task} again"}, task)
    return [one.run for one in await list_tasks_async()]


@app.cls()
class Mailer:
    """A class with a method."""

    @modal.method()
    def send(self, occurrence: str) -> str:
        """Returns the id of its occurrence."""
        return _mark(occurrence)
