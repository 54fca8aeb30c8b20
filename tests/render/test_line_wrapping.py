"""Lines that fit a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.line_wrapping import visible, wrap_lines
from reconciler.streams import coloured, without_colour

WORDS = st.text("abcä-/:", min_size=1, max_size=12)
LINES = st.builds(
    lambda indent, gap, words: " " * indent + (" " * gap).join(words),
    st.integers(0, 8),
    st.integers(1, 3),
    st.lists(WORDS, min_size=1, max_size=30),
)


@given(LINES, st.integers(30, 100))
def test_no_word_is_broken_and_none_is_lost(line: str, width: int) -> None:
    text = wrap_lines(line, width)
    assert text.split() == line.split()
    assert max(map(len, text.split("\n"))) <= width


@given(LINES, st.integers(30, 100))
def test_colours_take_no_room(line: str, width: int) -> None:
    painted = wrap_lines(coloured("31", line), width)
    assert without_colour(painted) == wrap_lines(line, width)


def test_a_line_goes_on_further_indented_than_it_began() -> None:
    assert wrap_lines("  one two  three four", 12) == "  one two\n      three\n      four"


def test_a_word_that_is_longer_than_a_line_stays_whole() -> None:
    assert wrap_lines("see schedules/a-long-name.yaml:1:1", 10) == (
        "see\n    schedules/a-long-name.yaml:1:1"
    )


def test_what_fits_stays_as_it_is() -> None:
    text = "a  b\n\n   c"
    assert wrap_lines(text, 4) == text
    assert visible(coloured("1", "abcd")) == 4
