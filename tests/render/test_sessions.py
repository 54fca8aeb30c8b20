"""Typical sessions as terminals of 80 and of 120 columns show them.

``python -m tests.render.test_sessions`` writes the golden files anew; look at their difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from reconciler.cron import instant
from reconciler.deploy.fakes import FakeOutput
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeTaskFiles
from reconciler.manifest import Location, ManifestError
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.plan import make_plan
from reconciler.query.checks import Check, CheckVerdict
from reconciler.query.explain import explain
from reconciler.query.live import live_status
from reconciler.query.ordering import SortKey, in_order_of
from reconciler.query.ports import QueryPorts
from reconciler.query.run_groups import fold
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.show import show
from reconciler.query.status import Status
from reconciler.query.timeline import timeline
from reconciler.render.doctor import doctor_text
from reconciler.render.explanation import explanation_lines
from reconciler.render.line_wrapping import wrap_lines
from reconciler.render.listing import list_text
from reconciler.render.plan_text import plan_text
from reconciler.render.runs_text import runs_text
from reconciler.render.show import show_text
from reconciler.render.status_text import status_text
from reconciler.render.style import Style
from reconciler.render.timeline import timeline_text
from tests.deploy.scenario import World
from tests.plan.scenario import NOW, applied, desired, nothing, schedules

GOLDEN: Final = Path(__file__).with_name("sessions")
WIDTHS: Final = (80, 120)
PLAIN: Final = Style(colour=False)
GIVEN: Final = """
    name: nightly-warehouse-sync
    schedule: "0 3 * * *"
    timezone: Europe/Paris
    owner: data
    overlap: skip
    deadline: 2h
    ---
    name: rates
    schedule: "0 * * * *"
    function: shop/report
    owner: finance
    ---
    name: heartbeat
    schedule: "* * * * *"
    suspend: {until: 2026-12-01, reason: the receiver moves to another house}
    """
WITHOUT_SUSPENSION: Final = GIVEN.replace("    suspend: {", "    # {")
NO_ROWS: Final = (
    "ValueError: no rows in the table of rates, which the import should have filled before"
)


def live() -> QueryPorts:
    """An environment after some hours, seen a few minutes after a full hour."""
    world = World()
    world.apply(schedules(GIVEN))
    lines = [
        ("nightly-warehouse-sync", NOW + 11 * 60, RunState.SUCCEEDED, None, 1_830),
        *(("rates", NOW + 60 * hour, RunState.SUCCEEDED, None, 42) for hour in range(1, 12)),
        ("rates", NOW + 12 * 60, RunState.FAILED, NO_ROWS, 75),
        *(("heartbeat", NOW + minute, RunState.SKIPPED, "suspended: moves", 0)
          for minute in range(690, 723)),
    ]  # fmt: skip
    for name, at, state, reason, seconds in lines:
        began, end = instant(at), instant(at).timestamp() + seconds
        records = []
        if state.ended:
            start = format_time(began)
            records.append(
                RunRecord(name=name, times=(at,), state=RunState.STARTED, at=start, call="fc-1")
            )
        seen = format_time(began.fromtimestamp(end, began.tzinfo))
        records.append(RunRecord(name=name, times=(at,), state=state, at=seen, reason=reason))
        log = WakeLog(
            wake=f"fc-{name}-{at}",
            slot=name,
            started=format_time(began),
            now=at,
            generation="0" * 64,
            through=at,
            pending={},
            records=tuple(records),
        )
        world.files.files[log.path] = log.encode()
    now = NOW + 12 * 60 + 3
    world.clock.time = instant(now)
    pointer = decode_pointer(world.files.files[POINTER_PATH])
    wakes = dict.fromkeys(("rates", "heartbeat"), format_time(instant(now)))
    wakes["nightly-warehouse-sync"] = format_time(instant(NOW + 11 * 60))
    cursor = Cursor(through=now, generation=pointer.generation, number=pointer.number, wakes=wakes)
    world.claims.entries[CURSOR_KEY] = cursor.to_json()
    return QueryPorts(
        apps=world.apps,
        files=world.files,
        claims=world.claims,
        caller=FakeCaller(),
        output=FakeOutput(),
        tasks=FakeTaskFiles(world.files.files),
        clock=world.clock,
    )


def status() -> Status:
    found = asyncio.run(live_status(live(), desired(()).settings, lambda _actual: ()))
    assert found is not None
    return found


def plan_of(text: str, before: str | None = None) -> str:
    actual = nothing() if before is None else applied(schedules(before))
    return plan_text(make_plan(desired(schedules(text)), actual, NOW), PLAIN)


def problems() -> str:
    bad = 'name: a\nschedule: "0 25 * * *"\nfuncton: shop/sync\n---\nname: a\nschedule: 90x\n'
    with pytest.raises(ManifestError) as caught:
        schedules(bad)
    return str(caught.value)


def next_of(_width: int) -> str:
    records = [one.record for one in status().schedules]
    return timeline_text(timeline(records, (), NOW, NOW + 48 * 60), 20)


def explained(_width: int) -> str:
    found = asyncio.run(explain(live(), desired(()).settings, "rates", None, days=30))
    return "\n".join(explanation_lines(found, None))


def runs_of(width: int) -> str:
    wanted = RunsWanted(count=8, folded=True)
    found = asyncio.run(list_runs(live(), desired(()).settings, wanted))
    return runs_text(fold(found.runs), PLAIN, width)


def shown(width: int) -> str:
    found = asyncio.run(show(live(), desired(()).settings, "rates"))
    return show_text(found, Location("schedules/rates.yaml", 1, 1), PLAIN, width)


def examined(width: int) -> str:
    checks = [
        Check("python", CheckVerdict.OK, "3.12.4, /home/ada/jobs/.venv/bin/python"),
        Check(
            "crons",
            CheckVerdict.OK,
            "4 crons of 5: 3 of schedule-reconciler, reports/weekly in main",
        ),
        Check("app", CheckVerdict.NOTE, "is not deployed yet", "Deploy it: reconcile apply"),
        Check(
            "clock",
            CheckVerdict.PROBLEM,
            "differs from Modal's by 94 s",
            "Set this machine's clock.",
        ),
    ]
    return doctor_text(checks, PLAIN, width)


SESSIONS: Final[Mapping[str, Callable[[int], str]]] = {
    "plan-first": lambda _width: plan_of(WITHOUT_SUSPENSION),
    "plan-suspends": lambda _width: plan_of(GIVEN, WITHOUT_SUSPENSION),
    "plan-missing-function": lambda _width: plan_of(GIVEN.replace("shop/report", "shop/reprot")),
    "validate": lambda _width: problems(),
    "status": lambda _width: status_text(status(), PLAIN),
    "list": lambda width: list_text(in_order_of(status().schedules, SortKey.STATE), PLAIN, width),
    "show": shown,
    "runs": runs_of,
    "next": next_of,
    "explain": explained,
    "doctor": examined,
}


def terminal(name: str, width: int) -> str:
    """What a terminal of that many columns shows, a final line end included."""
    return wrap_lines(SESSIONS[name](width), width) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_looks_as_it_did(name: str, width: int) -> None:
    assert terminal(name, width) == (GOLDEN / f"{name}-{width}.txt").read_text()


@pytest.mark.parametrize("name", SESSIONS)
def test_no_session_breaks_a_word_or_overflows_at_any_usual_width(name: str) -> None:
    widest = set(terminal(name, 1_000).split())
    for width in range(60, 201, 20):
        text = terminal(name, width)
        assert max(map(len, text.splitlines())) <= width
        assert set(text.split()) <= widest


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name in SESSIONS:
        for width in WIDTHS:
            (GOLDEN / f"{name}-{width}.txt").write_text(terminal(name, width))


if __name__ == "__main__":
    main()
