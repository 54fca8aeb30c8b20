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
