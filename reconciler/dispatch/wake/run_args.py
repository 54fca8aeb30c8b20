"""Arguments that a person gives for one run, in place of those of the manifest.

They are stored before the run is started: when the wake that is asked cannot start it, or it has to
wait for an earlier run, a later wake starts it with the same arguments.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.model.formats import Entry, FormatError, typed
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord

if TYPE_CHECKING:
    from reconciler.dispatch.decide.due import Starting
    from reconciler.dispatch.ports import Claims


async def with_args(
    record: ScheduleRecord, run: Occurrence, args: Mapping[str, Any], claims: Claims
) -> ScheduleRecord:
    """The record of a run that a person asks for, with its arguments, if any, which are stored.

    When two people ask for the same run, the first one's arguments hold.

    Raises:
        UnavailableError: they could not be stored.
    """
    if not args:
        return record
    key = _key(run)
    if not await claims.put_new(key, {"args": json.dumps(dict(args))}):
        return _merged(record, await claims.get(key))
    return replace(record, args={**record.args, **args})


async def with_stored_args(
    starting: Starting, triggered: Container[str], claims: Claims
) -> Starting:
    """What earlier wakes left pending, each run by hand with the arguments that were given.

    Raises:
        UnavailableError: they could not be read.
    """
    found = dict(starting)
    for occurrence, (record, attempt) in starting.items():
        if occurrence.id in triggered:
            found[occurrence] = (_merged(record, await claims.get(_key(occurrence))), attempt)
    return found


def _key(occurrence: Occurrence) -> str:
    return f"args:{occurrence.id}"


def _merged(record: ScheduleRecord, entry: Entry | None) -> ScheduleRecord:
    """With an entry that is gone or cannot be read, the arguments of the manifest."""
    if entry is None:
        return record
    try:
        return replace(record, args={**record.args, **json.loads(typed(entry, "args", str))})
    except (FormatError, ValueError, TypeError, KeyError):
        return record
