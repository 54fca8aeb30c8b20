"""This repository's own schedules: good, as many as promised, and calling functions that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from reconciler.cron import Timetable
from reconciler.manifest import FunctionTarget, Manifests, load, load_settings

ROOT = Path(__file__).parents[2]
SCHEMA_LINE = "# yaml-language-server: $schema=../schema/manifest.schema.json"


@pytest.fixture(scope="module")
def manifests() -> Manifests:
    return load(ROOT / "schedules", settings=load_settings(ROOT), root=ROOT)


def test_the_six_of_a_typical_production_system_are_there(manifests: Manifests) -> None:
    assert {
        ("daily-analytics-sync", ("0 6 * * *",)),
        ("hourly-health-check", ("0 * * * *",)),
        ("weekly-report", ("0 9 * * 1",)),
        ("monitoring", ("*/5 * * * *",)),
        ("bi-hourly-sync", ("0 */2 * * *",)),
        ("nightly-cleanup", ("0 3 * * *",)),
    } <= {(schedule.name, schedule.when) for schedule in manifests.schedules}


def test_the_rest_shows_what_a_manifest_can_say(manifests: Manifests) -> None:
    schedules = manifests.schedules
    assert sum(isinstance(schedule.times, Timetable) for schedule in schedules) >= 12
    assert {"10m", "6h", "1d"} <= {text for schedule in schedules for text in schedule.when}
    assert any(schedule.timezone == "America/New_York" for schedule in schedules)
    assert any(schedule.suspension for schedule in schedules)
    assert any(schedule.when == ("15 7 1 * *",) for schedule in schedules)
    assert {schedule.environments for schedule in schedules} == {()}


def test_every_file_names_its_schema_for_editors() -> None:
    for file in (ROOT / "schedules").iterdir():
        assert file.read_text().splitlines()[0] == SCHEMA_LINE, file.name


def test_every_target_is_a_function_of_an_example_with_its_arguments(
    manifests: Manifests,
) -> None:
    functions = {
        f"{file.stem}/{name}": parameters
        for file in (ROOT / "examples").glob("*.py")
        for name, parameters in _functions(ast.parse(file.read_text()))
    }
    for schedule in manifests.schedules:
        assert isinstance(schedule.target, FunctionTarget)
        accepted, required = functions[str(schedule.target)]
        assert required <= set(schedule.args) <= accepted, schedule.name


def _functions(tree: ast.AST, prefix: str = "") -> list[tuple[str, tuple[set[str], set[str]]]]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found += _functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            required = names[: len(names) - len(node.args.defaults)]
            found.append((prefix + node.name, (set(names), set(required))))
    return found
