"""What commands say when somebody removed or changed what is live."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.commands.damaged import WarningRunLog
from reconciler.dispatch.formats import FormatError
from reconciler.dispatch.pointer import POINTER_PATH, Pointer
from reconciler.workspace.fakes import FakeFiles
from reconciler.workspace.modal_files import RemoteGenerations, RemoteRunLog

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
        (b"xx", "current.json: is not a pointer: "),
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
        f"reconcile: {path} cannot be read: does not begin with the log of a wake; it was left out",
        f"  To remove it: modal volume rm ours {path}",
    ]
