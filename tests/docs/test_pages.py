"""The pages are true: what they show is run, what is generated is up to date, links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from reconciler.cli.lint import RULES
from reconciler.plan.safety import SafetyRule
from reconciler.render.key_reference import pages
from tests.docs.conftest import Place
from tests.docs.console import shown_in
from tests.github.runner import ROOT

README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
RUN_HERE = [
    "alerts.md",
    "ci.md",
    "code.md",
    "jobs.md",
    "lint.md",
    "migrating.md",
    "refusals.md",
    "rules.md",
    "tasks.md",
]
RUN_ELSEWHERE = ["README.md", "engine.md", "packing.md", "tutorial.md", "walkthrough.md"]
"""Each has a test of its own beside this one."""

_COMMANDS = re.compile(r"^ *```(console|sh|bash|shell)$", re.MULTILINE)
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ID = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_every_page_that_shows_commands_is_run() -> None:
    shows = {page.name for page in PAGES if _COMMANDS.search(page.read_text(encoding="utf-8"))}
    assert shows == {*RUN_HERE, *RUN_ELSEWHERE}


@pytest.mark.parametrize("name", RUN_HERE)
def test_every_command_that_is_shown_does_what_is_shown(place: Place, name: str) -> None:
    root = place.project.root
    commands = list(shown_in(DOCS / name))
    assert commands
    for shown in commands:
        shown.run(root, place.environment)


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_references_are_those_of_the_schemas(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path]


def test_the_page_on_lint_has_each_rule_with_its_finding_and_what_to_write_instead() -> None:
    parts = re.split(r"^## ", (DOCS / "lint.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [part.partition("\n")[0] for part in parts[1:]] == [f"`{rule}`" for rule in RULES]
    for rule, part in zip(RULES, parts[1:], strict=True):
        assert f"{rule}: " in part.partition("```console")[2].partition("```")[0]
        assert "\n**Instead**: " in part


def test_the_page_on_refusals_has_the_id_of_each_rule_that_forbids_a_plan() -> None:
    page = (DOCS / "refusals.md").read_text(encoding="utf-8")
    assert _ID.findall(page.partition("| `rule` |")[2].partition("\n\n")[0]) == list(SafetyRule)


def test_the_page_on_commands_has_each_schema() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    schemas = {f"../schema/{path.name}" for path in (ROOT / "schema").iterdir()}
    assert {link for link in _LINK.findall(page) if link.startswith("../schema/")} == schemas


def test_the_steps_that_call_the_action_give_it_what_it_takes() -> None:
    blocks = _YAML.findall((DOCS / "ci.md").read_text(encoding="utf-8"))
    found = [yaml.safe_load(block) for block in blocks]
    listed = [step for one in found if isinstance(one, list) for step in one]
    jobs = [job for one in found if isinstance(one, dict) for job in one.get("jobs", {}).values()]
    steps = [
        step
        for step in (*listed, *(step for job in jobs for step in job.get("steps", ())))
        if step["uses"].startswith("acme/schedule-reconciler@")
    ]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    required = {name for name, given in inputs.items() if given.get("required")}
    assert len(steps) == 2
    for step in steps:
        assert required <= step["with"].keys() <= inputs.keys()
    assert len(blocks[0].splitlines()) <= 6, "as few as the page says"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
