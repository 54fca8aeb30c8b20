"""Retries and timeouts of real runs, watched over by the deployed supervisor."""

from __future__ import annotations

from tests.end_to_end.project import Project

NINE = "2026-11-30T09:00Z"


def test_failing_and_endless_runs_are_tried_again_cancelled_and_reported(project: Project) -> None:
    project.write(
        "watched.yaml",
        """
        name: failing
        schedule: "0 * * * *"
        function: shop/fail
        args: {occurrence: "${occurrence.id}"}
        retries: {max: 2, backoff: 1s, factor: 1}
        ---
        name: endless
        schedule: "0 * * * *"
        function: shop/endless
        timeout: 1s
        ---
        name: fine
        schedule: "0 * * * *"
        function: shop/sync
        args: {occurrence: "${occurrence.id}"}
        retries: 1
        """,
    )
    project.applied()
    project.reconcile("wake", "--at", NINE, "--wait")
    assert project.marks() == [f"failing@{NINE}"] * 3 + [f"fine@{NINE}"]
    runs = project.reconcile("runs", "--format", "json").json["runs"]
    ends = {run["name"]: (run["state"], run["reason"], run["result"]) for run in runs}
    assert ends["failing"] == ("failed", "gave up after 3 tries: ValueError: no rows", None)
    assert ends["endless"] == ("timed-out", "cancelled after its timeout of 1 s", None)
    assert ends["fine"] == ("succeeded", None, f'"fine@{NINE}"')
    assert [len(run["tries"]) for run in runs if run["name"] == "failing"] == [3]
