"""The pages as files: every link leads to a file, and none to a server."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from reconciler.errors import ReconcileError
from reconciler.web.snapshot import write_snapshot
from tests.plan.scenario import hourly
from tests.web.site import PORT, TOKEN, TestSite


def written(site: TestSite, folder: Path) -> int:
    return asyncio.run(write_snapshot(site.app, f"127.0.0.1:{PORT}", TOKEN, folder))


def test_every_view_and_every_schedule_is_a_file_and_links_lead_to_files(tmp_path: Path) -> None:
    site = TestSite()
    site.apply(*hourly(*(f"job-{number:03}" for number in range(120))))
    assert written(site, tmp_path / "new" / "snapshot") == 6 + 120
    pages = sorted((tmp_path / "new" / "snapshot").rglob("*.html"))
    assert len(pages) == 126
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        for target in re.findall(r'(?:href|src|action)="([^"#]+)"', text):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    site = TestSite()
    site.apply(*hourly("job"))
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(ReconcileError, match="the folder cannot be made"):
        written(site, taken)


def test_what_cannot_be_shown_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ReconcileError, match="the page / cannot be shown") as caught:
        written(TestSite(), tmp_path / "empty")
    assert "Nothing is applied yet" in str(caught.value.remedy)
    assert not (tmp_path / "empty").exists()
