"""What commands say when somebody removed or changed what is live."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.dispatch.formats import FormatError
from reconciler.dispatch.pointer import POINTER_PATH, Pointer
from reconciler.workspace.fakes import FakeFiles
from reconciler.workspace.modal_files import RemoteGenerations

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
