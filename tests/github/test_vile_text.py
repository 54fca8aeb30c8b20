"""One text that does harm wherever it is shown, in every place that a stranger can write to.

Nothing of it reaches a terminal or a CI log: not through a manifest, a file's name, an author, an
argument, a result, an error, or what somebody has put onto the Volume in place of ours.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.end_to_end.project import Done, Project
from tests.github.team import Team
from tests.github_log import commands

CONTROLS = "\x1b[2J \x9b31m \x07 \u202e \u2066 \u200b \u200f \u061c \u2028 \u2029 \ufeff"
VILE = f"x\r\n::error::a\r##[stop-commands]t ##[add-mask]m {CONTROLS}\n  ::warning::b"
NAME = f"x ##[add-mask]m ::error::a {CONTROLS}".replace("/", "")
"""The same as far as a file and an author can be called."""
NINE = "2036-12-01T09:00Z"
READING = (
    ("validate",),
    ("lint",),
    ("next",),
    ("next", "--ics", "-"),
    ("--dry-run",),
    ("--dry-run", "--format", "markdown"),
    ("status",),
    ("runs",),
    ("runs", f"a@{NINE}"),
    ("explain", "a", NINE),
    ("history",),
    ("tasks",),
    ("wake", "--dry-run"),
)
JSON = ("validate", "lint", "next", "--dry-run", "status", "runs", "history", "tasks")
VILE_APP = f"""
import modal
app = modal.App("vile", image=modal.Image.debian_slim())
VILE = {VILE!r}

@app.function()
def give(**given):
    return VILE

@app.function()
def fail(**given):
    raise type(VILE, (Exception,), {{}})(VILE)

@app.function()
def forge(**given):
    return {{"schedule-reconciler/ending": 1, "state": "failed", "result": VILE, "reason": VILE,
            "tries": [VILE]}}
"""


def harmless(done: Done) -> None:
    """Nothing was printed that acts on a terminal, or that GitHub takes for a command but ours."""
    both = done.out + done.err
    shown = both.replace("@\u2060", "@")
    if both.startswith("BEGIN:VCALENDAR"):
        shown = shown.replace("\r\n", "\n")
    bad = {letter for letter in shown if not letter.isprintable()} - {"\n", "\t"}
    assert not bad, both
    for command in commands(both):
        assert command.name in {"error", "warning"}, command
        assert command.properties.endswith("title=schedules"), command
    assert "defect" not in both, both


def in_ci(project: Project, *arguments: str) -> Done:
    done = project.reconcile(*arguments, "--env", "local", CI="true", GITHUB_ACTIONS="true")
    harmless(done)
    return done


def read_everything(project: Project) -> str:
    """Call whatever shows something; returns all of it."""
    shown = [in_ci(project, *arguments) for arguments in READING]
    for command in JSON:
        done = in_ci(project, command, "--format", "json")
        json.loads(done.out or "{}")
        assert done.out.isascii() or "\x7f" not in done.out
        shown.append(done)
    return "".join(done.out + done.err for done in shown)


def manifest(name: str, function: str = "give", **keys: object) -> str:
    """As YAML, which takes JSON."""
    text = {"description": VILE[:1000], "owner": VILE, "args": {"given": VILE}, **keys}
    basic = {"name": name, "schedule": "0 9 * * *", "function": f"vile/{function}"}
    return "---\n" + json.dumps({**basic, **text}) + "\n"


def test_nothing_of_a_valid_manifest_a_run_or_an_author_does_harm(
    team: Team, tmp_path: Path
) -> None:
    app = tmp_path / "vile.py"
    app.write_text(VILE_APP)
    team.project.engine.modal("deploy", str(app))
    team.git.write(
        "schedules/all.yaml",
        manifest("a")
        + manifest("b", "fail", timeout="10m")
        + manifest("c", "forge")
        + manifest("d", suspend={"until": "2040-01-01", "reason": VILE}),
    )
    team.git.commit(author=NAME)
    applied = in_ci(team.project, "--yes")
    assert applied.code == 0, applied.err
    woken = in_ci(team.project, "wake", "--at", NINE, "--wait")
    assert "failed" in woken.out
    shown = read_everything(team.project)
    assert "# #[stop-commands]t" in shown, "it is shown, and no command"
    call = in_ci(team.project, "submit", "vile/give").out.strip()
    harmless(team.project.reconcile("result", call, "--wait"))


def test_nothing_that_is_wrong_in_a_manifest_does_harm(team: Team) -> None:
    (team.project.root / "schedules" / f"{NAME}.yaml").write_text(
        manifest(VILE)
        + manifest("b", timezone=VILE)
        + manifest("c", schedule=VILE)
        + manifest("d", function=VILE)
        + json.dumps({VILE: VILE})
        + "\n---\n"
        + manifest("e", retries=VILE, ping=VILE, start=VILE, environments=[VILE], overlap=VILE)
    )
    team.git.commit(author=NAME)
    shown = read_everything(team.project)
    assert "schedules/x # #[add-mask]m" in shown
    done = in_ci(team.project, "--dry-run")
    assert [*commands(done.err)], "the annotations are there, and are ours"
    team.git.write("reconciler.yaml", json.dumps({VILE: VILE, "schedules": VILE, "app": VILE}))
    in_ci(team.project, "--dry-run")


@pytest.mark.parametrize(
    "arguments",
    [
        (VILE,),
        ("--env", VILE),
        ("--schedules", VILE, "validate"),
        ("--at", VILE, "--dry-run"),
        ("--against", VILE),
        ("--plan", VILE),
        ("next", VILE),
        ("next", "--after", VILE),
        ("next", "--count", VILE),
        ("next", "--ics", f"{VILE}/x"),
        ("runs", VILE),
        ("runs", f"a@{VILE}"),
        ("explain", VILE, NINE),
        ("trigger", VILE),
        ("submit", VILE),
        ("submit", "shop/accept", "--args", VILE),
        ("result", VILE),
        ("tasks", "cancel", VILE),
        ("import", "crontab", VILE),
        ("init", "--action", VILE),
        ("engine", "exec", VILE),
        ("github", "comment", "--file", VILE),
    ],
    ids=lambda arguments: " ".join(word for word in arguments if VILE not in word) or "a word",
)
def test_no_argument_does_harm(team: Team, arguments: tuple[str, ...]) -> None:
    team.commit("a")
    done = team.project.reconcile(*arguments, GITHUB_ACTIONS="true")
    harmless(done)
    assert done.code == 1


@pytest.mark.parametrize("source", ["crontab", "github", "kubernetes", "wrangler"])
def test_nothing_of_an_imported_file_does_harm(team: Team, source: str) -> None:
    document = {
        "crontab": f"0 9 * * * {VILE}\n{VILE}\n@hourly {NAME}\n",
        "github": json.dumps({"name": VILE, "on": {"schedule": [{"cron": VILE}, VILE]}}),
        "kubernetes": json.dumps(
            {"kind": "CronJob", "metadata": {"name": VILE}, "spec": {"schedule": VILE}}
        ),
        "wrangler": json.dumps({"name": VILE, "triggers": {"crons": [VILE, "0 9 * * *"]}}),
    }[source]
    path = team.project.root / f"{NAME}.txt"
    path.write_text(document)
    harmless(team.project.reconcile("import", source, path.name, GITHUB_ACTIONS="true"))


@pytest.mark.parametrize("key", ["function", "app", "description", "timezone", "when", "name"])
def test_nothing_of_a_generation_that_was_tampered_with_does_harm(team: Team, key: str) -> None:
    team.commit("a", "b")
    team.project.applied()
    team.project.in_modal(
        f"""
        import hashlib, io, modal
        volume = modal.Volume.from_name("schedule-reconciler")
        pointer = json.loads(b"".join(volume.read_file("current.json")))
        path = f"generations/{{pointer['generation']}}.jsonl"
        *lines, last = b"".join(volume.read_file(path)).splitlines()
        record = json.loads(last)
        vile = {VILE!r}
        record[{key!r}] = [vile] if isinstance(record.get({key!r}), list) else vile
        content = b"\\n".join([*lines, json.dumps(record).encode()]) + b"\\n"
        digest = hashlib.sha256(content).hexdigest()
        pointer.update(generation=digest, by=vile, author=vile, link=vile, at=vile, commit=vile)
        with volume.batch_upload(force=True) as batch:
            batch.put_file(io.BytesIO(content), f"generations/{{digest}}.jsonl")
            batch.put_file(io.BytesIO(json.dumps(pointer).encode()), "current.json")
        answer = None
        """
    )
    for arguments in READING:
        harmless(team.project.reconcile(*arguments))


def test_a_traceback_does_no_harm_either(team: Team) -> None:
    done = team.project.reconcile("--plan", os.fsdecode(b"x\xff\x1b"), RECONCILER_TRACEBACK="1")
    harmless(done)
