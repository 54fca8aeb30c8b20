"""The lines of code that fire a function that a manifest now calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.importers.draft import StillFiring
from reconciler.importers.modal_code import ScheduleArgument
from reconciler.importers.python_files import UnreadFile


def lines_to_take_out(
    found: Sequence[StillFiring], seen: Iterable[ScheduleArgument | UnreadFile]
) -> Iterator[str]:
    """A line of text for each argument to remove, with its file and line where they are known.

    Args:
        seen: the arguments in the repository's Python files. A file that could not be read is named
            only when an argument was not found in the others.
    """
    seen = list(seen)
    arguments = [item for item in seen if isinstance(item, ScheduleArgument)]
    missing = False
    for item in found:
        places = _places(item, arguments)
        missing = missing or not places
        target = f"{item.app}/{item.function}"
        if not places:
            yield f"{target}: {item.argument}, in no Python file of this repository"
        for place in places:
            yield f"{place.file}:{place.line}: {place.text}  (of {target})"
    for unread in (item for item in seen if isinstance(item, UnreadFile) and missing):
        yield f"{unread.file}: not read: {unread.reason}"


def _places(item: StillFiring, seen: Sequence[ScheduleArgument]) -> list[ScheduleArgument]:
    """The places that give it; one without the app's name only if no other place has it."""
    named = [place for place in seen if place.function == item.function and place.app == item.app]
    return named or [place for place in seen if place.function == item.function and not place.app]
