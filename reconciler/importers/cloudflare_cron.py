"""The cron dialect of Cloudflare.

Cloudflare numbers the days of the week from 1, Sunday, to 7, Saturday: its `0 9 * * 1` runs on
Sundays. A day of month and a day of week that are both restricted are joined by OR. The tests
compare this with recorded answers of Cloudflare. Refused are forms of Quartz that cron does not
have (`L`, `W`, `#`), a `*` in a list, and ranges that wrap: `FRI-SUN` includes Thursday there.
"""

from __future__ import annotations

from typing import Final

from reconciler.cron.text import members
from reconciler.importers.dialects import Reading, Times, in_cron

_READING: Final = Reading(sunday=1, long_steps=False)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def from_cloudflare(text: str) -> str:
    """A cron trigger in the dialect of manifests; weekdays become names.

    Raises:
        UnclearError: Cloudflare refuses it, or what it means there is not known for certain.
    """
    words, values = _READING.five(text, "Cloudflare")
    both = "*" in (words[2], words[4])
    fields = in_cron(Times(*values, both), words).schedule.split()
    if fields[4] != "*":
        fields[4] = ",".join(_DAYS[day] for day in members(values[4]))
    return " ".join(fields)
