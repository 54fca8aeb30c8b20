"""What a wake did itself, apart from what earlier wakes had done already. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from reconciler.model.runs_file import RunRecord, RunState, WakeLog

REPEATED: Final = frozenset({RunState.STARTED, RunState.MISSED, RunState.SKIPPED})
"""What a wake writes down again when it finds an occurrence that is settled: the wake that settled
it may have ended before it wrote its runs file."""


@dataclass(frozen=True, slots=True)
class News:
    """A wake's lines.

    Attributes:
        log: the wake, with the lines that say something new.
        before: what it came upon and earlier wakes had settled; a line for each occurrence.
    """

    log: WakeLog
    before: tuple[RunRecord, ...] = ()


def may_repeat(log: WakeLog) -> bool:
    """Whether the history has to be asked what is new in it."""
    return any(line.state in REPEATED for line in log.records)


def news_of(log: WakeLog, history: Iterable[WakeLog]) -> News:
    """Select what is new.

    A wake that reads another generation than the last looks at young schedules from their
    beginning, and one that a person wakes for a minute may be the second for it.

    Args:
        history: what is known of all wakes, among them this one.
    """
    written = {
        _key(line, at)
        for other in history
        if other.wake != log.wake and other.started <= log.started
        for line in other.records
        for at in line.times
    }
    kept: list[RunRecord] = []
    before = [*log.before]
    for line in log.records:
        old = [at for at in line.times if line.state in REPEATED and _key(line, at) in written]
        before.extend(replace(line, times=(at,), count=1) for at in old)
        left = tuple(at for at in line.times if at not in old)
        if left:
            kept.append(replace(line, times=left, count=line.count - len(old)))
    return News(replace(log, records=tuple(kept)), tuple(before))


def _key(line: RunRecord, at: int) -> tuple[str, int, RunState, str | None]:
    return line.name, at, line.state, line.call
