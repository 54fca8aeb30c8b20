"""What commands say when somebody removed or changed what is live."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import pytest

from reconciler.cli.damaged import WarningRunLog, remedies
from reconciler.deploy.fakes import FakeFiles
from reconciler.deploy.modal_files import RemoteGenerations, RemoteRunLog
from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.model.claim import Claimant, ClaimState
from reconciler.model.formats import Damaged, FormatError, UnreadableEntry
from reconciler.model.pointer import POINTER_PATH, Pointer
from reconciler.query.still_damaged import still_damaged

POINTER = Pointer(
    generation="ab" * 32,
    commit=None,
    dirty=False,
    by="ci",
    at="2026-11-20T15:00:00Z",
    previous=None,
)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (POINTER.encode(), f"generations/{'ab' * 32}.jsonl: is gone, and the pointer names it"),
        (b"xx", "current.json: is not a pointer: it is not JSON"),
        (b"", "current.json: is not a pointer: it is not JSON"),
        (b"\x80", "current.json: is not a pointer: it is not JSON"),
        (b"[]", "current.json: holds a list where an object is expected"),
        (b"7", "current.json: holds a number where an object is expected"),
        (b"null", "current.json: holds nothing where an object is expected"),
        (b"[" * 100_000, "current.json: is not a pointer: "),
        (b"{}", "current.json: names no format"),
    ],
)
def test_a_generation_that_is_gone_and_a_damaged_pointer_say_what_repairs_them(
    content: bytes, what: str
) -> None:
    with pytest.raises(FormatError) as caught:
        asyncio.run(RemoteGenerations(FakeFiles({POINTER_PATH: content})).live())
    assert str(caught.value).startswith(what)
    assert caught.value.remedy == "Run reconcile, which repairs it."


def test_a_damaged_runs_file_is_named_with_the_command_that_removes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = "runs/2026-11-20/090000-fc-1.jsonl"
    files = RemoteRunLog(FakeFiles({path: b"xx"}))
    log = WarningRunLog(files, removal="modal volume rm ours {}".format)
    for _ in range(2):
        assert asyncio.run(log.recent(7)) == []
    assert capsys.readouterr().err.splitlines() == [
        f"reconcile: {path} cannot be read: does not begin with the log of a wake; it was skipped",
        f"  To remove it: modal volume rm ours {path}",
    ]


CLAIM = "Dict entry a@2026-11-20T15:00Z"
RUNS = "runs/2026-11-20/090000-fc-1.jsonl"
TASK = "tasks/2026-11-20/09/once.json"


def still(reported: list[str], entries: Mapping[str, object], files: dict[str, bytes]) -> list[str]:
    claims = FakeClaims()
    cast("dict[str, object]", claims.entries).update(entries)
    found = still_damaged(
        [Damaged(where, "as it was") for where in reported], claims, FakeFiles(files)
    )
    return [one.where for one in asyncio.run(found)]


def test_what_was_repaired_or_removed_is_not_damaged_any_more() -> None:
    places = ["Dict entry cursor", CLAIM, "Dict entry queue/a", RUNS, TASK, "settled/once.json"]
    assert still([*places, POINTER_PATH], {}, {}) == []
    claimant = Claimant("token", "fc-1", datetime(2026, 11, 20, 15, tzinfo=UTC))
    whole = claimant.dropped(ClaimState.MISSED, "too late")
    assert still([CLAIM], {CLAIM.removeprefix("Dict entry "): whole}, {}) == []


def test_what_still_cannot_be_read_is_named_as_it_is_now() -> None:
    entries: dict[str, object] = {
        CLAIM.removeprefix("Dict entry "): {"state": 7},
        "queue/a": UnreadableEntry("it holds a value of type str"),
    }
    files: dict[str, bytes] = dict.fromkeys([RUNS, TASK, "settled/once.json"], b"xx")
    places = [CLAIM, "Dict entry queue/a", *files]
    assert still(places, entries, files) == places


def test_each_damaged_place_has_a_remedy() -> None:
    places = ("Dict entry cursor", CLAIM, RUNS)
    said = remedies([Damaged(where, "x") for where in places], "modal volume rm ours {}".format)
    assert said["Dict entry cursor"] == "The next wake writes it anew."
    assert "No wake needs it any more" in said[CLAIM]
    assert said[RUNS] == f"To remove it: modal volume rm ours {RUNS}"
