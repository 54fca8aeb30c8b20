"""The commands that read git alone."""

from __future__ import annotations

from reconciler.cli.options.argument_types import positive, time
from reconciler.cli.options.common import TIME_HELP, AddCommand, add_format


def add_offline(add: AddCommand) -> None:
    """Add validate, next, lint and rules."""
    validate = add("validate", "validate:main", "check the manifests, offline")
    add_format(validate, "sarif")

    following = add(
        "next", "next:main", "list the next occurrences of the schedules in git, offline"
    )
    following.add_argument("name", nargs="?", metavar="NAME", help="only this schedule")
    following.add_argument(
        "--count",
        type=positive,
        help="list at most this many: schedules, or occurrences of one (20; --ics: all)",
    )
    following.add_argument(
        "--hours", type=positive, default=48, help="how many hours to look ahead (48)"
    )
    following.add_argument("--days", type=positive, default=0, help="how many days to look ahead")
    following.add_argument(
        "--after", type=time, metavar="TIME", help=f"list from this time on (now): {TIME_HELP}"
    )
    following.add_argument(
        "--ics", metavar="FILE", help="write an iCalendar file; - for standard output"
    )
    add_format(following)

    lint = add("lint", "lint:main", "report suspicious schedules, offline")
    add_format(lint)

    rules = add("rules", "rules:main", "check the rules of rules/ against their tests, offline")
    rules.add_argument("action", choices=["test"], help="test: judge every rule's examples")
    add_format(rules)
