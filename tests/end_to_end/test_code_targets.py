"""Functions of the repository, deployed with their schedules and run on the engine."""

from __future__ import annotations

import subprocess
import textwrap
from typing import Any

from tests.end_to_end.project import Project

NINE, TEN = "2036-12-01T09:00Z", "2036-12-01T10:00Z"
JOBS = """
import os
from datetime import UTC, datetime
import modal
from jobs.common import twice

marks = modal.Dict.from_name("marks", create_if_missing=True)

def refresh(base="EUR", occurrence=None):
    seen = marks.get(occurrence.id, 0) + 1
    marks[occurrence.id] = seen
    if seen < 3:
        raise RuntimeError(f"no answer the time {seen}")
    aware = occurrence.nominal_time == datetime(2036, 12, 1, 9, tzinfo=UTC)
    return [base, twice(21), occurrence.attempt, aware, os.environ["MODE"]]

def failing():
    raise ValueError("never")

async def report(occurrence):
    return open("prompts/hello.txt").read() + occurrence.id
"""
MANIFESTS = """
name: rates
schedule: 1h
code: jobs/rates.py::refresh
args: {base: USD}
cpu: 1
memory: 1Gi
env: {MODE: fast}
retries: {max: 3, backoff: 1s, factor: 1}
---
name: failing
schedule: 1h
code: jobs/rates.py::failing
retries: {max: 3, backoff: 1s, factor: 1}
---
name: report
schedule: 1h
code: jobs/rates.py::report
include: [prompts/*.txt]
delivery: at-most-once
"""
IN_PYTHON = '''
import reconciler


@reconciler.schedule("0 * * * *", cpu=0.5, args={"x": 2})
def from_python(x: int, occurrence: reconciler.Occurrence) -> list[object]:
    """Runs every hour."""
    return [x, occurrence.id, occurrence.attempt]
'''


def write(project: Project, path: str, text: str) -> None:
    file = project.root / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(textwrap.dedent(text))


def with_jobs(project: Project) -> None:
    write(project, "jobs/rates.py", JOBS)
    write(project, "jobs/common.py", "def twice(x):\n    return 2 * x\n")
    write(project, "prompts/hello.txt", "hello ")
    write(project, "schedules/jobs.yaml", MANIFESTS)
    write(project, "schedules/more.py", IN_PYTHON)


def runs(project: Project, at: str = NINE) -> dict[str, Any]:
    found = project.reconcile("runs", "--format", "json").json["runs"]
    return {run["name"]: run for run in found if run["time"] == at}


def test_functions_run_with_their_files_arguments_retries_and_occurrence(project: Project) -> None:
    with_jobs(project)
    done = project.applied()
    assert "app schedule-reconciler-rates-refresh is deployed" in done.err
    assert "Nothing to do" in project.reconcile("--dry-run").out
    assert [project.reconcile(command).code for command in ("next", "lint", "status")] == [0, 0, 0]
    project.reconcile("wake", "--at", NINE, "--wait")
    one = project.reconcile("runs", f"rates@{NINE}", "--format", "json").json["runs"]
    assert len(one[0]["tries"]) == 3
    project.reconcile("wake", "--at", TEN)
    found = runs(project)
    assert found["rates"]["result"] == '["USD", 42, 3, true, "fast"]'
    states = [line.split()[2] for line in found["rates"]["tries"]]
    assert states == ["failed", "failed", "succeeded"]
    assert "RuntimeError: no answer the time 1" in found["rates"]["tries"][0]
    assert "memory " in found["rates"]["tries"][2]
    assert found["failing"]["reason"] == "gave up after 4 tries: ValueError: never"
    assert len(found["failing"]["tries"]) == 4
    assert found["report"]["result"] == f'"hello report@{NINE}"'
    assert found["from-python"]["result"] == f'[2, "from-python@{NINE}", 1]'


def versions(project: Project) -> dict[str, int]:
    """How often each app of ours was deployed."""
    listed: dict[str, int] = project.in_modal(
        """
        import modal
        answer = {}
        for app in modal.Environment.from_name("main").apps.list():
            history = app.info().lifecycle
            answer[app.name] = history.version
        """
    )
    return {name: number for name, number in listed.items() if name.startswith("schedule-")}


def test_a_changed_line_deploys_one_app_and_a_rollback_the_older_code(project: Project) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=project.root, check=True)

    git("init", "-q")
    write(project, ".gitignore", ".reconciler/\n")
    write(project, "jobs/say.py", "def say():\n    return 'one'\n")
    write(project, "jobs/other.py", "def other():\n    return 'other'\n")
    manifest = "name: say\nschedule: 1h\ncode: jobs/say.py::say\n---\n"
    manifest += "name: other\nschedule: 1h\ncode: jobs/other.py::other\n"
    write(project, "schedules/jobs.yaml", manifest)
    git("add", "-A")
    git("commit", "-qm", "one")
    project.applied()
    before = versions(project)
    write(project, "jobs/say.py", "def say():\n    return 'two'\n")
    git("commit", "-qam", "two")
    shown = project.reconcile("--dry-run").out
    assert shown.count("~ update  target") == 1
    assert "code: jobs/say.py changed" in shown
    project.applied()
    after = versions(project)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"schedule-reconciler-say-say"}, "the dispatcher is not deployed either"
    project.reconcile("wake", "--at", NINE, "--wait")
    assert runs(project)["say"]["result"] == '"two"'
    rolled_back = project.applied("--at", "HEAD~1")
    assert "commit it to deploy it" not in rolled_back.out, (
        "the work tree is not what was asked for"
    )
    project.reconcile("wake", "--at", TEN, "--wait")
    assert runs(project, TEN)["say"]["result"] == '"one"'


def test_what_cannot_be_read_is_refused_at_its_line(project: Project) -> None:
    write(project, "jobs/rates.py", "import jobs.nothing\n\ndef refresh(x):\n    yield x\n")
    write(project, "schedules/jobs.yaml", "name: a\nschedule: 1h\ncode: jobs/rates.py::refresh\n")
    done = project.reconcile("validate")
    assert done.code == 1
    assert "jobs/rates.py:1:1: there is no module `jobs.nothing`" in done.err + done.out
    assert "jobs/rates.py:3:1: `refresh` is a generator" in done.err + done.out
    assert "schedules/jobs.yaml:3:7: `refresh` needs an argument `x`" in done.err + done.out


def test_values_of_the_environment_reach_the_function_and_no_output(project: Project) -> None:
    write(project, "reconciler.yaml", "from_env: [RATES_CODE]\n")
    write(
        project, "jobs/say.py", "import os\ndef say():\n    return os.environ['RATES_CODE'][::-1]\n"
    )
    write(
        project,
        "schedules/jobs.yaml",
        "name: say\nschedule: 1h\ncode: jobs/say.py::say\nsecrets: [{from_env: [RATES_CODE]}]\n",
    )
    refused = project.reconcile("--yes")
    assert refused.code == 1
    assert "takes the variable RATES_CODE, which is not set here" in refused.err
    secret = "correct-horse-battery"
    done = project.applied(RATES_CODE=secret)
    shown = project.reconcile("--format", "json", "--dry-run", RATES_CODE="another-value-of-it")
    assert [change["reason"] for change in shown.json["changes"]] == [
        "secret: the value of RATES_CODE will be replaced"
    ]
    assert project.reconcile("--dry-run", "--detailed-exitcode").code == 0, "unknown, not changed"
    assert secret not in done.out + done.err + shown.out + shown.err
    project.reconcile("wake", "--at", NINE, "--wait")
    assert runs(project)["say"]["result"] == f'"{secret[::-1]}"'


def test_a_plan_asks_once_for_each_function_however_many_schedules_share_it(
    project: Project,
) -> None:
    for number in range(3):
        write(project, f"jobs/job_{number}.py", "def run():\n    return 1\n")
    for count in (3, 60):
        manifest = "---\n".join(
            f"name: job-{n}\nschedule: 1h\ncode: jobs/job_{n % 3}.py::run\n" for n in range(count)
        )
        write(project, "schedules/jobs.yaml", manifest)
        project.applied()
        deployed = project.in_modal(
            """
            import modal
            apps = modal.Environment.from_name("main").apps.list()
            answer = {app.name: len(app.info().functions) for app in apps}
            """
        )
        targets = [name for name in deployed if name.startswith("schedule-reconciler-")]
        assert [deployed[name] for name in targets] == [1, 1, 1]
        project.engine.forget_calls()
        assert "Nothing to do" in project.reconcile("--dry-run").out
        calls = project.engine.calls()
        assert calls["FunctionGetById"] == sum(deployed.values())
        assert calls["AppGetTags"] == 1 + len(targets)
