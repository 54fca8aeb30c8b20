"""What an error says where there is room for one line."""

from __future__ import annotations

from reconciler.errors import one_line
from reconciler.model.formats import NewerFormatError


def test_the_sentences_of_an_error_stay_apart_in_one_line() -> None:
    assert one_line(NewerFormatError("tasks/a.json", 2, 1)) == (
        "tasks/a.json: written in format 2, and this version reads up to format 1. "
        "Upgrade schedule-reconciler to the version that wrote it, or newer."
    )
    assert one_line(ValueError("no\n  rows?\n")) == "no. rows?"
    assert one_line(ValueError()) == ""
