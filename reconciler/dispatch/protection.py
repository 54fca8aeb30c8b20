"""The Dict entry that keeps the names of the protected schedules.

They stand in the generation, in the pointer and here, so that they are known when the Volume is
gone. An entry that is not used for seven days expires. Each plan and the first wake of each day
read it, which keeps it; the app's tags tell that there was one when it is gone all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from reconciler.dispatch.answers import Entry
from reconciler.dispatch.formats import FORMAT, FormatError, NewerFormatError, check_format

PROTECTED_KEY: Final = "protected"


class Protection(NamedTuple):
    """What the entry says of the schedules that were applied.

    Attributes:
        names: those that are protected.
        schedules: how many there were in all.
    """

    names: frozenset[str]
    schedules: int


def protection_entry(names: Iterable[str], schedules: int) -> Entry:
    """The entry."""
    return {"format": FORMAT, "names": sorted(set(names)), "schedules": schedules}


def read_protection(entry: Mapping[str, Any] | None) -> Protection | None:
    """Read the entry; None when it is not there or cannot be read, which the caller must not take
    for no protection.

    Raises:
        NewerFormatError: a newer version wrote it.
    """
    if not isinstance(entry, Mapping):
        return None
    try:
        check_format(entry, PROTECTED_KEY)
    except NewerFormatError:
        raise
    except FormatError:
        return None
    names, schedules = entry.get("names"), entry.get("schedules")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return Protection(frozenset(names), schedules if isinstance(schedules, int) else len(names))
