"""Times as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.cli.options.parser import parser
from reconciler.cli.times import in_utc, read_time

NOW = datetime(2026, 11, 20, 15, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-11-20T15:30:12+00:00"),
        ("-2h", "2026-11-20T13:30:12+00:00"),
        ("-1d12h", "2026-11-19T03:30:12+00:00"),
        ("+30m", "2026-11-20T16:00:12+00:00"),
        ("yesterday", "2026-11-19T00:00:00"),
        ("today", "2026-11-20T00:00:00"),
        ("tomorrow", "2026-11-21T00:00:00"),
        ("07:50", "2026-11-20T07:50:00"),
        ("2026-11-23T09:00Z", "2026-11-23T09:00:00+00:00"),
        ("2026-11-23", "2026-11-23T00:00:00"),
    ],
)
def test_a_time_may_be_written_in_short(text: str, meant: str) -> None:
    assert read_time(text, NOW).isoformat() == meant


def test_days_and_times_of_day_are_in_utc_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert in_utc(read_time("07:50", NOW)) == datetime(2026, 11, 20, 7, 50, tzinfo=UTC)
    assert capsys.readouterr().err == "2026-11-20T07:50 has no offset and is read as UTC.\n"
    in_utc(read_time("-2h", NOW))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "text", ["soon", "24:00", "7:50", "-2x", "-", "+", "2h", "-999999d", "--2h"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as 2026-11-23T09:00Z, now, -2h, yest"):
        read_time(text, NOW)


@pytest.mark.parametrize(
    "words",
    [("runs", "--since", "-2h"), ("explain", "job", "-2h"), ("wake", "--at", "-30m"),
     ("next", "--after", "-1d")],
)  # fmt: skip
def test_a_time_that_begins_with_a_hyphen_is_no_option(words: tuple[str, ...]) -> None:
    given = vars(parser().parse_args(words))
    assert any(isinstance(value, datetime) for value in given.values())
