"""The Dict entry that says of the applied schedules what must outlive the Volume.

That is which of them are protected, and which names they had. Both stand in the generation as well,
and this entry tells them when that is gone. An entry that is not used for seven days expires. Each
plan and the first wake of each day read it, which keeps it; the app's tags tell that there was one
when it is gone all the same.

Invariant: *while a claim of an occurrence is sure to live, the entry says under which name it was
claimed*. The apply that renames a schedule writes the entry, and the claims under the old name are
older than that. So the entry does not expire before they may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from reconciler.model.formats import FORMAT, Entry, FormatError, NewerFormatError, check_format
from reconciler.model.occurrence import format_minute, parse_minute

if TYPE_CHECKING:
    from reconciler.model.generation import Generation

PROTECTED_KEY: Final = "protected"

Renames: TypeAlias = Mapping[str, tuple[tuple[str, int], ...]]
"""Schedule name to its earlier names, each with the last epoch minute that it names; see
:attr:`~reconciler.model.record.Record.formerly`."""


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
            no effect: a reader tells by that that the name is not given up only now.
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
