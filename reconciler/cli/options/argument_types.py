"""Types of arguments: each makes a value of a word, or says what is wrong with it."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import UTC, datetime

from reconciler.cli.times import read_time


def positive(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a positive whole number")
    return number


def label(text: str) -> tuple[str, str | None]:
    """``NAME`` or ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    return name, value if equals else None


def argument(text: str) -> tuple[str, object]:
    """``NAME=VALUE`` of a function's argument; the value is JSON, and text where it is not."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE, such as day=2026-11-20")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def crons(text: str) -> str:
    """A number of crons, or ``unlimited``."""
    return text if text == "unlimited" else str(positive(text))


def time(text: str) -> datetime:
    """A time as people write it; see ``times.read_time``."""
    try:
        return read_time(text, datetime.now(UTC))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
