"""What calls printed: the fake, and Modal's client on the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf

import pytest

from reconciler.deploy.fakes import FakeOutput
from reconciler.deploy.modal_output import LineJoiner, ModalOutput
from reconciler.deploy.ports import CallGoneError, CallOutput, OutputLine
from reconciler.dispatch.adapters.modal_calls import LISTENER
from tests.engine_fixture import RunningEngine

APP = """
import modal, sys
app = modal.App("talking")

@app.function(serialized=True)
def talk():
    print("one")
    print("two", file=sys.stderr)
    print("th", end="")
    print("ree")
    return 3
"""
PRINTED = [("stdout", "one"), ("stderr", "two"), ("stdout", "three")]


@pytest.fixture(params=["fake", "engine"])
def talked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CallOutput, str]:
    """The port, and a call that has ended."""
    now = datetime.now(UTC)
    if request.param == "fake":
        lines = [OutputLine(now, source, text) for source, text in PRINTED]
        return FakeOutput({"fc-1": lines}), "fc-1"
    client: RunningEngine = request.getfixturevalue("client")
    path = tmp_path_factory.mktemp("talking") / "talking.py"
    path.write_text(APP)
    client.modal("deploy", str(path))
    call = client.fire("talking", "talk")
    import modal

    assert modal.FunctionCall.from_id(call).get() == 3
    return ModalOutput(), call


def read(lines: AsyncIterator[OutputLine]) -> list[OutputLine]:
    async def all_of_them() -> list[OutputLine]:
        return [line async for line in lines]

    return asyncio.run(all_of_them())


Read = Callable[[CallOutput, str], AsyncIterator[OutputLine]]
EITHER = pytest.mark.parametrize(
    "wanted", [lambda o, c: o.kept(c), lambda o, c: o.follow(c)], ids=["kept", "followed"]
)


@EITHER
def test_all_that_was_printed_is_there_when_the_call_has_ended(
    talked: tuple[CallOutput, str], wanted: Read
) -> None:
    output, call = talked
    found = [(line.source, line.text) for line in read(wanted(output, call))]
    by_source = [[one for one in found if one[0] == source] for source in ("stdout", "stderr")]
    expected = [[one for one in PRINTED if one[0] == source] for source in ("stdout", "stderr")]
    assert by_source == expected


@EITHER
def test_a_call_that_modal_does_not_know_is_gone(
    talked: tuple[CallOutput, str], wanted: Read
) -> None:
    output, _ = talked
    with pytest.raises(CallGoneError):
        read(wanted(output, "fc-0123456789abcdefghijkl"))


@pytest.mark.parametrize("talked", ["engine"], indirect=True)
def test_a_function_that_prints_nothing_for_long_is_not_a_silence_of_modal(
    talked: tuple[CallOutput, str],
) -> None:
    output, call = talked
    asked: dict[str, tuple[bool, float]] = {}

    class Recorder:
        @contextmanager
        def asking(self, what: str, *, patient: bool, due: float = 0.0) -> Iterator[None]:
            asked[what] = patient, due
            yield

    token = LISTENER.set(Recorder())
    try:
        read(output.follow(call))
    finally:
        LISTENER.reset(token)
    assert asked[f"follow the output of the call {call}"] == (False, inf)


def test_pieces_become_lines() -> None:
    joiner, at = LineJoiner(), datetime(2026, 11, 20, tzinfo=UTC)
    assert list(joiner.add(at, "stdout", "a")) == []
    assert list(joiner.add(at, "stderr", "x\r\ny")) == [OutputLine(at, "stderr", "x")]
    assert list(joiner.add(at, "stdout", "b\nc")) == [OutputLine(at, "stdout", "ab")]
    assert list(joiner.rest()) == [OutputLine(at, "stderr", "y"), OutputLine(at, "stdout", "c")]
    assert list(joiner.rest()) == []
