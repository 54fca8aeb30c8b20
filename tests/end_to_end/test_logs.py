"""What runs print, through the real command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.end_to_end.project import Project

NINE, TEN, ELEVEN = (f"2036-12-01T{hour}:00Z" for hour in ("09", "10", "11"))
APP = """
import modal, sys
app = modal.App("talk")
tries = modal.Dict.from_name("tries", create_if_missing=True)

@app.function()
def say(words: str = "nothing"):
    print("said", words)
    print("beside", file=sys.stderr)

@app.function()
def stay_silent(): pass

@app.function()
def fail_once():
    number = tries.get("number", 0) + 1
    tries["number"] = number
    print("try", number)
    if number == 1:
        raise ValueError("not yet")
"""
MANIFESTS = """
name: say
schedule: "0 * * * *"
function: talk/say
args: {words: "${occurrence.id}"}
---
name: quiet
schedule: "0 * * * *"
function: talk/stay_silent
---
name: watched
schedule: "0 0 1 1 *"
function: talk/fail_once
retries: {max: 1, backoff: 1s}
"""


@pytest.fixture
def talking(project: Project, tmp_path: Path) -> Project:
    app = tmp_path / "talk.py"
    app.write_text(APP)
    project.engine.modal("deploy", str(app))
    project.write("talk.yaml", MANIFESTS)
    project.applied()
    return project


def test_the_logs_of_a_past_run_are_shown(talking: Project) -> None:
    for time in (NINE, TEN):
        talking.reconcile("wake", "--at", time, "--wait")
    shown = talking.reconcile("logs", f"say@{NINE}")
    assert sorted(shown.out.splitlines()) == ["beside", f"said say@{NINE}"]
    assert f"said say@{TEN}" in talking.reconcile("logs", "say").out
    lines = talking.reconcile("logs", f"say@{TEN}", "--format", "json").json["lines"]
    assert sorted((one["source"], one["text"]) for one in lines) == [
        ("stderr", "beside"),
        ("stdout", f"said say@{TEN}"),
    ]
    quiet = talking.reconcile("logs", "quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", f"quiet@{TEN}: it printed nothing\n")


def test_what_has_no_logs_says_why(talking: Project) -> None:
    talking.reconcile("wake", "--at", NINE, "--wait")
    unknown = talking.reconcile("logs", f"say@{ELEVEN}")
    assert unknown.code == 1
    assert unknown.err.splitlines() == [
        f"reconcile: the history has no say@{ELEVEN}; the nearest is say@{NINE}",
        f"  Ask for that one: reconcile logs say@{NINE}",
    ]
    assert "there is no schedule or task `sya`" in talking.reconcile("logs", "sya").err
    assert "has not run in the last 90 days" in talking.reconcile("logs", "watched").err


def test_logs_that_modal_has_dropped_are_said_to_have_expired(talking: Project) -> None:
    talking.reconcile("wake", "--at", NINE, "--wait")
    talking.engine.stop()
    with sqlite3.connect(talking.engine.state / "engine.db") as database:
        database.execute("PRAGMA foreign_keys=ON")
        database.execute("DELETE FROM calls")
    talking.engine.start()
    expired = talking.reconcile("logs", f"say@{NINE}")
    assert (expired.code, expired.out) == (1, "")
    assert f"the logs of say@{NINE} have expired" in expired.err


def test_a_trigger_prints_what_its_run_prints_with_the_arguments_that_it_was_given(
    talking: Project,
) -> None:
    done = talking.reconcile("trigger", "say", "--arg", "words=hello there", "--logs")
    assert done.code == 0, done.err
    assert sorted(done.out.splitlines()[:2]) == ["beside", "said hello there"]
    assert done.out.splitlines()[2].startswith("succeeded")
    assert "said hello there" in talking.reconcile("logs", "say").out
    unnamed = talking.reconcile("trigger", "say", "--arg", "hello")
    assert (unnamed.code, "'hello' is not NAME=VALUE" in unnamed.err) == (1, True)


def test_the_output_of_each_try_of_a_supervised_run_is_followed(talking: Project) -> None:
    done = talking.reconcile("trigger", "watched", "--logs", "--format", "json")
    assert (done.code, done.json["records"][0]["state"]) == (0, "succeeded")
    said = done.err.splitlines()
    assert said[0] == "try 1"
    assert "ValueError: not yet" in done.err
    assert said[-1] == "try 2"
    assert said[-2].startswith("--- try 2, call fc-")
    again = talking.reconcile("logs", "watched").out
    assert again.index("try 1\n") < again.index("--- try 2") < again.rindex("try 2")
