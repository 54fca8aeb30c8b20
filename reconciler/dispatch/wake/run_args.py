"""Arguments of a run that are not in the manifest: those that a person gives, and the envelope.

A person gives arguments in place of those of the manifest. They are stored before the run is
started: when the wake that is asked cannot start it, or it has to wait for an earlier run, a later
wake starts it with the same arguments. The envelope says to a code target which occurrence its run
is of.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.attempts import ENVELOPE
from reconciler.model.formats import Entry, FormatError, typed
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Delivery

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


def in_envelope(
    args: dict[str, Any], occurrence: Occurrence, scheduled: str, delivery: Delivery
) -> dict[str, Any]:
    """The arguments of a call of a code target's entry point.

    Args:
        scheduled: when a wake starts the run, ISO 8601.
    """
    about = {
        "id": occurrence.first.id,
        "run": occurrence.id,
        "nominal": format_minute(occurrence.at),
        "scheduled": scheduled,
        "delivery": delivery.value,
    }
    return {**args, ENVELOPE: about}


def of_try(args: dict[str, Any], number: int) -> dict[str, Any]:
    """The arguments of a further try; of another function than a code target's as they are."""
    if ENVELOPE not in args:
        return args
    return {**args, ENVELOPE: {**args[ENVELOPE], "attempt": number}}
