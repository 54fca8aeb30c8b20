"""Applies on the engine: through crashes, contention, drift and refusals, by the real commands."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.end_to_end.project import Project
from tests.engine_fixture import until
from tests.forked import Forked

NINE = "2036-12-01T09:00Z"
THEIRS = """
import modal
app = modal.App("theirs")

@app.function(schedule=modal.Cron("0 4 * * *"), serialized=True)
def tick() -> None:
    pass
"""


def nothing_to_do(project: Project) -> None:
    done = project.reconcile("--dry-run", "--detailed-exitcode")
    assert done.code == 0, done.out + done.err
    assert "Nothing to do: what is live is what git says." in done.out


def deploy_theirs(project: Project) -> None:
    source = project.root / "theirs.py"
    source.write_text(THEIRS)
    project.engine.modal("deploy", str(source))


def test_the_plan_is_shown_applied_and_then_empty(project: Project) -> None:
    project.hourly("a", "b")
    planned = project.reconcile("--dry-run", "--detailed-exitcode")
    assert planned.code == 2
    assert "+ create  a  is new in git  schedules/hourly.yaml:1" in planned.out
    applied = project.applied()
    assert applied.err.endswith("Its crons fire while `reconcile engine` runs.\n")
    nothing_to_do(project)


def test_an_apply_that_is_killed_holds_up_no_run_and_is_completed_by_the_next(
    project: Project,
) -> None:
    """Of each step and call: tests/deploy/test_apply and tests/faults/test_apply_calls."""
    project.hourly("a", "b")
    project.applied()
    project.hourly("b", "c")

    def kill_at_publish(pid: int) -> None:
        project.engine.fault("AppPublish", "kill", pid=pid, scope="client")

    killed = Forked(project.root, project.environment()).reconcile("--yes", born=kill_at_publish)
    assert killed.code == -signal.SIGKILL
    refused = project.reconcile("--yes")
    assert refused.code == 3
    assert "is applying since" in refused.err
    project.reconcile("wake", "--at", NINE, "--wait")
    assert f"b@{NINE}" in project.marks(), "what was live before and after keeps running"
    assert project.reconcile("unlock", "2").code == 0
    project.applied()
    nothing_to_do(project)
    project.reconcile("wake", "--at", NINE, "--wait")
    assert {f"b@{NINE}", f"c@{NINE}"} <= set(project.marks())
    assert len(project.marks()) == len(set(project.marks())), "nothing ran twice"


def test_of_two_applies_at_once_one_wins_and_the_other_says_who_holds_the_lease(
    project: Project,
) -> None:
    project.hourly("a", "b")
    project.engine.fault("AppPublish", "hold", seconds=60)
    first = project.start("--yes")
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("deploy"):
            break
    second = project.reconcile("--yes")
    project.engine.clear_faults()
    assert second.code == 3
    assert "dev@" in second.err
    assert "is applying since" in second.err
    first.communicate(timeout=60)
    assert first.returncode == 0
    nothing_to_do(project)


SAID = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "stopped by SIGTERM",
    signal.SIGHUP: "stopped by SIGHUP",
}


@pytest.mark.parametrize("number", SAID)
def test_a_signal_in_the_middle_of_an_apply_leaves_nothing_locked(
    project: Project, number: signal.Signals
) -> None:
    project.hourly("a")
    project.engine.fault("AppPublish", "hold", seconds=30)
    interrupted = deploying(project)
    interrupted.send_signal(number)
    _, err = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 128 + number, err
    assert err.endswith(
        f"reconcile: {SAID[number]}; no lease is held, and the apply may be done in part\n"
        "  Run it again, which completes it.\n"
    )
    assert "Traceback" not in err
    project.engine.clear_faults()
    project.applied()
    nothing_to_do(project)


def test_a_second_signal_does_not_interrupt_the_release_and_the_first_one_counts(
    project: Project,
) -> None:
    """GitHub sends SIGINT to a job that is cancelled, and SIGTERM soon after."""
    project.hourly("a")
    project.engine.fault("AppPublish", "hold", seconds=30)
    project.engine.forget_calls()
    interrupted = deploying(project)
    until(lambda: project.engine.calls().get("AppPublish"))  # no renewal of the lease is under way
    project.engine.fault("DictGet", "hold", seconds=60)
    project.engine.forget_calls()
    interrupted.send_signal(signal.SIGINT)
    until(lambda: project.engine.calls().get("DictGet"))
    interrupted.send_signal(signal.SIGTERM)
    assert interrupted.stderr is not None
    said = iter(interrupted.stderr.readline, "")
    releasing = "Still releasing what this command holds; the next signal ends it at once."
    assert any(releasing in line for line in said)
    project.engine.clear_faults()
    _, err = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130, err
    assert "reconcile: interrupted; no lease is held" in err
    project.applied()


def test_a_signal_that_the_parent_ignores_does_not_stop_an_apply(project: Project) -> None:
    """As under `nohup`."""
    project.hourly("a")
    project.engine.fault("AppPublish", "hold", seconds=2)
    going_on = deploying(project, ignoring=signal.SIGHUP)
    going_on.send_signal(signal.SIGHUP)
    _, err = going_on.communicate(timeout=60)
    assert going_on.returncode == 0, err
    nothing_to_do(project)


def deploying(project: Project, ignoring: signal.Signals | None = None) -> subprocess.Popen[str]:
    """An apply that has come to its deploy."""
    started = project.start("--yes", ignoring=ignoring)
    assert started.stderr is not None
    for line in started.stderr:
        if line.startswith("deploy"):
            break
    return started


def test_with_one_of_five_crons_held_by_another_app_at_most_four_are_used(
    project: Project,
) -> None:
    deploy_theirs(project)
    documents = [
        f'name: s{number:02}\nschedule: "{number * 4} {number} * * *"\nfunction: shop/sync\n'
        for number in range(13)
    ]
    project.write("thirteen.yaml", "---\n".join(documents))
    plan = project.reconcile("--dry-run", "--format", "json").json
    assert plan["budget"]["available"] == 4
    assert [held["app"] for held in plan["budget"]["foreign"]] == ["theirs"]
    text = project.applied().out
    assert "held by theirs/tick  0 4 * * * (UTC)  in main" in text
    assert "13 schedules need waking and 4 crons are available" in text
    deployed = project.in_modal(
        """
        import modal
        app = modal.App.lookup("schedule-reconciler")
        functions = [modal.Function.from_id(id) for id in app.info().functions.values()]
        answer = [f.info().schedule for f in functions]
        """
    )
    assert 1 <= len([schedule for schedule in deployed if schedule]) <= 4
    nothing_to_do(project)


def test_a_refused_sixth_cron_changes_nothing_and_names_the_holders(project: Project) -> None:
    project.hourly("a")
    project.applied()
    deploy_theirs(project)
    (project.root / "reconciler.yaml").write_text("crons: 10\n")
    documents = [
        f'name: s{number:02}\nschedule: "{number * 7} {number} * * {number % 7}"\n'
        "function: shop/sync\n"
        for number in range(6)
    ]
    project.write("six.yaml", "---\n".join(documents))
    refused = project.reconcile("--yes")
    assert refused.code == 3, refused.out + refused.err
    assert "Modal refused the deploy: reached limit of 5 cron jobs" in refused.err
    assert "theirs/tick  0 4 * * * (UTC)  in main" in refused.err
    (project.root / "schedules" / "six.yaml").unlink()
    nothing_to_do(project)


DRIFT: dict[str, tuple[str, str]] = {
    "the app was stopped": (
        "modal.App.lookup('schedule-reconciler').stop()",
        "repair  app schedule-reconciler  is not deployed: it was stopped by engine at ",
    ),
    "the pointer was removed": (
        "volume.remove_file('current.json')",
        "repair  pointer schedule-reconciler  was removed: no schedule runs",
    ),
    "the generation was removed": (
        "volume.remove_file(generation)",
        "was removed: no schedule runs",
    ),
    "a record was edited": (
        """
content = b"".join(volume.read_file(generation)).replace(b"shop", b"evil")
with volume.batch_upload(force=True) as batch:
    batch.put_file(io.BytesIO(content), generation)
""",
        "runs otherwise than applied: app shop → evil",
    ),
    "a slot was changed": (
        """
app = modal.App("schedule-reconciler")
app.function(name="a", schedule=modal.Cron("1 2 3 4 5"), serialized=True)(lambda: None)
app.deploy()
""",
        "wakes at 1 2 3 4 5 (UTC), applied was 0 * * * * (UTC); deployed by engine at 2",
    ),
}


@pytest.mark.parametrize("kind", DRIFT)
def test_drift_is_distinguished_from_change_and_repaired(project: Project, kind: str) -> None:
    project.hourly("a")
    project.applied()
    action, shown = DRIFT[kind]
    project.in_modal(
        "import io, modal\n"
        "volume = modal.Volume.from_name('schedule-reconciler')\n"
        "generation = volume.listdir('generations')[0].path\n"
        f"{action.strip()}\nanswer = None"
    )
    plan = project.reconcile("--dry-run", "--detailed-exitcode")
    assert plan.code == 2
    assert "Drift (not changed in git)" in plan.out
    assert shown in plan.out
    assert project.reconcile("--dry-run", "--format", "json").json["changes"] == []
    project.applied()
    nothing_to_do(project)
    project.reconcile("wake", "--at", NINE, "--wait")
    assert project.marks() == [f"a@{NINE}"]


def test_a_missing_function_is_named_with_those_that_exist(project: Project) -> None:
    project.write("a.yaml", 'name: a\nschedule: "0 * * * *"\nfunction: shop/snyc\n')
    done = project.reconcile("--yes")
    assert done.code == 1
    assert done.err.startswith(
        "schedules/a.yaml:3:11: a: there is no deployed function shop/snyc\n"
        "  did you mean shop/sync"
    )


def test_an_engine_that_goes_away_in_the_middle_is_an_error_and_no_deletion(
    make_project: Callable[..., Project],
) -> None:
    project = make_project()
    project.hourly("a")
    project.applied()
    project.engine.fault("AppList", "fail", times=1000, status="FAILED_PRECONDITION")
    done = project.reconcile("--yes")
    assert done.code == 1
    assert done.err.startswith(
        "reconcile: the embedded engine refused to list the apps of the Modal environment main: "
        "conflict: "
    )
    assert "did not answer" not in done.err
    assert "Traceback" not in done.err
    project.engine.clear_faults()
    nothing_to_do(project)


def test_no_question_is_asked_without_a_terminal(project: Project) -> None:
    project.hourly("a")
    done = project.reconcile()
    assert done.code == 1
    assert "standard input is not a terminal" in done.err


def test_in_ci_the_environment_has_to_be_named(project: Project) -> None:
    project.hourly("a")
    done = project.reconcile("--dry-run", CI="true")
    assert done.code == 3
    assert done.err == (
        "reconcile: in CI, --env is required\n"
        "  Pass --env NAME, or --env local for the embedded engine.\n"
    )
    assert project.reconcile("--dry-run", "--env", "local", CI="true").code == 0


def test_the_calls_of_a_plan_do_not_grow_with_the_schedules(project: Project) -> None:
    def calls() -> int:
        project.engine.forget_calls()
        assert project.reconcile("--dry-run").code == 0
        return sum(project.engine.calls().values())

    project.hourly(*(f"s{number}" for number in range(6)))
    project.applied()
    few = calls()
    project.hourly(*(f"s{number}" for number in range(300)))
    project.applied()
    assert calls() == few


def test_a_plan_costs_what_this_workspace_pays_for_wakes_as_long_as_they_were(
    project: Project,
) -> None:
    project.hourly("a")
    project.applied()
    assert project.reconcile("wake").code == 0
    project.engine.forget_calls()
    words = project.reconcile("--dry-run").out
    assert "s a wake (measured over 1 wake) at this workspace's rates" in words
    assert project.engine.calls()["WorkspaceBillingRates"] == 1
    project.engine.fault("WorkspaceBillingRates", "fail", status="PERMISSION_DENIED")
    assert "at the list price" in project.reconcile("--dry-run").out
    project.engine.clear_faults()


def test_the_commands_work_without_a_running_engine_by_starting_one(project: Project) -> None:
    project.hourly("a")
    project.applied()
    project.engine.stop()
    nothing_to_do(project)
    done = project.reconcile(
        "engine", "exec", sys.executable, "-m", "modal", "app", "list", "--json"
    )
    assert "schedule-reconciler" in done.out
    assert project.reconcile("engine", "env").err == (
        "reconcile: no engine is running here\n  Start one in another terminal: reconcile engine\n"
    )
