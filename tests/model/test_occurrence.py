"""How times are written in what is stored."""

from __future__ import annotations

import pytest

from reconciler.model.occurrence import time_of

WRITTEN = "2026-11-20T06:00:00Z"


def test_a_time_is_read_as_it_is_written() -> None:
    assert time_of({"at": WRITTEN}, "at") == WRITTEN


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T06:00:00+02:00", "2026-11-20T06:00Z", "2026-11-20", "20261120T060000Z", ""],
)
def test_a_time_in_another_form_is_not_read_since_times_are_compared_as_text(text: str) -> None:
    with pytest.raises(ValueError, match="at is not a time"):
        time_of({"at": text}, "at")


@pytest.mark.parametrize("text", ["2026-13-20T06:00:00Z", "2026-11-31T06:00:00Z"])
def test_a_time_that_no_calendar_has_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be in|out of range"):
        time_of({"at": text}, "at")
