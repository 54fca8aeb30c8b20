"""The one tz database: the files of the package `tzdata`, whatever the machine has beside it.

A plan on a laptop, the dispatcher in its container and the engine must agree on every minute. The
standard library prefers the system's zone files, which are another edition on another machine. So
the files are read from the package here, and nowhere else. No setting of the process is changed:
programs import this for the client library, and their own zones stay as they are.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, cast

from reconciler.cron.cron_errors import TzdataError, ZoneError

if TYPE_CHECKING:
    from types import ModuleType
    from zoneinfo import ZoneInfo

_NOT_A_ZONE: Final = frozenset({"Factory"})
"""In the package's list for the sake of the list: it is what an unset clock shows."""
_VERSION = re.compile(r"([0-9]{4})([a-z]+)\Z")


@lru_cache(maxsize=1024)
def tzinfo_named(name: str) -> tzinfo:
    """Return the rules of an IANA zone, always the same object; they can be pickled and copied.

    Raises:
        ZoneError: there is no such zone, by its exact name.
        TzdataError: the package is not installed, or its file of the zone is damaged.
    """
    if name == "UTC":
        return UTC
    if name not in zone_keys():
        raise ZoneError(name, _similar(name))
    return _read(name)


@lru_cache(maxsize=1)
def zone_keys() -> frozenset[str]:
    """Return the names of all zones.

    Raises:
        TzdataError: the package is not installed, or its list is damaged.
    """
    from importlib.resources import files  # start-up time: not needed for UTC

    package = _package()
    try:
        listed = files(package).joinpath("zones").read_text("utf-8").split()
    except (OSError, ValueError) as error:
        raise _damaged("zones", error) from error
    return frozenset(listed) - _NOT_A_ZONE


def tz_version() -> str:
    """Return the edition of the IANA database: `2026f`.

    Raises:
        TzdataError: the package is not installed, or says nothing of its edition.
    """
    return _said("IANA_VERSION")


def tzdata_version() -> str:
    """Return the version of the package, as a requirement pins it: `2026.6`.

    Raises:
        TzdataError: as for `tz_version`.
    """
    return _said("__version__")


def version_order(version: str) -> tuple[int, int, str] | None:
    """Return what sorts editions by age; None when the text names none.

    There are 26 editions with one letter a year, then two letters: `2026z` is before `2026aa`.
    """
    found = _VERSION.match(version)
    return None if found is None else (int(found[1]), len(found[2]), found[2])


def _read(name: str) -> ZoneInfo:
    import struct  # start-up time, as above
    from importlib.resources import files

    file = files(_package()).joinpath("zoneinfo", *name.split("/"))
    try:
        return _rules().from_file(_Whole(file.read_bytes()), key=name)
    except (OSError, ValueError, LookupError, AssertionError, EOFError, struct.error) as error:
        raise _damaged(f"zoneinfo/{name}", error) from error


class _Whole(BytesIO):
    """A file that says when it is cut off; the standard library would read its end for ever."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is not None and len(found) < size:
            raise EOFError("it is cut off")
        return found


@lru_cache(maxsize=1)
def _rules() -> type[ZoneInfo]:
    """Return the class of our zones; a function, since zoneinfo is not loaded before it is needed.

    What the standard library reads from a file cannot be pickled or copied. Ours can: the name says
    where it is from.
    """
    from zoneinfo import ZoneInfo  # start-up time: not needed for UTC

    class TzdataZone(ZoneInfo):
        """A zone of the package."""

        def __reduce__(self) -> tuple[Any, ...]:
            return tzinfo_named, (self.key,)

    return TzdataZone


def _package() -> ModuleType:
    try:
        import tzdata  # start-up time: not needed for UTC
    except ImportError as error:
        raise TzdataError(
            f"the package tzdata, which holds the rules of time zones, cannot be imported: {error}",
            remedy="Install it: python -m pip install tzdata",
        ) from error
    return cast("ModuleType", tzdata)


def _said(name: str) -> str:
    found = getattr(_package(), name, None)
    if not isinstance(found, str):
        raise _damaged("__init__.py", f"{name} is not a text")
    return found


def _damaged(file: str, error: object) -> TzdataError:
    said = str(error) or type(error).__name__
    return TzdataError(
        f"the file {file} of the package tzdata cannot be read: {said}",
        remedy="Install it again: python -m pip install --force-reinstall tzdata",
    )


def _similar(name: str) -> tuple[str, ...]:
    """Return the zones whose name, or whose city, looks like the given one."""
    import difflib  # start-up time: only when refusing

    wanted = name.strip().replace(" ", "_").lower()
    by_text: dict[str, str] = {}
    for zone in sorted(zone_keys()):
        by_text.setdefault(zone.rpartition("/")[2].lower(), zone)
        by_text[zone.lower()] = zone
    close = difflib.get_close_matches(wanted[:64], by_text, n=4, cutoff=0.75)
    return tuple(dict.fromkeys(by_text[text] for text in close))[:3]
