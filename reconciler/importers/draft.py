"""A schedule of another scheduler, on its way to a manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from reconciler.importers.clock_rules import ClockRule
from reconciler.manifest.text_types import is_reserved

NAME_LENGTH: Final = 50
"""As long as a manifest's name may be."""

_OTHER: Final = re.compile(r"[^a-z0-9]+")


class RemarkKind(StrEnum):
    """What a remark says of its subject; the value is what is printed."""

    NOT_TRANSLATED = "not translated"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a manifest does not say, or that runs otherwise under a manifest.

    Attributes:
        line: from 1 in its file; 0 when there is no file.
        text: the subject, as the file has it.
        reason: why, and what to do.
    """

    line: int
    text: str
    reason: str
    kind: RemarkKind = RemarkKind.NOT_TRANSLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The content of one manifest.

    Attributes:
        line: of the schedule in its file, from 1; 0 when there is no file.
        name: the preferred name; :func:`unique_name` makes it valid and unique.
        timezone: None where the file names none, and the other scheduler takes that of its machine.
        function: the Modal app and function; None when the function is yet to be written.
        origin: the schedule as its file has it, one line; for people.
        keys: further keys of the manifest. A key that this version refuses becomes a remark.
        clock: what the other scheduler does when the clock changes; None where that is what a
            manifest does, or where its times are not of the clock.
    """

    line: int
    name: str
    schedule: tuple[str, ...]
    timezone: str | None = "UTC"
    function: str | None = None
    description: str | None = None
    origin: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    clock: ClockRule | None = None


@dataclass(frozen=True, slots=True)
class StillFiring:
    """A Modal function that fires from its code until the argument is removed there.

    Attributes:
        argument: what the code has to say for it, for example ``schedule=modal.Period(days=1)``.
    """

    app: str
    function: str
    argument: str


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The content of a file, as a reader understands it.

    Attributes:
        title: names the manifest file where the source file's name says nothing, such as
            ``wrangler.toml``; None elsewhere.
    """

    drafts: tuple[Draft, ...]
    remarks: tuple[Remark, ...] = ()
    still_firing: tuple[StillFiring, ...] = ()
    title: str | None = None

    @classmethod
    def of(
        cls, items: Iterable[Draft | Remark | StillFiring], title: str | None = None
    ) -> ImportedFile:
        """Each kind in the order in which the reader yields it."""
        items = list(items)
        return cls(
            tuple(item for item in items if isinstance(item, Draft)),
            tuple(item for item in items if isinstance(item, Remark)),
            tuple(item for item in items if isinstance(item, StillFiring)),
            title,
        )


def valid_name(wish: str) -> str:
    """The valid manifest name that is closest to the wish."""
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
