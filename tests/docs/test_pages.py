"""The pages are true: what they show is run, what is generated is up to date, links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.report.key_reference import pages
from tests.docs.conftest import Place
from tests.docs.console import shown_in
from tests.gitops.runner import ROOT

DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("name", ["ci.md", "refusals.md", "migrating.md"])
def test_every_command_that_is_shown_does_what_is_shown(place: Place, name: str) -> None:
    root = place.project.root
    commands = list(shown_in(DOCS / name))
    assert commands
    for shown in commands:
        shown.run(root, place.environment)


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_references_are_those_of_the_schemas(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
