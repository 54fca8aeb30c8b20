"""The pointer to the live generation: the only file that is ever replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from reconciler.model.formats import (
    FORMAT,
    REPAIR,
    Entry,
    FormatError,
    NewerFormatError,
    check_format,
    json_line,
    reading,
    typed,
)
from reconciler.model.occurrence import format_minute, parse_minute

if TYPE_CHECKING:
    from reconciler.model.generation import Generation

POINTER_PATH: Final = "current.json"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which generation is live, and who applied it.

    Attributes:
        generation: its digest.
        commit: the git commit it was planned from, None outside git.
        dirty: whether the work tree differed from that commit.
        by: who applied it.
        at: when, ISO 8601 in UTC.
        previous: the digest that was live before, None at first.
        author: who wrote the commit, None when that is not known.
        link: where the apply can be seen, None when there is no such place.
        number: of the apply, from 1; 0 when a version without apply numbers wrote the pointer.
        protected: the names of the protected schedules, sorted. They stand here as well, so that
            they are known when the generation is lost. None when an older version wrote it.
        identity: the repository and the folder that own the app, in full; None when a version
            applied that did not record it.
        rolled_back_from: the commit that was checked out when an earlier one was applied on
            purpose; None when it was no rollback.
    """

    generation: str
    commit: str | None
    dirty: bool
    by: str
    at: str
    previous: str | None
    author: str | None = None
    link: str | None = None
    number: int = 0
    protected: tuple[str, ...] | None = None
    identity: str | None = None
    rolled_back_from: str | None = None

    def encode(self) -> bytes:
        """The pointer's file."""
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        return json_line({"format": FORMAT, **body})


def decode_pointer(content: bytes) -> Pointer:
    """Read the pointer.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a pointer.
    """
    with reading("a pointer", POINTER_PATH, REPAIR):
        data = json.loads(content)
        check_format(data, POINTER_PATH)
        return pointer_of(data)


def pointer_of(data: Mapping[str, Any]) -> Pointer:
    """The pointer of these fields; fields that are not known are passed over.

    Raises:
        KeyError, TypeError, ValueError: it is not a pointer.
    """
    generation = typed(data, "generation", str)
    if not _DIGEST.fullmatch(generation):
        raise ValueError("generation is not a digest")
    protected = typed(data, "protected", list, None)
    return Pointer(
        generation=generation,
        commit=typed(data, "commit", str, None),
        dirty=typed(data, "dirty", bool),
        by=typed(data, "by", str),
        at=typed(data, "at", str),
        previous=typed(data, "previous", str, None),
        author=typed(data, "author", str, None),
        link=typed(data, "link", str, None),
        number=typed(data, "number", int, 0),
        protected=None if protected is None else tuple(map(str, protected)),
        identity=typed(data, "identity", str, None),
        rolled_back_from=typed(data, "rolled_back_from", str, None),
    )


PROTECTED_KEY: Final = "protected"

Renames: TypeAlias = Mapping[str, tuple[tuple[str, int], ...]]
"""Schedule name to its earlier names, each with the last epoch minute that it names; see
:attr:`~reconciler.model.schedule_record.Record.formerly`."""


class Protection(NamedTuple):
    """What the entry says of the schedules that were applied.

    Attributes:
        names: those that are protected.
        schedules: how many there were in all.
        renames: digest of a generation to what was renamed in it. While an apply goes on, or after
            one that was cut short, these are several, the newest last. None where an earlier
            version wrote the entry, or where they cannot be read.
    """

    names: frozenset[str]
    schedules: int
    renames: dict[str, Renames] | None = None

    def renames_of(self, generation: str | None) -> Renames | None:
        """What was renamed when a generation was lost; None when that is not known.

        Args:
            generation: the digest of what wakes have read last, as far as that is known.
        """
        found = self.renames or {}
        newest = next(reversed(found.values()), None)
        return newest if generation is None else found.get(generation, newest)


def renames_in(generation: Generation, declared: Iterable[str] = ()) -> Renames:
    """What was renamed in a generation.

    Args:
        declared: schedules whose manifest names an earlier name. They are listed also where it had
            no effect: so a reader knows that the name was given up earlier.
    """
    renamed = {record.name: record.formerly for record in generation.records if record.formerly}
    return dict.fromkeys(declared, ()) | renamed


def protection_entry(
    names: Iterable[str], schedules: int, renames: Mapping[str, Renames] | None = None
) -> Entry:
    """The entry; see :class:`Protection`."""
    return {
        "format": FORMAT,
        "names": sorted(set(names)),
        "schedules": schedules,
        "renames": {
            digest: {
                name: [[old, format_minute(last)] for old, last in formerly]
                for name, formerly in found.items()
            }
            for digest, found in (renames or {}).items()
        },
    }


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
    return Protection(
        frozenset(names),
        schedules if isinstance(schedules, int) else len(names),
        _read_renames(entry.get("renames")),
    )


def _read_renames(written: Any) -> dict[str, Renames] | None:
    try:
        return {
            digest: {
                str(name): tuple((str(old), parse_minute(last)) for old, last in formerly)
                for name, formerly in found.items()
            }
            for digest, found in written.items()
        }
    except (ValueError, TypeError, AttributeError):
        return None
