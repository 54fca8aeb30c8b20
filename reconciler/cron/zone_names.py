"""IANA names to zones, one object for each, and what was meant by a name that is none."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache

from reconciler.cron.errors import ZoneError
from reconciler.cron.zone import Zone

_HOST_DEPENDENT = {"localtime", "posixrules", "Factory"}
_LEAP_SECOND_TREES = ("right/", "posix/")


@lru_cache(maxsize=1024)
def zone_named(name: str) -> Zone:
    """Return the zone of that IANA name, always the same object.

    Raises:
        ZoneError: there is none.
    """
    if name == "UTC":
        return Zone(name, UTC)
    if name in _HOST_DEPENDENT or name.startswith(_LEAP_SECOND_TREES):
        raise ZoneError(name, _similar(name))

    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # start-up time: not needed for UTC

    try:
        return Zone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(name, _similar(name)) from None


def _similar(name: str) -> tuple[str, ...]:
    """Return the zones whose name, or whose city, looks like the given one."""
    import difflib  # start-up time: only when refusing
    from zoneinfo import available_timezones

    wanted = name.strip().replace(" ", "_").lower()
    by_text: dict[str, str] = {}
    for zone in sorted(available_timezones() - _HOST_DEPENDENT):
        by_text.setdefault(zone.rpartition("/")[2].lower(), zone)
        by_text[zone.lower()] = zone
    close = difflib.get_close_matches(wanted[:64], by_text, n=4, cutoff=0.75)
    return tuple(dict.fromkeys(by_text[text] for text in close))[:3]
