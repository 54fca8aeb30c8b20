"""What strangers wrote does nothing to a terminal, and gives no command to a CI log."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.foreign_text import as_lines, in_json, on_one_line, printable, without_commands
from reconciler.streams import SafeStream, choose_colour, coloured, guard_streams, write_command
from tests.github_log import commands

HARMFUL = st.text(
    st.sampled_from("#[:] \t\n\r\x0b\x1b\x85\x9b\u061c\u200b\u200f\u2028\u202e\u2066\ud800a")
    | st.characters()
)
PIECES = st.lists(
    HARMFUL | st.sampled_from(["##[stop-commands]x", "##", "[add-mask]", "::error::", ":", "\n"])
)


def written(*pieces: str) -> str:
    below = io.StringIO()
    stream = SafeStream(below)
    for piece in pieces:
        stream.write(piece)
    return below.getvalue()


@given(PIECES)
def test_nothing_that_is_written_is_a_command_or_acts_on_a_terminal(pieces: list[str]) -> None:
    text = written(*pieces)
    assert not [*commands(text)]
    assert text.replace("\n", "").replace("\t", "").replace("@\u2060", "").isprintable()
    assert text.count("\n") == "".join(pieces).count("\n"), "no line is lost or added"


@given(HARMFUL)
def test_a_text_on_one_line_is_one_line(text: str) -> None:
    assert len(on_one_line(text).splitlines()) <= 1
    assert on_one_line(text).isprintable()
    assert not [*commands(without_commands(printable(text)))]


def test_a_tab_is_a_space_where_a_text_is_put_on_one_line() -> None:
    assert on_one_line("0\t6 * * *\n/opt/a.sh") == "0 6 * * * /opt/a.sh"


@given(st.lists(HARMFUL, min_size=1))
def test_a_line_stays_one_line_whatever_it_quotes(lines: list[str]) -> None:
    assert as_lines(lines).count("\n") == len(lines) - 1


@given(st.dictionaries(HARMFUL, HARMFUL | st.just("##[add-mask]x ##vso[task]")))
def test_json_says_the_same_without_a_character_that_acts(document: dict[str, str]) -> None:
    for text in (json.dumps(document, indent=2), json.dumps(document, ensure_ascii=False)):
        safe = in_json(text)
        assert json.loads(safe) == document
        assert written(safe) == safe, "nothing is left to be replaced"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a ##[stop-commands]t", "a # #[stop-commands]t"),
        ("###[group]", "## #[group]"),
        ("##vso[task.setvariable]x", "# #vso[task.setvariable]x"),
        (" \t::error::x", " \t: :error::x"),
        ("a\n::debug::x", "a\n: :debug::x"),
        ("a::b, ## [x], std::vector", "a::b, ## [x], std::vector"),
    ],
)
def test_a_command_is_broken_by_a_space_and_everything_else_stays(text: str, shown: str) -> None:
    assert written(text) == shown


@pytest.mark.parametrize(
    "pieces",
    [("##", "[group]x"), ("a #", "#[group]x"), (":", ":error::x"), ("  ", "::error::x")],
)
def test_a_command_that_comes_in_pieces_is_none_either(pieces: tuple[str, ...]) -> None:
    assert not [*commands(written(*pieces))]
    assert not [*commands(written("a" * 99, "\n", *pieces))]


def test_only_our_own_colours_reach_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    SafeStream(terminal).write(coloured("31", "\x1b[32mred\x9b2J"))
    assert terminal.getvalue() == "\x1b[31m\ufffd[32mred\ufffd2J\x1b[0m"
    assert written(coloured("31", "red")) == "red"


@pytest.mark.parametrize(
    ("when", "no_color", "shown"),
    [("auto", "", False), ("always", "", True), ("always", "1", True), ("never", "", False)],
)
def test_colour_that_is_asked_for_counts_more_than_no_color(
    monkeypatch: pytest.MonkeyPatch, when: str, no_color: str, shown: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    stream = SafeStream(io.StringIO())
    monkeypatch.setattr(sys, "stdout", stream)
    choose_colour(when)
    assert stream.shows_colour() is shown


def test_a_terminal_shows_colour_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert SafeStream(Terminal()).shows_colour()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not SafeStream(Terminal()).shows_colour()


def test_our_own_commands_are_lines_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    guard_streams()
    print("half", end="", file=sys.stderr)
    write_command("::error title=schedules::broken")
    print("::error::not ours", file=sys.stderr)
    assert [*commands(capsys.readouterr().err)] == [("error", "title=schedules", "broken")]
