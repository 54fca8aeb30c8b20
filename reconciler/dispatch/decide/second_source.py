"""When the Worker on Cloudflare should have asked for a wake and has not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from reconciler.cron import minute
from reconciler.model.cursor import Lookback
from reconciler.model.generation import Generation

SPREADING: Final = 15
"""Minutes after which a cron trigger of Cloudflare has spread, by its documentation."""


def worker_overdue_since(
    generation: Generation, woken: Mapping[str, str], now: int, *, recovered: str = ""
) -> int | None:
    """The first due minute since its last wake for which it asked for none; None when it is well.

    A wake may be late by the punctuality that the settings ask for. Only what was due since then is
    read, however many schedules there are.

    Args:
        woken: slot, or source of wakes, to the time of its last wake, ISO 8601.
        now: epoch minute.
        recovered: as in the cursor: of earlier wakes nothing is known for certain.
    """
    worker = generation.worker
    if worker is None or worker.leaving is not None:
        return None
    after = worker.since + SPREADING
    for wake in (woken.get(worker.source), recovered):
        if wake:
            after = max(after, minute(datetime.fromisoformat(wake)))
    late = now - max(1, generation.punctuality // 60)
    if late <= after:
        return None
    found = []
    for number in generation.candidates(Lookback(after), late):
        record = generation.read(number)
        if record is None or record.is_suspended(now):
            continue
        timetable, since = record.timetable(), max(after, record.anchor)
        at = record.at if timetable is None else timetable.next(since)
        ends = record.end is not None and at is not None and at >= record.end
        starts = record.start is not None and at is not None and at < record.start
        if at is not None and since < at <= late and not ends and not starts:
            found.append(at)
    return min(found, default=None)
