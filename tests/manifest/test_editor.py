"""What an editor says of manifests, settings and rules, with the files that ``init`` writes for it.

The language server is the one of Visual Studio Code's extension for YAML, and of most editors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.importers.new_repository import starter_files
from tests.github.runner import ROOT
from tests.language_server import LanguageServer, serving

GOOD = """\
name: nightly
schedule: "0 3 * * *"
timezone: Europe/Paris
function: reports/nightly
overlap: skip
retries: 3
---
name: weekly
schedule: ["0 3 * * 1", "0 3 * * 4"]
code: jobs/hello.py::hello
"""
EXAMPLES = sorted((ROOT / "schedules").glob("*.yaml"))


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """An editor that has a new repository open."""
    folder = tmp_path_factory.mktemp("repository")
    for file in starter_files("main", None):
        (folder / file.path).parent.mkdir(exist_ok=True)
        (folder / file.path).write_text(file.content)
    settings = json.loads((folder / ".vscode/settings.json").read_text())
    with serving(folder, settings) as server:
        yield server


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_no_problem(editor: LanguageServer, path: Path) -> None:
    assert editor.problems(f"schedules/{path.name}", path.read_text()) == []


def test_good_manifests_have_no_problem(editor: LanguageServer) -> None:
    assert editor.problems("schedules/good.yaml", GOOD) == []


def test_the_files_that_init_writes_have_no_problem(editor: LanguageServer) -> None:
    for path in ("schedules/example.yaml", "reconciler.yaml"):
        assert editor.problems(path, (editor.folder / path).read_text()) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("funktion: a/b", "Property funktion is not allowed."),
        (
            "overlap: never",
            'Value is not accepted. Valid values: "allow", "skip", "queue", "replace".',
        ),
    ],
)
def test_a_mistake_is_marked_at_its_line(editor: LanguageServer, line: str, problem: str) -> None:
    text = f'name: a\nschedule: "@daily"\nfunction: a/b\n{line}\n'
    assert editor.problems("schedules/bad.yaml", text) == [f"4: {problem}"]


def test_a_key_that_is_missing_is_named(editor: LanguageServer) -> None:
    text = 'name: a\nschedule: "@daily"\n'
    assert editor.problems("schedules/bad.yaml", text) == ['1: Missing property "function".']


def test_a_mistake_in_the_settings_is_marked(editor: LanguageServer) -> None:
    text = "app: jobs\ntaks: {resolution: 5m}\n"
    assert editor.problems("reconciler.yaml", text) == ["2: Property taks is not allowed."]


def test_a_mistake_in_a_rule_is_marked(editor: LanguageServer) -> None:
    text = "id: owner\nlevel: never\nmessage: x\nrequire: [owner]\ntests: {good: [], bad: []}\n"
    assert [one for one in editor.problems("rules/owner.yaml", text) if one.startswith("2: ")] == [
        '2: Value is not accepted. Valid values: "deny", "warn".'
    ]


def test_the_keys_of_a_manifest_are_offered(editor: LanguageServer) -> None:
    offered = editor.completions("schedules/new.yaml", 'name: a\nschedule: "@daily"\n')
    assert {"function", "code", "timezone", "overlap"} <= set(offered)
    assert not {"name", "schedule"} & set(offered), "each key is written once"


def test_the_values_of_a_key_are_offered(editor: LanguageServer) -> None:
    offered = editor.completions("schedules/new.yaml", "name: a\noverlap: ")
    assert offered == ["allow", "skip", "queue", "replace"]


def test_another_file_of_the_repository_has_no_schema(editor: LanguageServer) -> None:
    assert editor.problems("compose.yaml", "funktion: a/b\n") == []


def test_a_first_line_names_the_schema_for_other_editors(editor: LanguageServer) -> None:
    text = "# yaml-language-server: $schema=../schema/manifest.schema.json\nfunktion: a/b\n"
    assert "2: Property funktion is not allowed." in editor.problems("elsewhere/a.yaml", text)
