"""The cursor from what the wakes wrote down, for when its entry is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.dispatch.bulletin import Bulletin
from reconciler.dispatch.cursor import Cursor, without
from reconciler.dispatch.notices import streaks_of
from reconciler.dispatch.runs import RunState, WakeLog

RECOVERY_DAYS: Final = 7
"""Days of runs files, the newest that have any, that are read when the cursor's entry is gone."""


def recover(logs: Sequence[WakeLog]) -> Cursor:
    """The cursor from what the wakes wrote down, for when its entry is gone.

    Wakes that did nothing write nothing, so this may lie further back than the entry did. What
    lies between was not due, or has its claim.

    Args:
        logs: oldest first.
    """
    known = [(log.through, log.generation, log.number) for log in logs if log.through is not None]
    # Of two that came as far, the one that tells more of what it had read.
    through, generation, number = max(
        known, key=lambda one: (one[0], one[2] is not None), default=(None, None, None)
    )
    records = [record for log in logs for record in log.records]
    ended = {record.call for record in records if record.state.ended}
    settled = {record.occurrence.id for record in records if record.state not in _UNSETTLED}
    unsettled = {key: attempt for log in logs for key, attempt in log.unsettled.items()}
    return Cursor(
        through=through,
        generation=generation,
        number=number,
        unsettled=without(unsettled, settled),
        calls={
            record.call: record.occurrence.id
            for record in records
            if record.state is RunState.STARTED
            and record.call is not None
            and record.call not in ended
        },
        wakes={log.slot: log.started for log in logs},
        bulletin=Bulletin(streaks_of(records), {}),
    )


_UNSETTLED: Final = frozenset({RunState.START_FAILED, RunState.QUEUED})
