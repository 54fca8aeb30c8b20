"""The example of the packing page: its files, its command, and what that prints."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tests.docs.console import shown_in
from tests.github.repository import IDENTITY, GitRepository
from tests.github.runner import ROOT

PAGE = ROOT / "docs" / "packing.md"
_FILE = re.compile(r"`([a-z/]+\.yaml)`:\n\n```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path)
    files = _FILE.findall(PAGE.read_text(encoding="utf-8"))
    assert [path for path, _ in files] == ["schedules/jobs.yaml", "reconciler.yaml"]
    for path, content in files:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Schedule six jobs")
    (shown,) = shown_in(PAGE)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shown.run(tmp_path, {"PATH": path, "HOME": str(tmp_path), **IDENTITY})
