"""What tasks leave behind goes: their ids after a while, and the folders of past hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from reconciler.dispatch.ports import TaskFiles
from reconciler.model.formats import FormatError
from reconciler.model.task import TaskPath, decode_settled, parse_task_key
from reconciler.model.task_names import SETTLED_FOLDER

REMEMBERED: Final = timedelta(days=14)
"""How long the id of a settled task cannot be used for another. Longer than claims live."""


async def forget_tasks(files: TaskFiles, today: date) -> None:
    """Remove what was settled long ago, but nothing that still says something.

    That is: whose task still has its file, or whose id has a later edition (that one would seem to
    be the first).

    Raises:
        UnavailableError, OSError: something could not be read or removed.
    """
    oldest = today - REMEMBERED
    paths = {key: path for path in await files.settled() if (key := _key(path)) is not None}
    needed = {
        (place.id, place.edition)
        for path in await files.pending()
        if (place := TaskPath.parse(path)) is not None
    }
    gone = []
    for (task_id, edition), path in paths.items():
        following = (task_id, edition + 1)
        if (task_id, edition) in needed or following in needed or following in paths:
            continue
        if await _settled_before(files, path, oldest):
            gone.append(path)
    if gone:
        await files.change({}, gone)
    await files.remove_empty_buckets(oldest.isoformat())


async def _settled_before(files: TaskFiles, path: str, day: date) -> bool:
    content = await files.read(path)
    try:
        settled = None if content is None else decode_settled(content, path)
    except FormatError:
        return False
    return settled is not None and datetime.fromisoformat(settled.at).date() < day


def _key(path: str) -> tuple[str, int] | None:
    return parse_task_key(path.removeprefix(f"{SETTLED_FOLDER}/").removesuffix(".json"))
