"""A schedule as it was found elsewhere, on its way to a manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.manifest.texts import is_reserved

NAME_LENGTH: Final = 50
"""As long as a manifest's name may be."""

_OTHER: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Untranslated:
    """Something that does not become a manifest, or not wholly.

    Attributes:
        line: from 1 in its file; 0 when there is no file.
        text: what was found.
        reason: why it was not translated, and what to do.
    """

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a manifest shall say.

    Attributes:
        line: where it was found, from 1; 0 when there is no file.
        name: a wish; made valid and unique when written.
        function: the Modal app and function; None when somebody has to write that function yet.
        origin: what it was, one line; for people.
        keys: further keys of the manifest, which are left out when this version refuses them.
    """

    line: int
    name: str
    schedule: tuple[str, ...]
    timezone: str = "UTC"
    function: str | None = None
    description: str | None = None
    origin: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StillFiring:
    """What may become a manifest and fires from somebody's code until it is taken out there.

    Attributes:
        argument: what the code has to say for it, for example ``schedule=modal.Period(days=1)``.
    """

    app: str
    function: str
    argument: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader made of a file."""

    drafts: tuple[Draft, ...]
    untranslated: tuple[Untranslated, ...] = ()
    still_firing: tuple[StillFiring, ...] = ()

    @classmethod
    def of(cls, items: Iterable[Draft | Untranslated | StillFiring]) -> Found:
        """Each kind in the order in which it was found."""
        items = list(items)
        return cls(
            tuple(item for item in items if isinstance(item, Draft)),
            tuple(item for item in items if isinstance(item, Untranslated)),
            tuple(item for item in items if isinstance(item, StillFiring)),
        )


def valid_name(wish: str) -> str:
    """A manifest's name that is as close to the wish as it can be."""
    name = _OTHER.sub("-", wish.lower()).strip("-")[:NAME_LENGTH].strip("-")
    if not name:
        return "job"
    return f"job-{name}"[:NAME_LENGTH] if is_reserved(name) else name


def unique_name(wish: str, taken: Iterable[str]) -> str:
    """A valid name that is none of those taken: ``name``, ``name-2``, …"""
    taken = set(taken)
    name, number = valid_name(wish), 2
    candidate = name
    while candidate in taken:
        ending = f"-{number}"
        candidate = name[: NAME_LENGTH - len(ending)] + ending
        number += 1
    return candidate
