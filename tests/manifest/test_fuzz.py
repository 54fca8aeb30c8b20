"""Whatever the bytes: manifests, or an error that says what is wrong. Never anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import croniter
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.cron import CronError, parse_times
from reconciler.manifest import (
    ManifestError,
    Manifests,
    Settings,
    load_contents,
    parse_settings,
)

T = TypeVar("T")

GOOD = b"""\
name: job
schedule: "0 6 * * *"
timezone: Europe/Paris
function: app/job
args: {window: 24h, id: "${occurrence.id}", deep: [1, 2.5, {x: null}]}
suspend: {reason: moving}
deadline: 1h
labels: {tier: "1"}
---
name: other
at: 2026-12-01T09:00
timezone: America/New_York
function: app/Class.method
"""

FRAGMENTS = st.sampled_from(
    [
        b"\n", b" ", b"\t", b": ", b"- ", b"---\n", b"...\n", b"&a ", b"*a", b"!!set ", b"!x ",
        b"[", b"]", b"{", b"}", b'"', b"'", b"|\n", b">-\n", b"#", b"%YAML 1.1\n", b"? ", b"<<: ",
        b"\xff", b"\x00", b"\xc3\x28", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\\ud800", b"0123",
        b"1e999", b".nan", b"9" * 30, b"null", b"args: ", b"retries: ", b"suspend: ", b"code: ",
        b"${", b"@", b"`", b"name: poller\n", b"crons: ", b"0 0 30 2 *", b"2026-02-30",
    ]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    content = GOOD
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 12))
        content = content[:start] + draw(FRAGMENTS | st.binary(max_size=4)) + content[end:]
    return content


CONTENTS = damaged() | st.binary(max_size=60) | st.lists(FRAGMENTS, max_size=12).map(b"".join)


@settings(max_examples=1500)
@given(CONTENTS)
@example(GOOD)
@example(b'"": 1')
@example(b'"<list>": 1\n"[key]": 2\nargs: {"[key]": 1, "<usual>": 2}')
@example(b'name: "\\ud800"')
@example(b"? [a]\n: b")
@example(b"a: !!int x")
@example(b"%TAG ! tag:x,2000:\n---\n!a b")
def test_any_bytes_are_manifests_or_a_manifest_error(content: bytes) -> None:
    found = outcome(lambda: load_contents([("x.yaml", content)], settings=Settings()))
    if isinstance(found, Manifests):
        assert found.schedules
        return
    last_line = len(re.split(rb"\r|\n|\xc2\x85|\xe2\x80[\xa8\xa9]", content)) + 1
    for problem in found.problems:
        assert problem.message
        assert problem.message.isprintable()
        assert 1 <= problem.location.line <= last_line
        assert problem.location.column >= 1
    assert "pydantic" not in str(found)
    assert "Input should" not in str(found)
    assert str(found).encode()


@settings(max_examples=500)
@given(CONTENTS)
def test_any_bytes_are_settings_or_a_manifest_error(content: bytes) -> None:
    found = outcome(lambda: parse_settings(content))
    assert isinstance(found, Settings) or found.problems


def outcome(read: Callable[[], T]) -> T | ManifestError:
    try:
        return read()
    except ManifestError as error:
        return error


def test_the_text_that_is_damaged_is_good_before() -> None:
    assert len(load_contents([("x.yaml", GOOD)], settings=Settings()).schedules) == 2


FIELD = st.sampled_from(["*", "0", "7", "1-5", "*/2", "1,15", "*/7", "1-10/3", "12", "31", "MON"])


@settings(max_examples=1000)
@given(st.lists(FIELD, min_size=5, max_size=5).map(" ".join))
def test_what_is_accepted_croniter_accepts_too(expression: str) -> None:
    try:
        parse_times(expression)
    except CronError:
        return
    assert croniter.croniter.is_valid(expression)


@pytest.mark.parametrize("interval", ["10m", "90m", "6h", "1d"])
def test_intervals_are_expressions_that_croniter_accepts(interval: str) -> None:
    assert all(croniter.croniter.is_valid(part.text) for part in parse_times(interval))
