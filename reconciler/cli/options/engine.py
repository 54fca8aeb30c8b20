"""The commands of the embedded Modal."""

from __future__ import annotations

import argparse

from reconciler.cli.options.argument_types import crons
from reconciler.cli.options.common import add_nested


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``reconcile engine``, and its commands env and exec."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (a free one)")
    parser.add_argument(
        "--crons",
        type=crons,
        default="5",
        help="how many crons its workspace allows, or `unlimited` (5)",
    )
    parser.add_argument(
        "--python", metavar="PATH", help="the Python that functions run in (that of reconcile)"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print no line for crons, runs and notifications"
    )
    parser.set_defaults(target="engine:serve")
    commands = parser.add_subparsers(metavar="COMMAND")
    variables = add_nested(
        commands, "env", "print the variables that point a shell at the running engine"
    )
    variables.set_defaults(target="engine:variables")
    execute = add_nested(
        commands, "exec", "run a command with the running engine in place of Modal"
    )
    execute.usage = "reconcile engine exec [-h] COMMAND …"
    execute.add_argument("command_line", nargs=argparse.REMAINDER, metavar="COMMAND …")
    execute.set_defaults(target="engine:execute")
