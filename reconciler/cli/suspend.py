"""``reconcile suspend`` and ``reconcile resume``: edit the manifest of a schedule."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from reconciler.cli.inputs import find_place
from reconciler.cli.terminal import say
from reconciler.cli.times import in_utc, read_time
from reconciler.cron import minute
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError
from reconciler.manifest import JSON, ManifestError, Problem, load
from reconciler.manifest.files import read_file
from reconciler.manifest.suspending import suspension, with_suspension
from reconciler.model.occurrence import format_minute
from reconciler.query.nothing_found import unknown_schedule

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def suspend(*, schedules: str | None, name: str, until: str | None, reason: str | None) -> int:
    """Suspend a schedule with its next apply. Returns the exit code."""
    if reason is not None and not reason.strip():
        raise ReconcileError("--reason is empty", remedy="Write the reason, or leave it out.")
    until = None if until is None else _end(until)
    words = f"does not run until {until or 'it is resumed'}"
    words += f": {reason}" if reason else ""
    return _edit(schedules, name, suspension(until, reason), words, "is suspended that way already")


def resume(*, schedules: str | None, name: str) -> int:
    """Let a schedule run again with its next apply. Returns the exit code."""
    return _edit(schedules, name, None, "runs again", "is not suspended")


def _end(text: str) -> str:
    """The end as the manifest has it: a date stays one, which is midnight in `timezone`.

    Raises:
        ReconcileError: it is no time, or past.
    """
    now = datetime.now(UTC)
    try:
        at = in_utc(read_time(text, now)) if not _DAY.fullmatch(text) else None
        day = datetime.fromisoformat(text) if at is None else None
    except ValueError as error:
        raise ReconcileError(f"--until: {error}", remedy="Give a time in the future.") from error
    if (at is not None and at <= now) or (day is not None and day.date() < now.date()):
        raise ReconcileError(f"--until: {text} is past", remedy="Give a time in the future.")
    return text if at is None else format_minute(minute(at))


def _edit(schedules: str | None, name: str, value: JSON, words: str, nothing: str) -> int:
    place = find_place(schedules)
    settings = place.settings()
    folder = place.root / settings.schedules
    manifests = load(folder, settings=settings, root=place.top)
    found = [one for one in manifests.schedules if one.name == name]
    if not found:
        raise unknown_schedule(
            name, [one.name for one in manifests.schedules], none="There is no manifest."
        )
    file = found[0].location.file
    path = place.top / file
    before = read_file(path, file)
    if isinstance(before, Problem):
        raise ManifestError([before])
    after = with_suspension(before, file, name, value)
    if after == before:
        print(f"{name} {nothing}; {file} is unchanged.")
        return 0
    write_whole(path, after)
    try:
        load(folder, settings=settings, root=place.top)
    except ManifestError:
        write_whole(path, before)
        raise
    print(f"{found[0].location}: {name} {words}")
    where = ", ".join(found[0].environments) or "every environment"
    say(f"This takes effect with the next apply, in {where}. See it: reconcile plan")
    return 0
