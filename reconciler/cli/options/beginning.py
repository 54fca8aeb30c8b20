"""The commands that begin a repository."""

from __future__ import annotations

import argparse
from typing import Final

from reconciler.cli.options.common import AddCommand

SHELLS: Final = ("bash", "zsh", "fish")


def add_beginning(add: AddCommand) -> None:
    """Add init, import and completion."""
    init = add("init", "init:main", "write settings, an example, workflows and schemas")
    init.add_argument(
        "--environment",
        dest="env",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="the environment that CI applies to, as --env (production)",
    )
    init.add_argument(
        "--action", metavar="OWNER/REPOSITORY@COMMIT", help="the action that the workflows use"
    )

    importing = add("import", "import_:main", "write manifests from another scheduler's files")
    importing.add_argument(
        "source",
        choices=(
            *("modal", "airflow", "celery", "crontab", "github", "kubernetes", "systemd"),
            *("vercel", "wrangler"),
        ),
    )
    importing.add_argument(
        "file", nargs="?", metavar="FILE", help="the file, or - for standard input; not for modal"
    )
    importing.add_argument(
        "--app", default="jobs", metavar="NAME", help="Modal app of functions yet to write (jobs)"
    )
    importing.add_argument(
        "--timezone", metavar="ZONE", help="the time zone, if the file does not name it (UTC)"
    )
    importing.add_argument(
        "--system",
        action=argparse.BooleanOptionalAction,
        help="whether a crontab has a user before the command",
    )

    completion = add("completion", "completion:main", "print a script for completion in a shell")
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
