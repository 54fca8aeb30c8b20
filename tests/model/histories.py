"""Histories in which anything may happen to a run, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.cron import instant, minute
from reconciler.model.generation import new_generation
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from tests.dispatch.scenario import at, hourly

HOURS = 72
FIRST = minute(at("2026-11-17T00:00"))
NOW = FIRST + HOURS * 60
DAYS = ("2026-11-17", "2026-11-18", "2026-11-19")
GENERATION = new_generation(
    [hourly("a", "2026-11-01T00:00"), hourly("b", "2026-11-01T00:00")], [], 300
)
BEFORE = (
    (),
    (RunState.START_FAILED,),
    (RunState.QUEUED,),
    (RunState.MISSED,),
    (RunState.START_FAILED, RunState.SKIPPED),
)
DROPPED = ("skipped", "missed")
ENDS = [state for state in RunState if state.ended]


@st.composite
def histories(draw: st.DrawFn) -> list[WakeLog]:
    """Three days of hourly wakes over two schedules, in which anything may happen to a run."""
    lines: dict[int, list[RunRecord]] = {hour: [] for hour in range(HOURS)}

    def note(hour: int, name: str, due: int, state: RunState) -> None:
        if hour < HOURS:
            seen = format_time(instant(FIRST + hour * 60))
            call = f"fc-{name}-{due}" if state.ended or state is RunState.STARTED else None
            reason = None if call else state.value
            lines[hour].append(
                RunRecord(name=name, times=(due,), state=state, at=seen, call=call, reason=reason)
            )

    for name in ("a", "b"):
        for hour in sorted(draw(st.sets(st.integers(0, HOURS - 1), max_size=12))):
            due = FIRST + hour * 60
            then = hour
            before = draw(st.sampled_from(BEFORE))
            for state in before:
                note(then, name, due, state)
                then += draw(st.integers(0, 30))
            if not before:
                # A wake that a person asked for may process it before its time.
                then = max(0, then - draw(st.sampled_from([0, 0, 0, 2, 26])))
            # What was dropped is settled. A person may start it all the same; of what was skipped,
            # a summary then lacks the decision of the day before.
            if RunState.SKIPPED in before:
                kinds: list[str] = ["nothing"]
            else:
                kinds = ["run", "nothing", *([] if RunState.MISSED in before else DROPPED)]
            kind = draw(st.sampled_from(kinds))
            if kind in ("skipped", "missed"):
                note(then, name, due, RunState(kind))
            elif kind == "run":
                note(then, name, due, RunState.STARTED)
                end = draw(st.sampled_from([None, RunState.SUCCEEDED, *ENDS]))
                if end is not None:
                    note(then + draw(st.sampled_from([0, 1, 5, 30])), name, due, end)
    return [
        WakeLog(
            wake=f"fc-{hour}",
            slot="poller",
            started=format_time(instant(FIRST + hour * 60)),
            now=max(FIRST + hour * 60, *(0, *(line.times[-1] for line in found))),
            generation="0" * 64,
            through=None,
            pending={},
            records=tuple(found),
        )
        for hour, found in lines.items()
    ]
