"""A repository begins: by ``init``, which overwrites nothing, and by ``import``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from reconciler.cli.init import main
from reconciler.cli.options.parser import parser
from reconciler.errors import ReconcileError
from reconciler.importers.new_repository import workflow
from tests.forked import Done, Forked
from tests.github.runner import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACTION = f"acme/schedule-reconciler@{COMMIT}"


def reconcile(root: Path, *arguments: str) -> Done:
    return Forked(root, {"PATH": os.environ["PATH"], "HOME": str(root)}).reconcile(*arguments)


def test_init_writes_what_is_needed_and_it_is_valid(tmp_path: Path) -> None:
    done = reconcile(tmp_path, "init", "--action", ACTION)
    assert done.code == 0, done.err
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {
        "reconciler.yaml",
        "schedules/example.yaml",
        "jobs/hello.py",
        ".gitignore",
        "schema/manifest.schema.json",
        "schema/rules.schema.json",
        "schema/settings.schema.json",
        ".vscode/settings.json",
        ".github/workflows/plan.yml",
        ".github/workflows/apply.yml",
        ".github/workflows/drift.yml",
    }
    assert reconcile(tmp_path, "validate").code == 0
    assert f"uses: {ACTION}" in (tmp_path / ".github/workflows/plan.yml").read_text()


def test_init_leaves_what_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("crons: 3\n")
    done = reconcile(tmp_path, "init")
    assert "left alone  reconciler.yaml" in done.out
    assert (tmp_path / "reconciler.yaml").read_text() == "crons: 3\n"
    assert "no workflows: it is not known from which commit" in done.out
    assert not (tmp_path / ".github").exists()


def init(root: Path, monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    monkeypatch.chdir(root)
    main(**{"env": None, "schedules": None, "action": ACTION, **given})


def test_the_folder_that_existing_settings_name_is_used_in_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "schedules: jobs/times\nenvironments: {staging: {modal: main}}\n"
    )
    init(tmp_path, monkeypatch)
    example = (tmp_path / "jobs/times/example.yaml").read_text()
    assert example.startswith("# yaml-language-server: $schema=../../schema/manifest.schema.json\n")
    workflows = tmp_path / ".github" / "workflows"
    assert "      - jobs/times/**\n" in (workflows / "apply.yml").read_text()
    assert "            jobs/times\n" in (workflows / "plan.yml").read_text()
    assert "environment: staging\n" in (workflows / "plan.yml").read_text()
    editor = json.loads((tmp_path / ".vscode/settings.json").read_text())
    patterns = editor["yaml.schemas"]["./schema/manifest.schema.json"]
    assert patterns == ["jobs/times/**/*.yaml", "jobs/times/**/*.yml"]
    assert capsys.readouterr().out.endswith("--logs   runs it at once\n")


def test_where_there_are_manifests_no_example_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "mine.yaml").write_text("name: mine\n")
    init(tmp_path, monkeypatch)
    assert not (tmp_path / "schedules" / "example.yaml").exists()
    assert not (tmp_path / "jobs").exists()
    assert capsys.readouterr().out.endswith("  reconcile plan\n"), "the next command comes last"


@pytest.mark.parametrize(
    ("settings", "env", "said"),
    [
        ("", "a b", "'a b' is not the name of an environment"),
        ("", "local", "`local` is the embedded Modal"),
        ("environments: {staging: {}}", "prod", "there is no environment `prod`"),
        ("environments: {a: {}, b: {}}", None, "to which of them does CI apply"),
    ],
)
def test_an_environment_that_no_plan_could_have_is_refused_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    env: str | None,
    said: str,
) -> None:
    if settings:
        (tmp_path / "reconciler.yaml").write_text(settings)
    with pytest.raises(ReconcileError, match=re.escape(said)):
        init(tmp_path, monkeypatch, **({} if env is None else {"env": env}))
    assert not (tmp_path / "schema").exists()


@pytest.mark.parametrize("option", ["--env", "--environment"])
def test_the_environment_has_one_option_with_two_names(option: str) -> None:
    assert vars(parser().parse_args(["init", option, "staging"]))["env"] == "staging"


def test_in_a_folder_of_a_repository_init_writes_no_workflows_that_github_would_not_read(
    tmp_path: Path,
) -> None:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "teams" / "search"
    folder.mkdir(parents=True)
    done = reconcile(folder, "init", "--action", ACTION)
    assert "give the action `folder: teams/search`" in done.out
    assert (folder / "reconciler.yaml").exists()
    assert not (folder / ".github").exists()
    assert "wrote       .github/workflows/plan.yml" in (
        reconcile(tmp_path, "init", "--action", ACTION).out
    )


def test_init_speaks_of_a_missing_line_of_gitignore_only_when_it_is_missing(
    tmp_path: Path,
) -> None:
    advice = "it should hold the line .reconciler/"
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    assert advice in reconcile(tmp_path, "init").out
    (tmp_path / ".gitignore").write_text("*.pyc\n.reconciler/\n")
    assert advice not in reconcile(tmp_path, "init").out


def test_an_action_must_be_pinned_and_otherwise_nothing_is_written(tmp_path: Path) -> None:
    done = reconcile(tmp_path, "init", "--action", "acme/action@v1")
    assert done.code == 1
    assert "with all 40 digits of the commit" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["plan.yml", "apply.yml", "drift.yml"])
def test_this_repositorys_workflows_are_those_that_init_writes(name: str) -> None:
    ours = (ROOT / ".github" / "workflows" / name).read_text()
    assert workflow(name, "production", "./", "examples/**") == ours


def test_a_crontab_is_imported_beside_what_is_there(tmp_path: Path) -> None:
    reconcile(tmp_path, "init")
    (tmp_path / "crontab.txt").write_text("0 6 * * * /opt/rates.py\n@reboot /opt/x\n")
    done = reconcile(tmp_path, "import", "crontab", "crontab.txt", "--app", "bank")
    assert done.code == 1, "something was not translated"
    assert done.out == "1 schedule written to schedules/crontab-crontab.yaml\n"
    assert done.err == (
        "crontab.txt:2: not translated: @reboot /opt/x\n"
        "  a Modal app does not boot: run it by hand, or give it times\n"
        "These functions are yet to be written and deployed to Modal:\n"
        "  bank/rates\n"
        "Times without a zone are read in UTC; pass --timezone ZONE for another zone.\n"
        "cron continues to run these lines: delete them after the first apply.\n"
    )
    assert reconcile(tmp_path, "validate").out.startswith("2 schedules in 2 files")
    again = reconcile(tmp_path, "import", "crontab", "crontab.txt")
    assert again.code == 1
    assert "exists already, and import does not overwrite files" in again.err


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    done = reconcile(tmp_path, "import", "kubernetes", "x")
    assert done.code == 1
    assert done.err.startswith("reconcile: x: ")
    assert "Traceback" not in done.err


def test_a_folder_without_manifests_takes_an_import_and_so_does_one_that_lies_elsewhere(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    (root / "schedules").mkdir(parents=True)
    (root / "schedules" / ".gitkeep").touch()
    (root / "crontab.txt").write_text("\ufeff0 6 * * * /opt/rates.py\n")
    done = reconcile(root, "import", "crontab", "crontab.txt")
    assert done.out == "1 schedule written to schedules/crontab-crontab.yaml\n"
    done = reconcile(root, "import", "crontab", "crontab.txt", "--schedules", f"{tmp_path}/other")
    assert (done.code, done.out) == (
        0,
        f"1 schedule written to {tmp_path}/other/crontab-crontab.yaml\n",
    )
    first = (tmp_path / "other" / "crontab-crontab.yaml").read_text().splitlines()[0]
    assert first.endswith("$schema=../root/schema/manifest.schema.json")
