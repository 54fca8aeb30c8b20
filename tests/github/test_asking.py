"""What a person at a terminal is asked, and what counts as a yes."""

from __future__ import annotations

import getpass
import io
import os
import sys

import pytest

from reconciler.cli.confirmation import confirmed, holder
from reconciler.errors import ReconcileError


class Terminal(io.StringIO):
    """What somebody types, as if at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "yes"),
    [("yes\n", True), (" yes \n", True), ("y\n", False), ("Yes\n", False), ("\n", False)],
)
def test_only_a_whole_yes_is_one(
    typed: str, yes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert confirmed("Apply this?") is yes
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Apply this? Only `yes` is accepted: ")


def test_the_end_of_the_input_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert confirmed("Apply this?") is False


def test_where_there_is_no_input_no_question_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ReconcileError, match="cannot ask for confirmation"):
        confirmed("Apply this?")


def test_a_user_whom_the_system_does_not_know_applies_by_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.delenv("GITHUB_ACTOR", raising=False)
    monkeypatch.setattr(getpass, "getuser", unknown)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert holder().owner.startswith("user 12345@")
