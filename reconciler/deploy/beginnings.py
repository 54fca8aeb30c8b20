"""When schedules really began whose anchors a wrong clock has set ahead."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from reconciler.cron import minute
from reconciler.deploy.apply_records import read_record
from reconciler.deploy.ports import Files
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.formats import FormatError
from reconciler.model.generation import generation_path
from reconciler.plan import Actual
from reconciler.plan.compilation import is_ahead


async def with_beginnings(actual: Actual, files: Files, now: int) -> Actual:
    """What is live, with the beginnings of schedules whose anchors are ahead of an epoch minute.

    The record of the apply says when each schedule was made what it is. Where the same wrong clock
    wrote that too, the time counts at which Modal stored the live generation. Nothing is decided by
    it, so an unreadable record holds up no plan.
    """
    live = () if actual.live is None else actual.live.records
    ahead = [record.name for record in live if is_ahead(record, now)]
    if not ahead or actual.pointer is None:
        return actual
    record, stored = None, None
    with suppress(FormatError, UnavailableError):
        record = await read_record(files, actual.pointer)
    with suppress(UnavailableError):
        stored = await files.written_at(generation_path(actual.pointer.generation))
    origins = {} if record is None else record.origins
    began = {}
    for name in ahead:
        made = origins[name].at if name in origins else None
        times = [minute(datetime.fromisoformat(at)) for at in (made, stored) if at is not None]
        past = [at for at in times if at <= now]
        if past:
            began[name] = past[0]
    return replace(actual, began=began)
