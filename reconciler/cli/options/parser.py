"""The parser of the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from reconciler import __version__
from reconciler.cli.options.applying import (
    add_applies,
    add_plan_and_apply,
    add_reconcile,
)
from reconciler.cli.options.backfilling import add_backfill
from reconciler.cli.options.beginning import add_beginning
from reconciler.cli.options.cloudflare import add_cloudflare
from reconciler.cli.options.common import add_common
from reconciler.cli.options.dashboard import add_dashboard
from reconciler.cli.options.editing import add_editing
from reconciler.cli.options.engine import add_engine
from reconciler.cli.options.github import add_github
from reconciler.cli.options.offline import add_offline
from reconciler.cli.options.questions import add_questions
from reconciler.cli.options.starting import add_starting
from reconciler.words import nearest_name

_RELATIVE: Final = re.compile(r"-\.?[0-9]")
"""A word that begins so is a value, such as the time ``-2h``: no option begins with a digit."""
_FEW: Final = 12
"""Choices that a refusal lists."""
_GITHUB_HELP: Final = "in GitHub Actions: the comment on a pull request, and the issue about drift"
_ENGINE_HELP: Final = "run the embedded Modal in the foreground, or a command pointed at it"


class _Parser(argparse.ArgumentParser):
    """Exits with 1 on wrong usage; argparse's exit code 2 would mean that there are changes.

    A word that is not known is answered with the most similar one.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._negative_number_matcher = _RELATIVE
        self.color = False  # from Python 3.14 on argparse colours; our streams escape its codes

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}\n  See {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            option = next((word for word in unknown if word.startswith("-")), None)
            if option is None:
                self.error(f"unexpected argument: {' '.join(unknown)}")
            name = option.partition("=")[0]
            self.error(f"there is no option {name}{_nearest(name, self._option_string_actions)}")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = action.choices
        if choices is None or value in choices:
            return
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse has no name for it
            self.error(f"there is no command `{value}`{_nearest(value, choices)}")
        named = action.option_strings[0] if action.option_strings else action.metavar or action.dest
        every = f": {', '.join(choices)}" if len(list(choices)) < _FEW else ""
        self.error(f"{named} has no `{value}`{every}{_nearest(value, choices)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    near = nearest_name(name, known)
    return "" if near is None else f"; did you mean {near}?"


def parser() -> argparse.ArgumentParser:
    """The parser of ``reconcile``, with all its commands."""
    reconcile = _Parser(
        prog="reconcile",
        # An abbreviation may be ambiguous, and `tasks --all` must not match `--allow-…`.
        allow_abbrev=False,
        description="Compare the schedules in git with what is deployed on Modal. Without a "
        "command: plan, show, ask, apply.",
        epilog="Exit: 0 done or nothing to do, 1 error, 2 changes (--detailed-exitcode), "
        "3 refused by a safety rule.",
    )
    reconcile.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")
    add_common(reconcile, None)
    add_reconcile(reconcile)
    reconcile.set_defaults(target="reconcile:main")
    commands = reconcile.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, target: str, help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        add_common(command, argparse.SUPPRESS)
        command.set_defaults(target=target)
        return command

    add_plan_and_apply(add)
    add_offline(add)
    add_editing(add)
    add_questions(add)
    add_starting(add)
    add_backfill(add)
    add_beginning(add)
    add_dashboard(add)
    add_cloudflare(add)
    add_applies(add)
    add_github(commands.add_parser("github", help=_GITHUB_HELP, description=_GITHUB_HELP))
    add_engine(commands.add_parser("engine", help=_ENGINE_HELP, description=_ENGINE_HELP))
    return reconcile
