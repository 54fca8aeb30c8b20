"""What others deployed in the workspace never stops a plan, and what is ours and unread does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.project import Project

THEIRS = """
import modal

app = modal.App("theirs")

@app.server(port=8080, routing_region="us-east")
class Site:
    @modal.enter()
    def start(self):
        pass

@app.function(schedule=modal.Cron("0 1 * * *"))
def nightly():
    pass
"""


def deploy_theirs(project: Project, folder: Path, text: str = THEIRS) -> None:
    (folder / "theirs.py").write_text(text)
    project.engine.modal("deploy", str(folder / "theirs.py"))


def test_an_app_with_a_server_does_not_stop_a_plan(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project()
    deploy_theirs(project, tmp_path)
    project.hourly("a")
    plan = project.reconcile("--dry-run", "--format", "json")
    assert plan.code == 0, plan.err
    foreign = plan.json["budget"]["foreign"]
    assert [(cron["app"], cron["function"]) for cron in foreign] == [("theirs", "nightly")]
    assert plan.json["warnings"] == []
    project.applied()


def test_a_foreign_function_that_may_not_be_read_is_named_and_ours_is_an_error(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project()
    deploy_theirs(project, tmp_path)
    project.hourly("a")
    project.engine.fault("FunctionGetById", "fail", times=1000, status="PERMISSION_DENIED")
    plan = project.reconcile("--dry-run", "--format", "json")
    project.engine.clear_faults()
    assert plan.code == 0, plan.err
    messages = [warning["message"] for warning in plan.json["warnings"]]
    assert any(
        message.startswith("the function `theirs/nightly` in the Modal environment `main` cannot")
        and "permission denied" in message
        for message in messages
    )
    project.applied()
    project.engine.fault("FunctionGetById", "fail", times=1000, status="PERMISSION_DENIED")
    refused = project.reconcile("--dry-run")
    project.engine.clear_faults()
    assert refused.code == 1
    assert refused.err.startswith("reconcile: permission denied: the embedded engine refused to ")
    assert "schedule-reconciler/" in refused.err
    assert "did not answer" not in refused.err


def test_a_foreign_environment_that_may_not_be_listed_is_named(
    make_project: Callable[..., Project],
) -> None:
    project = make_project()
    project.hourly("a")
    project.engine.fault("EnvironmentList", "fail", times=1000, status="PERMISSION_DENIED")
    plan = project.reconcile("--dry-run")
    project.engine.clear_faults()
    assert plan.code == 0, plan.err
    assert "the Modal environments other than ours are not listed" in plan.out
    assert "its crons are unknown; Modal may refuse the deploy" in plan.out


def test_silence_about_a_foreign_function_is_an_error(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project()
    deploy_theirs(project, tmp_path)
    project.hourly("a")
    project.engine.fault("FunctionGetById", "fail", times=1000, status="UNAVAILABLE")
    plan = project.reconcile("--dry-run")
    project.engine.clear_faults()
    assert plan.code == 1
    assert plan.err.startswith("reconcile: the embedded engine did not answer when asked to read ")
    assert f"It was asked at {project.engine.url}." in plan.err


DOUBLED = """
import modal

app = modal.App("theirs")

@app.function(schedule=modal.Cron("* * * * *"))
def minutely():
    pass
"""


def test_a_function_that_modal_runs_too_is_named_while_it_lasts(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project()
    deploy_theirs(project, tmp_path, DOUBLED)
    project.write("a.yaml", 'name: a\nschedule: "* * * * *"\nfunction: theirs/minutely\n')
    said = "a: theirs/minutely also has a Modal schedule of its own, * * * * * (UTC)"
    plan = project.reconcile("--dry-run", "--format", "json").json
    (warning,) = plan["warnings"]
    assert warning["message"].startswith(said)
    assert (warning["file"], warning["line"]) == ("schedules/a.yaml", 1)
    assert said in project.applied().out
    assert (
        "theirs/minutely also has a Modal"
        in project.reconcile("--dry-run", "--format", "markdown").out
    )
    status = project.reconcile("status")
    assert said in status.out
    assert (status.code, "All is well" in status.out) == (1, False)
    assert project.reconcile("status", "--format", "json").json["runs_twice"] == [
        {"name": "a", "function": "theirs/minutely", "schedule": "* * * * * (UTC)"}
    ]
    deploy_theirs(project, tmp_path, DOUBLED.replace('schedule=modal.Cron("* * * * *")', ""))
    assert project.reconcile("--dry-run", "--format", "json").json["warnings"] == []
    assert project.reconcile("status", "--format", "json").json["runs_twice"] == []


def test_the_order_that_migrates_a_minutely_job_doubles_no_run(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = make_project()
    mark = DOUBLED.replace("    pass", "    modal.Dict.from_name('marks', create_if_missing=True)")
    deploy_theirs(project, tmp_path, mark)
    manifest = 'name: a\nschedule: "* * * * *"\nfunction: theirs/minutely\n'

    def starters() -> set[str]:
        """Which of the two would start the function in the next minute."""
        theirs = project.in_modal(
            """
            import modal
            info = modal.Function.from_name("theirs", "minutely").info()
            answer = info.schedule
            """
        )
        live = project.reconcile("status", "--format", "json")
        ours = live.code in (0, 1) and live.out and not live.json["schedules"][0]["suspended"]
        return {name for name, on in (("modal", theirs), ("git", ours)) if on}

    project.write("a.yaml", manifest + "suspend: true\n")
    project.applied()
    assert starters() == {"modal"}
    deploy_theirs(project, tmp_path, mark.replace('schedule=modal.Cron("* * * * *")', ""))
    assert starters() == set()
    project.write("a.yaml", manifest)
    project.applied()
    assert starters() == {"git"}
