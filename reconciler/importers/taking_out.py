"""Which line of somebody's code goes on firing what became a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.importers.draft import StillFiring
from reconciler.importers.modal_code import ScheduleArgument
from reconciler.importers.python_files import UnreadFile


def lines_to_take_out(
    found: Sequence[StillFiring], seen: Iterable[ScheduleArgument | UnreadFile]
) -> Iterator[str]:
    """A line of text for each argument to take out, by file and line where that is known.

    Args:
        seen: what the repository's Python files hold. Those that could not be read are told only
            when something was not found in the others.
    """
    seen = list(seen)
    arguments = [item for item in seen if isinstance(item, ScheduleArgument)]
    missing = False
    for item in found:
        places = _places(item, arguments)
        missing = missing or not places
        target = f"{item.app}/{item.function}"
        if not places:
            yield f"{target}: {item.argument}, which no Python file here gives it"
        for place in places:
            yield f"{place.file}:{place.line}: {place.text}  (of {target})"
    for unread in (item for item in seen if isinstance(item, UnreadFile) and missing):
        yield f"{unread.file}: not looked into: {unread.reason}"


def _places(item: StillFiring, seen: Sequence[ScheduleArgument]) -> list[ScheduleArgument]:
    """Where it is given; where a file does not say the app's name, only if no other file does."""
    named = [place for place in seen if place.function == item.function and place.app == item.app]
    return named or [place for place in seen if place.function == item.function and not place.app]
