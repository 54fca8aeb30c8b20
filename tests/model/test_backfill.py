"""The files and entries of a backfill are read for ever, and a damaged one starts nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.cron import minute
from reconciler.model.backfill import (
    Backfill,
    BackfillEnd,
    BackfillState,
    Only,
    Progress,
    active_digests,
    ended_path,
    progress_of,
    state_of,
)
from reconciler.model.formats import FormatError, NewerFormatError, UnreadableEntry
from reconciler.model.occurrence import Occurrence
from tests.dispatch.scenario import at

GOLDEN = Path(__file__).parent / "golden" / "format-1"
FIRST = minute(at("2026-11-19T00:00"))
CONTENT = (GOLDEN / "backfill.json").read_bytes()
ENTRIES = json.loads((GOLDEN / "backfill-state.json").read_text())


def test_a_plan() -> None:
    found = Backfill.decode(CONTENT, "golden")
    assert found == Backfill(
        name="hourly",
        first=FIRST,
        until=FIRST + 120,
        only=Only.MISSED,
        parallel=1,
        reverse=False,
        runs=(Occurrence("hourly", FIRST, 2), Occurrence("hourly", FIRST + 60, 2)),
        by="alice",
        at="2026-11-20T10:00:00Z",
    )
    assert found.encode() == CONTENT


def test_its_end() -> None:
    content = (GOLDEN / "backfill-ended.json").read_bytes()
    found = BackfillEnd.decode(content, "golden")
    assert found == BackfillEnd(True, "2026-11-20T11:00:00Z", "cancelled by alice")
    assert found.encode() == content


def test_its_entries() -> None:
    assert state_of(ENTRIES["state"], "x") is BackfillState.PAUSED
    assert progress_of(ENTRIES["progress"], "x") == Progress(1, 1)
    assert Progress(1, 1).to_json() == ENTRIES["progress"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"parallel":1', b'"parallel":9'),
        (b".2", b".3"),
        (b'"parallel":1', b'"parallel":0'),
        (b'"parallel":1', b'"parallel":true'),
        (b'"only":"missed"', b'"only":"some"'),
        (b"Z.2", b"Z"),
        (b'"runs":[', b'"runs":"no","x":['),
        (b"{", b"["),
    ],
)
def test_a_plan_that_was_changed_or_is_garbled_is_refused(old: bytes, new: bytes) -> None:
    assert old in CONTENT
    with pytest.raises(FormatError):
        Backfill.decode(CONTENT.replace(old, new), "x")


def test_what_a_newer_version_wrote_is_refused_by_name() -> None:
    with pytest.raises(NewerFormatError):
        Backfill.decode(CONTENT.replace(b'"format":1', b'"format":2'), "x")


@pytest.mark.parametrize("entry", [None, {}, {"format": 1, "state": "x"}, {"format": 2}])
def test_a_state_that_cannot_be_read_starts_nothing(entry: dict[str, object] | None) -> None:
    assert state_of(entry, "x") is BackfillState.PAUSED
    assert progress_of(entry, "x") is None


def test_an_entry_of_another_kind_starts_nothing() -> None:
    assert state_of(UnreadableEntry("it holds a number"), "x") is BackfillState.PAUSED


def test_those_without_an_end_are_active() -> None:
    paths = ["backfills/a.json", "backfills/b.json", ended_path("a"), "backfills/notes.txt"]
    assert active_digests(paths) == ["b"]
