"""What other schedulers understand and this dialect does not, each with the way out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForeignForm:
    """A form of another dialect.

    Attributes:
        pattern: recognises one list item of a field, upper case.
        message: what it is and what to do instead.
        replacement: what says the same here, if anything does.
    """

    pattern: re.Pattern[str]
    message: str
    replacement: str | None = None


FOREIGN_FORMS = (
    ForeignForm(
        re.compile(r".*\?.*"),
        "`?` (no value) is not supported: `*` says the same",
        "*",
    ),
    ForeignForm(
        re.compile(r".*#.*"),
        "`#` (nth weekday of the month) is not supported: run on every such weekday and let the "
        "function return early in the other weeks",
    ),
    ForeignForm(
        re.compile(r"W|LW|WL|\d+W|W\d+"),
        "`W` (nearest weekday) is not supported: run on the days around it and let the function "
        "return early on the others",
    ),
    ForeignForm(
        re.compile(r"L|L-\d+|\d+L|L\d+|(SUN|MON|TUE|WED|THU|FRI|SAT)L"),
        "`L` (last) is not supported: run on the days that can be the last, such as 28-31, and let "
        "the function return early on the others",
    ),
    ForeignForm(
        re.compile(r"R([(/].*)?|.*~.*"),
        "random times (`R`, `~`) are not supported, a plan must be able to name the times: choose "
        "one",
    ),
    ForeignForm(
        re.compile(r"H([(/].*)?"),
        "hashed times (`H`) are not supported, a plan must be able to name the times: choose one",
    ),
)


def foreign_form(text: str) -> ForeignForm | None:
    """Return the form of another dialect that a list item is written in, if any."""
    upper = text.upper()
    return next((form for form in FOREIGN_FORMS if form.pattern.fullmatch(upper)), None)
