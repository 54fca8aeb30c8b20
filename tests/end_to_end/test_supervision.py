"""Retries and timeouts of real runs, watched over by the deployed supervisor."""

from __future__ import annotations

from tests.end_to_end.project import Project

NINE = "2036-12-01T09:00Z"


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
    assert ends["endless"] == ("timed-out", "cancelled after its timeout of 1s", None)
    assert ends["fine"] == ("succeeded", None, f'"fine@{NINE}"')
    assert [len(run["tries"]) for run in runs if run["name"] == "failing"] == [3]


def test_a_run_that_modal_itself_gives_up_has_failed_and_is_tried_again(project: Project) -> None:
    project.write(
        "doomed.yaml",
        """
        name: watched
        schedule: "0 * * * *"
        function: shop/die
        args: {occurrence: "${occurrence.id}"}
        retries: {max: 1, backoff: 1s}
        ---
        name: alone
        schedule: "0 * * * *"
        function: shop/die
        args: {occurrence: "${occurrence.id}"}
        """,
    )
    project.applied()
    woken = project.reconcile("wake", "--at", NINE, "--wait")
    assert woken.code == 1, woken.err
    runs = project.reconcile("runs", "--format", "json").json["runs"]
    ends = {run["name"]: (run["state"], run["reason"]) for run in runs}
    died = "InternalFailure: Container was killed by SIGKILL"
    assert ends["alone"] == ("failed", died)
    assert ends["watched"] == ("failed", f"gave up after 2 tries: {died}")
