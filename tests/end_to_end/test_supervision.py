"""Retries and timeouts of real runs, watched over by the deployed supervisor."""

from __future__ import annotations

from itertools import pairwise

from tests.end_to_end.project import Project
from tests.engine_fixture import until

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


def test_what_is_queued_starts_by_the_end_of_the_run_before_it_alone(project: Project) -> None:
    """No cron fires: the end asks for the wake that starts it."""
    project.write(
        "queued.yaml",
        """
        name: queued
        schedule: "0 * * * *"
        function: shop/linger
        args: {occurrence: "${occurrence.id}"}
        overlap: queue
        """,
    )
    project.applied()
    project.reconcile("wake", "--at", NINE)
    project.reconcile("trigger", "queued")
    runs = project.reconcile("runs", "--format", "json").json["runs"]
    (waiting,) = [run for run in runs if run["state"] == "queued"]
    assert waiting["reason"] == f"queued@{NINE} is still running; overlap is queue"
    project.in_modal(
        """
        import modal
        modal.Dict.from_name("marks")["enough"] = answer = "enough"
        """
    )
    until(lambda: f"queued@{waiting['time']}" in project.marks(), 60)


def test_a_chain_of_ten_runs_by_the_ends_of_its_runs_alone(project: Project) -> None:
    """No cron fires: each end asks for the wake that starts what waits for it."""
    names = [f"step-{number}" for number in range(10)]
    first = f'name: {names[0]}\nschedule: "0 5 * * *"\n'
    others = [f"name: {name}\nafter: {before}\n" for before, name in pairwise(names)]
    target = 'function: shop/sync\nargs: {occurrence: "${occurrence.id}"}\n'
    project.write("chain.yaml", "---\n".join(one + target for one in (first, *others)))
    project.applied()
    project.reconcile("trigger", names[0])
    until(lambda: len(project.marks()) == len(names), 120)
    marks = [mark.partition("@") for mark in project.marks()]
    assert [name for name, _, _time in marks] == names
    assert len({time for _name, _, time in marks}) == 1, "under the nominal time of the first"
    explained = project.reconcile("explain", names[1], marks[1][2]).out
    assert f"queued: waits for {names[0]}@{marks[0][2]}, which is running" in explained
