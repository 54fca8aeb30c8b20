"""Options that several commands take."""

from __future__ import annotations

import argparse
from typing import Any, Final, Protocol

COLOURS: Final = ("auto", "always", "never")
TIME_HELP: Final = "ISO 8601 in UTC unless it has an offset, or now, -2h, yesterday, 07:50"


class AddCommand(Protocol):
    """Add a command: its name, ``module:function`` below ``reconciler.cli``, and its help text."""

    def __call__(self, name: str, target: str, help_text: str) -> argparse.ArgumentParser: ...


def add_nested(commands: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    """Add a command of a command.

    Args:
        commands: what ``add_subparsers`` returned; argparse has no public name for its type.
    """
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=help_text, description=help_text
    )
    return command


def add_common(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add options that may stand before or after the command.

    Args:
        default: SUPPRESS for a command, so that its default does not override the option before it.
    """
    parser.add_argument(
        "--env", metavar="NAME", default=default, help="the environment (local; required in CI)"
    )
    parser.add_argument(
        "--schedules", metavar="DIR", default=default, help="the folder of the manifests"
    )
    parser.add_argument(
        "--color",
        choices=COLOURS,
        default=default or "auto",
        metavar="WHEN",
        help=f"{', '.join(COLOURS)}; auto: on a terminal, unless NO_COLOR is set",
    )


def add_format(parser: argparse.ArgumentParser, *more: str, default: str = "text") -> None:
    """Add --format: text, json, and what else the command has."""
    parser.add_argument(
        "--format",
        dest="form",
        choices=["text", "json", *more],
        default=default,
        help=f"how to print it: {', '.join(['text', 'json', *more])} (text)",
    )


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add --wait."""
    parser.add_argument("--wait", action="store_true", help="wait for the results and show them")
