"""What a person asks of the past, through the real command line."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.end_to_end.project import Project

NINE, TEN = "2036-12-01T09:00Z", "2036-12-01T10:00Z"


def test_runs_can_be_filtered_looked_at_one_by_one_and_explained(project: Project) -> None:
    project.write(
        "two.yaml",
        """
        name: good
        schedule: "0 * * * *"
        function: shop/sync
        args: {occurrence: "${occurrence.id}"}
        ---
        name: bad
        schedule: "0 * * * *"
        function: shop/fail
        args: {occurrence: "${occurrence.id}"}
        """,
    )
    project.applied()
    project.reconcile("wake", "--at", NINE, "--wait")
    failed = project.reconcile("runs", "--failed", "--format", "json").json["runs"]
    assert [run["occurrence"] for run in failed] == [f"bad@{NINE}"]
    assert project.reconcile("runs", "--since", "2100-01-01T00:00Z").out == "No runs.\n"
    one = project.reconcile("runs", f"bad@{NINE}")
    assert "reason   ValueError: no rows" in one.out
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    *_, logs, repair = (line.split() for line in one.out.splitlines())
    assert logs[:3] == ["logs", "reconcile", "logs"]
    assert repair == ["repair", "reconcile", "rerun", f"bad@{NINE}"]
    assert "ValueError: no rows" in project.reconcile(*logs[2:], PATH=programs).out
    good = project.reconcile("runs", f"good@{NINE}").out.splitlines()[-1].split()
    assert project.reconcile(*good[2:], PATH=programs).out == "", (
        "and nothing of the other run of that app"
    )
    listed = project.reconcile("list", "--sort", "state", "--format", "json").json["schedules"]
    assert [(one["name"], one["last"]["time"]) for one in listed] == [("bad", NINE), ("good", NINE)]
    shown = project.reconcile("show", "bad", "--format", "json").json
    assert (shown["file"], shown["line"]) == ("schedules/two.yaml", 7)
    assert [run["occurrence"] for run in shown["runs"]] == [f"bad@{NINE}"]
    why = project.reconcile("explain", "good", NINE)
    assert why.out.startswith(f"good@{NINE} ran")
    unknown = project.reconcile("runs", f"bad@{TEN}")
    assert (unknown.code, unknown.err) == (
        1,
        f"reconcile: the history has no bad@{TEN}\n  Ask why: reconcile explain bad {TEN}\n",
    )
    named = project.reconcile("runs", f"bad@{TEN}", "--env", "local")
    assert named.err.endswith(f"reconcile explain bad {TEN} --env local\n")
    for command in (
        ["runs", "bad@2036-12-01T09:00"],
        ["runs", "--since", "2036-12-01T09:00"],
        ["explain", "good", "2036-12-01T09:00"],
        ["wake", "--at", "2036-12-01T09:00", "--dry-run"],
    ):
        without = project.reconcile(*command)
        assert without.err == "2036-12-01T09:00 has no offset and is read as UTC.\n"
        assert (
            without.out
            == project.reconcile(*(f"{word}Z" if "T09" in word else word for word in command)).out
        )
    berlin = project.reconcile("runs", "bad@2036-12-01T10:00+01:00")
    assert (berlin.out, berlin.err) == (one.out, "")
    status = project.reconcile("status", "--format", "json")
    assert status.code == 1
    rows = {row["name"]: row["failure_streak"] for row in status.json["schedules"]}
    assert rows == {"bad": 1, "good": 0}


def test_a_function_can_be_submitted_and_its_result_fetched(project: Project) -> None:
    call = project.reconcile("submit", "shop/sync", "--args", '{"occurrence": "by hand"}')
    assert call.code == 0, call.err
    done = project.reconcile("result", call.out.strip(), "--wait")
    assert (done.code, done.out) == (0, 'done  "by hand"\n')
    waited = project.reconcile("submit", "shop/sync", "--args", '{"occurrence": "x"}', "--wait")
    assert (waited.code, waited.out) == (0, 'done  "x"\n')
    wrong = project.reconcile("submit", "shop/sync", "--args", "[1]")
    assert (wrong.code, wrong.err.splitlines()[0]) == (
        1,
        "reconcile: --args must be a JSON object",
    )


def test_a_missed_run_is_repaired_and_a_range_is_backfilled(project: Project) -> None:
    project.hourly("hourly")
    project.applied()
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    first = f"hourly@{day}T03:00Z"
    done = project.reconcile("rerun", first, "--wait")
    assert (done.code, done.out.split()[:2]) == (0, ["succeeded", "hourly"]), done.err
    again = project.reconcile("rerun", first)
    assert again.code == 3
    assert f"{first}.2 has succeeded" in again.err

    asked = ("backfill", "hourly", "--from", f"{day}T03:00", "--to", f"{day}T06:00")
    plan = project.reconcile(*asked, "--format", "json", "--dry-run").json
    assert plan["runs"] == [f"hourly@{day}T04:00Z.2", f"hourly@{day}T05:00Z.2"]
    assert plan["left_out"] == {"succeeded": 1}
    assert project.reconcile("backfill", "list").out == "No backfills.\n"
    file = project.root / "backfill.plan"
    assert project.reconcile(*asked, "--out", str(file)).code == 0
    started = project.reconcile("backfill", "--plan", str(file))
    assert started.code == 0, started.err

    # Its runs end by themselves, and their ends ask for the wakes that it needs.
    until = time.monotonic() + 60
    while (over := project.reconcile("backfill", "list").out.split())[1] != "done":
        assert time.monotonic() < until, over
    shown = project.reconcile("backfill", "show", plan["digest"][:12], "--format", "json").json
    assert shown["outcomes"] == {"succeeded": 2}
    twice = project.reconcile("backfill", "--plan", str(file))
    assert "starts nothing twice" in twice.err
    runs = project.reconcile("runs", f"hourly@{day}T04:00Z", "--format", "json").json["runs"]
    assert [run["run"] for run in runs] == [f"hourly@{day}T04:00Z.2"]
    assert project.reconcile(*asked).out.startswith("Backfill of hourly: 0 runs of 3")
