"""The commands that edit manifests."""

from __future__ import annotations

from reconciler.cli.options.common import AddCommand


def add_editing(add: AddCommand) -> None:
    """Add suspend, resume and fmt."""
    suspend = add("suspend", "suspend:suspend", "suspend a schedule: edit its manifest, offline")
    suspend.add_argument("name", metavar="NAME")
    suspend.add_argument(
        "--until",
        metavar="TIME",
        help="when it runs again: a date, or a time such as 2026-11-23T09:00Z, +2h, 07:50",
    )
    suspend.add_argument("--reason", metavar="TEXT", help="for people: plan and status show it")

    resume = add("resume", "suspend:resume", "let a suspended schedule run again, offline")
    resume.add_argument("name", metavar="NAME")

    fmt = add("fmt", "fmt:main", "write manifests in their canonical form, offline")
    fmt.add_argument("files", nargs="*", metavar="FILE", help="only these (all manifests)")
    fmt.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if a file is not in that form"
    )
