"""``fmt``, ``suspend`` and ``resume`` on the files of a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.fmt import main as fmt
from reconciler.cli.suspend import resume, suspend
from reconciler.errors import ReconcileError
from reconciler.manifest import ManifestError

JOB = 'function: app/job  # ours\nname: job\nschedule: "0 6 * * *"\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "job.yaml").write_text(JOB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(root: Path) -> str:
    return (root / "schedules" / "job.yaml").read_text()


def test_fmt_writes_the_files_that_are_not_in_canonical_form(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "schedules" / "good.yaml").write_text("name: good\nschedule: 1h\nfunction: app/job\n")
    assert fmt(schedules=None, files=[], check=False) == 0
    assert job(root) == 'name: job\nschedule: "0 6 * * *"\nfunction: app/job  # ours\n'
    said = capsys.readouterr()
    assert said.out == "formatted schedules/job.yaml\n"
    assert said.err == "1 file in canonical form already.\n"


def test_fmt_check_names_them_at_a_position_and_writes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "schedules")
    assert fmt(schedules=None, files=["job.yaml"], check=True) == 1
    assert job(root) == JOB
    assert capsys.readouterr().out == "schedules/job.yaml:1:1: is not in canonical form\n"
    fmt(schedules=None, files=["job.yaml"], check=False)
    assert fmt(schedules=None, files=["job.yaml"], check=True) == 0


def test_fmt_writes_nothing_when_a_file_cannot_be_read(root: Path) -> None:
    (root / "schedules" / "bad.yaml").write_text("name: [x\n")
    with pytest.raises(ManifestError, match="1 problem in 1 file"):
        fmt(schedules=None, files=[], check=False)
    assert job(root) == JOB


def test_fmt_refuses_a_python_file_by_name_and_passes_over_those_of_the_folder(root: Path) -> None:
    (root / "schedules" / "more.py").write_text("import reconciler\n")
    assert fmt(schedules=None, files=[], check=False) == 0
    with pytest.raises(ReconcileError, match="only those have a canonical form") as caught:
        fmt(schedules=None, files=["schedules/more.py"], check=False)
    assert caught.value.where == "schedules/more.py"


def test_a_schedule_is_suspended_and_resumed_in_its_file(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert suspend(schedules=None, name="job", until="2036-01-01", reason="moving") == 0
    assert job(root) == f"{JOB}suspend: {{until: 2036-01-01, reason: moving}}\n"
    assert capsys.readouterr() == (
        "schedules/job.yaml:1:1: job does not run until 2036-01-01: moving\n",
        "This takes effect with the next apply, in every environment. See it: reconcile plan\n",
    )
    assert resume(schedules=None, name="job") == 0
    assert job(root) == JOB
    assert capsys.readouterr().out == "schedules/job.yaml:1:1: job runs again\n"
    resume(schedules=None, name="job")
    assert capsys.readouterr().out == "job is not suspended; schedules/job.yaml is unchanged.\n"


def test_the_environments_in_which_it_runs_are_named(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "reconciler.yaml").write_text(
        "environments:\n  staging: {modal: dev}\n  production: {modal: main}\n"
    )
    (root / "schedules" / "job.yaml").write_text(f"{JOB}environments: [staging]\n")
    suspend(schedules=None, name="job", until=None, reason=None)
    assert "with the next apply, in staging. " in capsys.readouterr().err


def test_a_misspelt_name_is_answered_with_the_nearest(root: Path) -> None:
    with pytest.raises(ReconcileError, match="there is no schedule `jbo`") as caught:
        resume(schedules=None, name="jbo")
    assert caught.value.remedy == "Did you mean job?"


@pytest.mark.parametrize("until", ["2020-01-01", "2020-01-01T00:00Z", "-2h"])
def test_an_end_that_is_past_is_refused(root: Path, until: str) -> None:
    with pytest.raises(ReconcileError, match=f"--until: {until} is past"):
        suspend(schedules=None, name="job", until=until, reason=None)
    assert job(root) == JOB


@pytest.mark.parametrize("until", ["soon", "2036-02-30"])
def test_an_end_that_is_no_time_is_refused(root: Path, until: str) -> None:
    with pytest.raises(ReconcileError, match="--until: "):
        suspend(schedules=None, name="job", until=until, reason=None)
    assert job(root) == JOB


def test_a_file_that_would_not_be_valid_stays_as_it_was(root: Path) -> None:
    with pytest.raises(ManifestError):
        suspend(schedules=None, name="job", until=None, reason="x" * 100_000)
    assert job(root) == JOB
