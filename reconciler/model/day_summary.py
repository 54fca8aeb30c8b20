"""A summary of one day's runs files: what a question about the newest runs needs of that day.

``runs/<day>/summary.ndjson`` is a header line, then a line per name, sorted. A wake writes it when
it compacts the day, and it says nothing that the runs files do not say. Its header names the files
that it is about, each with its size. A reader takes it for these files and reads every other file
of the day itself; when one of them is gone or has another size, the reader ignores the summary. So
a summary is never stale. Versions without summaries list ``*.jsonl`` and pass over it.

Invariant: *the newest run of a schedule, its newest start, whether its newest occurrence was
skipped, and its streaks of failures and of missed occurrences are the same from summaries as from
the runs files.* A line leaves out the runs
of that day that no later line can bring into them: those before the newest success. When a person
starts on a later day what was skipped, the reason of the skip is not in the summary; it is in the
runs files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.formats import check_format, json_line, reading, typed
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute, time_of
from reconciler.model.runs import Decision, Run, begun, merged
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.model.task import is_task

SUMMARY_FORMAT: Final = 1
MINUTES_PER_DAY: Final = 24 * 60

_NAME: Final = re.compile(rb'\{"name":"([^"\\]*)"')
_WHOLE: Final = frozenset(
    {RunState.STARTED, RunState.QUEUED, RunState.START_FAILED, RunState.SUCCEEDED}
)
"""The states whose runs are kept whole: a later wake may say more, or older streaks end there."""
_FAILED: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One name on one day.

    Attributes:
        runs: the runs that are kept whole, the newest last.
        failed, missed: nominal times, epoch minutes, of further runs of which nothing but that
            counts.
        elsewhere: nominal times of other days about which the files of this day say something.
    """

    name: str
    runs: tuple[Run, ...] = ()
    failed: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()
    elsewhere: tuple[int, ...] = ()

    def all_runs(self) -> Iterator[Run]:
        """All runs; of the further ones nothing is known but the name, the time and the state."""
        yield from self.runs
        for state, times in ((RunState.FAILED, self.failed), (RunState.MISSED, self.missed)):
            for at in times:
                seen = f"{format_minute(at)[:-1]}:00Z"
                yield Run(
                    occurrence=Occurrence(self.name, at), state=state, seen=seen, wake="", slot=""
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySummary:
    """A day.

    Attributes:
        day: ``2026-11-20``.
        files: names of the day's files that it is about, each with its size in bytes.
        lines: by name; those that were wanted.
    """

    day: str
    files: Mapping[str, int]
    lines: Mapping[str, DayLine]

    def encode(self) -> bytes:
        """The file's bytes."""
        header = {"format": SUMMARY_FORMAT, "day": self.day, "files": dict(self.files)}
        lines = (_line_json(self.lines[name]) for name in sorted(self.lines))
        return json_line(header) + b"".join(
            json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode(
                "utf-8", "backslashreplace"
            )
            + b"\n"
            for line in lines
        )


def summarise(day: str, files: Mapping[str, int], logs: Iterable[WakeLog]) -> DaySummary:
    """Sum up a day.

    Args:
        day: ``2026-11-20``.
        files: that the logs are from, see :class:`DaySummary`.
        logs: all of the day, oldest first.
    """
    first = parse_minute(f"{day}T00:00Z")
    today = range(first, first + MINUTES_PER_DAY)
    by_name: dict[str, list[Run]] = {}
    for run in merged(logs).values():
        by_name.setdefault(run.occurrence.name, []).append(run)
    lines = {
        name: _summed_up(name, sorted(runs, key=_order), today) for name, runs in by_name.items()
    }
    return DaySummary(day=day, files=files, lines=lines)


def decode_summary(
    content: bytes, where: str, about: Callable[[str], bool] | None = None
) -> DaySummary:
    """Read a summary.

    Args:
        about: which names are wanted; the lines of others are passed over unread. None for all.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a summary.
    """
    first, *rest = content.splitlines() or [b""]
    lines: dict[str, DayLine] = {}
    with reading("the summary of a day", where):
        header = json.loads(first)
        check_format(header, where, SUMMARY_FORMAT)
        files = typed(header, "files", dict)
        for file in files:
            typed(files, file, int)
        for text in rest:
            named = _NAME.match(text)
            if about is not None and named is not None and not about(named[1].decode()):
                continue
            line = _line_of(json.loads(text))
            lines[line.name] = line
        return DaySummary(day=typed(header, "day", str), files=files, lines=lines)


def _order(run: Run) -> tuple[int, int, int]:
    return begun(run), run.occurrence.at, run.occurrence.run


def _summed_up(name: str, runs: Sequence[Run], today: range) -> DayLine:
    """Args: of one name, in the order in which they began; the minutes of the day."""
    elsewhere = tuple(sorted(run.occurrence.at for run in runs if run.occurrence.at not in today))
    closed = max(
        (place for place, run in enumerate(runs) if _closes(run, today)),
        default=0,
    )
    ahead = [run for run in runs[:closed] if run.occurrence.at >= today.stop]
    left = [*ahead, *runs[closed:]]
    if is_task(name):
        # A task has one run: once it has gone well, no question is left.
        left = [run for run in left if not _closes(run, today)]
    shown = _shown(left)
    whole, failed, missed = [], [], []
    for run in left:
        at = run.occurrence.at
        odd = at not in today or begun(run) != at or run.occurrence.is_rerun
        if id(run) in shown or odd or run.state in _WHOLE:
            whole.append(run)
        elif run.state in _FAILED:
            failed.append(at)
        elif run.state is RunState.MISSED:
            missed.append(at)
    return DayLine(
        name=name,
        runs=tuple(whole),
        failed=tuple(failed),
        missed=tuple(missed),
        elsewhere=elsewhere,
    )


def _closes(run: Run, today: range) -> bool:
    """Whether older runs of its schedule cannot count any more: it succeeded, and when it began is
    certain. Of a later nominal time whose start is in another file, that is not."""
    return run.state is RunState.SUCCEEDED and (
        run.started is not None or run.occurrence.at < today.stop
    )


def _shown(runs: Sequence[Run]) -> set[int]:
    """The ids of the objects that are the newest run, the newest that started, the newest that was
    skipped, and the newest that ends a streak of missed ones."""
    newest = [run for run in reversed(runs) if run.state is not RunState.SKIPPED]
    # A later wake may skip what has not started, and what is older is then the newest.
    settled = [run for run in newest if run.state not in _NOT_STARTED]
    found = (
        next((run for run in newest if run.started is not None), None),
        next((run for run in reversed(runs) if run.state is RunState.SKIPPED), None),
        *(next(iter(some), None) for some in (newest, settled)),
        *(
            next((run for run in some if run.state not in _NO_END_OF_MISSES), None)
            for some in (newest, settled)
        ),
    )
    return {id(run) for run in found if run is not None}


_NOT_STARTED: Final = frozenset({RunState.QUEUED, RunState.START_FAILED})
_NO_END_OF_MISSES: Final = frozenset({RunState.MISSED, RunState.QUEUED})


def _line_json(line: DayLine) -> dict[str, Any]:
    data: dict[str, Any] = {"name": line.name}
    if line.runs:
        data["runs"] = [_run_json(run) for run in line.runs]
    for key in ("failed", "missed", "elsewhere"):
        times = getattr(line, key)
        if times:
            data[key] = [format_minute(at) for at in times]
    return data


def _line_of(data: Mapping[str, Any]) -> DayLine:
    name = typed(data, "name", str)

    def times(key: str) -> tuple[int, ...]:
        return tuple(map(parse_minute, typed(data, key, list, [])))

    return DayLine(
        name=name,
        runs=tuple(_run_of(name, run) for run in typed(data, "runs", list, [])),
        failed=times("failed"),
        missed=times("missed"),
        elsewhere=times("elsewhere"),
    )


def _run_json(run: Run) -> dict[str, Any]:
    data: dict[str, Any] = {
        "at": format_minute(run.occurrence.at),
        "state": run.state.value,
        "seen": run.seen,
        "wake": run.wake,
        "slot": run.slot,
    }
    for key in ("started", "call", "reason", "result"):
        value = getattr(run, key)
        if value is not None:
            data[key] = value
    if run.attempt != 1:
        data["attempt"] = run.attempt
    if run.occurrence.is_rerun:
        data["run"] = run.occurrence.run
    if run.tries:
        data["tries"] = list(run.tries)
    if run.decisions:
        data["decisions"] = [[one.at, one.state, one.attempt, one.reason] for one in run.decisions]
    return data


def _run_of(name: str, data: Mapping[str, Any]) -> Run:
    return Run(
        occurrence=Occurrence(
            name, parse_minute(typed(data, "at", str)), typed(data, "run", int, 1)
        ),
        state=RunState(data["state"]),
        seen=time_of(data, "seen"),
        started=time_of(data, "started") if "started" in data else None,
        attempt=typed(data, "attempt", int, 1),
        call=typed(data, "call", str, None),
        reason=typed(data, "reason", str, None),
        result=typed(data, "result", str, None),
        tries=tuple(map(str, typed(data, "tries", list, []))),
        decisions=tuple(map(_decision_of, typed(data, "decisions", list, []))),
        wake=typed(data, "wake", str),
        slot=typed(data, "slot", str),
    )


def _decision_of(data: Sequence[Any]) -> Decision:
    at, state, attempt, reason = data
    if not isinstance(attempt, int):
        raise TypeError("attempt is not a number")
    return Decision(str(at), RunState(state), attempt, str(reason))
