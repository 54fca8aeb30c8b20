"""``reconcile cloudflare export``: files that wrangler deploys, without an engine or an account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.importers.wrangler import read_wrangler
from tests.forked import Done, Forked

URL = "https://acme--schedule-reconciler-web-web.modal.run"
ACCOUNT = "0" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with two schedules."""
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").write_text(
        'name: sync\nschedule: "*/10 * * * *"\nfunction: shop/sync\n'
        '---\nname: report\nschedule: "0 9 * * mon"\nfunction: shop/report\n'
    )
    return tmp_path


def export(folder: Path, keys: str = "", *, env: str = "local") -> Done:
    """Export the Worker of `local`, with these settings."""
    (folder / "reconciler.yaml").write_text(
        "web: {auth: w}\nenvironments:\n  local:\n"
        f"    cloudflare: {{account: {ACCOUNT!r}{keys}}}\n"
    )
    forked = Forked(folder, {"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    return forked.reconcile("cloudflare", "export", "out", "--url", URL, "--env", env)


def test_the_files_are_whole(folder: Path) -> None:
    done = export(folder)
    assert done.code == 0, done.err
    written = {path.name for path in (folder / "out").iterdir()}
    assert written == {"worker.js", "data.js", "schema.sql", "wrangler.jsonc"}
    assert "wrangler secret put KEY" in done.err
    configuration = (folder / "out" / "wrangler.jsonc").read_text()
    found = json.loads(configuration.partition("\n")[2])
    assert found["triggers"] == {"crons": ["* * * * *"]}
    assert found["vars"]["URL"] == URL
    assert found["workers_dev"] is False


def test_its_triggers_mean_what_the_manifests_say(folder: Path) -> None:
    export(folder, ", mode: triggers, queue: false, database: false")
    assert not (folder / "out" / "schema.sql").exists()
    text = (folder / "out" / "wrangler.jsonc").read_text()
    drafts = read_wrangler(text.partition("\n")[2], toml=False).drafts
    assert sorted(draft.schedule for draft in drafts) == [
        ("*/10 * * * *",),
        ("0 9 * * mon",),
    ]


def test_without_a_worker_in_the_settings_there_is_nothing_to_export(folder: Path) -> None:
    (folder / "reconciler.yaml").write_text("")
    forked = Forked(folder, {"HOME": str(folder), "PATH": "/usr/bin:/bin"})
    done = forked.reconcile("cloudflare", "export", "out", "--url", URL)
    assert done.code == 1
    assert "the settings of `local` have no `cloudflare:`" in done.err
