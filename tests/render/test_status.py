"""How schedules and slots are shown by ``reconcile status``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.options.questions import STATES
from reconciler.cron import instant, minute
from reconciler.model.applied import Origin
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Slot, new_generation
from reconciler.model.pointer import Pointer
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.query.status import Filter, State, Status, selection, status_of
from reconciler.render.explanation import origin_line
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style
from tests.dispatch.scenario import at, hourly

NOW = minute(at("15:30"))
RESUMES = minute(at("2026-12-01T00:30"))


def status(**values: Any) -> Status:
    """The status of an hourly schedule."""
    generation = new_generation([hourly(since="15:30", **values)], [], 300)
    return status_of(generation, None, Cursor(), (), NOW)


def test_a_damaged_place_is_followed_by_its_remedy() -> None:
    found = replace(status(), damaged=(Damaged("Dict entry cursor", "it is text"),))
    remedies = {"Dict entry cursor": "The next wake writes it anew."}
    lines = status_text(found, Style(colour=False), remedies).splitlines()
    place = lines.index("  Dict entry cursor cannot be read: it is text")
    assert lines[place + 1] == "    The next wake writes it anew."


@pytest.mark.parametrize(
    ("tz", "shown", "written"), [("2026f", ", tz database 2026f", "2026f"), ("", "", None)]
)
def test_the_edition_of_the_tz_database_is_named_where_it_is_known(
    tz: str, shown: str, written: str | None
) -> None:
    generation = new_generation([hourly(since="15:30")], [], 300, tz=tz)
    found = status_of(generation, None, Cursor(), (), NOW)
    first = status_text(found, Style(colour=False)).splitlines()[0]
    assert first == f"Generation {generation.digest[:12]}{shown}"
    assert status_json(found)["tz"] == written


def row(found: Status) -> str:
    return status_text(found, Style(colour=False)).splitlines()[1]


def as_json(found: Status) -> dict[str, Any]:
    schedule = status_json(found)["schedules"][0]
    keys = ("suspended", "suspended_until", "suspended_reason", "next")
    return {key: schedule[key] for key in keys}


def test_a_suspension_says_until_when_and_why_and_the_next_run_is_the_first_after_it() -> None:
    found = status(suspended="moving house", resumes=RESUMES)
    assert row(found) == (
        "  hourly  next 2026-12-01T01:00Z  suspended until 2026-12-01T00:30Z: moving house  "
        "no run yet"
    )
    assert as_json(found) == {
        "suspended": True,
        "suspended_until": "2026-12-01T00:30Z",
        "suspended_reason": "moving house",
        "next": "2026-12-01T01:00Z",
    }


def test_a_suspension_without_an_end_has_no_next_run() -> None:
    found = status(suspended="budget")
    assert row(found) == "  hourly  suspended: budget       no run yet"
    assert as_json(found) == {
        "suspended": True,
        "suspended_until": None,
        "suspended_reason": "budget",
        "next": None,
    }


def test_a_suspension_without_a_reason_gives_none() -> None:
    found = status(suspended="")
    assert row(found) == "  hourly  suspended               no run yet"
    assert as_json(found)["suspended_reason"] is None


@pytest.mark.parametrize("resumes", [NOW, NOW - 60])
def test_a_suspension_that_is_over_is_not_shown(resumes: int) -> None:
    found = status(suspended="moving house", resumes=resumes)
    assert row(found) == "  hourly  next 2026-11-20T16:00Z  no run yet"
    assert as_json(found) == {
        "suspended": False,
        "suspended_until": None,
        "suspended_reason": None,
        "next": "2026-11-20T16:00Z",
    }


def test_a_suspended_schedule_wants_no_look() -> None:
    assert status(suspended="budget").well


def lived(*states: RunState, cron: str = "0 * * * *", late: int = 0) -> Status:
    """The status after an occurrence an hour from nine on, each with its state."""
    lines = []
    for number, state in enumerate(states):
        time = minute(at("09:00")) + 60 * number
        seen = format_time(instant(time + late))
        begun = state not in (RunState.MISSED, RunState.SKIPPED, RunState.QUEUED)
        if begun and state is not RunState.START_FAILED:
            lines.append(RunRecord(name="hourly", times=(time,), state=RunState.STARTED, at=seen))
        lines.append(RunRecord(name="hourly", times=(time,), state=state, at=seen))
    log = WakeLog(
        wake="fc-1",
        slot="poller",
        started="2026-11-20T09:00:00Z",
        now=NOW,
        generation="0" * 64,
        through=NOW,
        pending={},
        records=tuple(lines),
    )
    generation = new_generation([hourly(when=(cron,))], [], 300)
    cursor = Cursor(through=NOW, generation=generation.digest)
    return status_of(generation, None, cursor, runs_of([log]), NOW)


FAILED, MISSED, DONE = RunState.FAILED, RunState.MISSED, RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((DONE, FAILED), "last 2026-11-20T10:00Z failed by 10:00:00"),
        ((DONE, FAILED, RunState.TIMED_OUT), "11:00Z timed-out by 11:00:00  streak of 2 failures"),
        ((FAILED, RunState.CANCELLED, RunState.START_FAILED), "start-failed  streak of 2 failures"),
        ((FAILED, DONE, FAILED), "11:00Z failed by 11:00:00"),
        ((FAILED, FAILED, RunState.STARTED), "11:00Z started  streak of 2 failures"),
        ((DONE, MISSED, MISSED, MISSED), "12:00Z missed  missed 3"),
        ((FAILED, FAILED, MISSED, MISSED), "12:00Z missed  streak of 2 failures  missed 2"),
        ((MISSED, MISSED, RunState.STARTED), "11:00Z started"),
    ],
)
def test_failures_in_a_row_are_those_that_alarms_count_and_misses_are_distinguished(
    states: tuple[RunState, ...], told: str
) -> None:
    assert row(lived(*states)).endswith(told)


def test_the_json_counts_failures_and_misses_apart() -> None:
    schedule = status_json(lived(FAILED, FAILED, MISSED))["schedules"][0]
    assert (schedule["failure_streak"], schedule["missed_streak"]) == (2, 1)


@pytest.mark.parametrize("state", [MISSED, RunState.QUEUED, RunState.START_FAILED])
def test_only_what_has_started_is_late(state: RunState) -> None:
    assert "4 minutes late" in row(lived(DONE, late=4))
    assert "late" not in row(lived(DONE, state, late=4))


@pytest.mark.parametrize(
    ("cron", "last_wake", "since"),
    [
        ("* * * * *", "2026-11-20T14:47:05Z", "2026-11-20T14:48Z"),
        ("* * * * *", "2026-11-20T14:47:50Z", "2026-11-20T14:49Z"),
        ("0 * * * *", "2026-11-20T12:59:30Z", "2026-11-20T14:00Z"),
        ("0 * * * *", "2026-11-20T13:00:10Z", "2026-11-20T14:00Z"),
        ("0 * * * *", "2026-11-20T12:58:50Z", "2026-11-20T13:00Z"),
    ],
    ids=["in its minute", "nearer to the next", "by a clock that is behind", "hourly", "too early"],
)
def test_a_slot_is_overdue_since_the_first_time_after_that_of_its_last_wake(
    cron: str, last_wake: str, since: str
) -> None:
    generation = new_generation(
        [hourly(when=(cron,))],
        [Slot("poller", cron)],
        300,
        slots_since={"poller": minute(at("08:00"))},
    )
    cursor = Cursor(
        through=minute(at("14:47")), generation=generation.digest, wakes={"poller": last_wake}
    )
    found = status_json(status_of(generation, None, cursor, (), NOW))
    assert found["slots"][0]["overdue"] == since


def test_a_schedule_that_was_rebuilt_is_named_for_a_week() -> None:
    repaired = NOW - 30
    generation = new_generation(
        [hourly("a"), hourly("b"), hourly("c")],
        [],
        300,
        rebuilt={"a": repaired, "b": repaired, "gone": repaired},
    )
    found = status_of(generation, None, Cursor(), (), NOW)
    lines = status_text(found, Style(colour=False)).splitlines()
    assert lines[1] == (
        "Rebuilt from git at 2026-11-20T15:00Z, after what was live was lost: "
        "2 schedules. How they were before is not known."
    )
    written = [item["rebuilt_at"] for item in status_json(found)["schedules"]]
    assert written == ["2026-11-20T15:00Z", "2026-11-20T15:00Z", None]
    later = status_of(generation, None, Cursor(), (), repaired + 7 * 24 * 60)
    assert [item.rebuilt for item in later.schedules] == [None, None, None]


def test_an_author_is_shown_on_one_line_that_does_nothing_to_the_terminal() -> None:
    pointer = Pointer(
        generation="a" * 64,
        commit="c" * 40,
        dirty=False,
        by="ada",
        at="2026-11-20T15:00:00Z",
        previous=None,
        author="E\x1b[2J\nve",
    )
    shown = status_text(replace(status(), pointer=pointer), Style(colour=False))
    assert "by E\ufffd[2J ve, applied by ada" in shown
    line = origin_line(Origin("c" * 40, "E\x1b[2J\nve", "2026-11-20T15:00:00Z"))
    assert "by E\ufffd[2J ve, applied at" in line


def test_a_commit_that_was_applied_with_uncommitted_changes_is_not_all_that_is_live() -> None:
    pointer = Pointer(
        generation="a" * 64,
        commit="c" * 40,
        dirty=True,
        by="ada",
        at="2026-11-20T15:00:00Z",
        previous=None,
    )
    found = replace(status(), pointer=pointer)
    assert ", commit cccccccccccc with uncommitted changes, applied by ada" in status_text(
        found, Style(colour=False)
    )
    assert status_json(found)["dirty"] is True
    outside = replace(found, pointer=replace(pointer, commit=None))
    assert "uncommitted" not in status_text(outside, Style(colour=False))


def test_what_was_excluded_is_not_overdue() -> None:
    record = hourly(when=("*/10 * * * *",), tolerance=60, exclude=("0 9 * * *",))
    generation = new_generation([record], [], 300)
    cursor = Cursor(through=minute(at("08:55")), generation=generation.digest)
    for now, since in (("10:06", None), ("10:15", minute(at("09:10")))):
        found = status_of(generation, None, cursor, (), minute(at(now)))
        assert found.schedules[0].overdue == since


def test_an_anchor_and_a_cursor_that_are_ahead_are_named_and_nothing_is_well() -> None:
    generation = new_generation([hourly(since="2026-11-22T12:00")], [], 300)
    cursor = Cursor(through=NOW + 60, generation=generation.digest, number=0)
    found = status_of(generation, None, cursor, (), NOW)
    assert not found.well
    assert status_text(found, Style(colour=False)).splitlines()[-4:] == [
        "Clocks (one was wrong: that of an apply or a wake, or this machine's)",
        "  hourly  does not run before its anchor 2026-11-22T12:00Z; the next apply sets it to now",
        "  the cursor 2026-11-20T16:30Z is ahead; the next wake looks again at the last 24 hours",
        "Needs attention: hourly, the cursor.",
    ]
    as_dict = status_json(found)
    assert as_dict["cursor_ahead"] == "2026-11-20T16:30Z"
    assert as_dict["schedules"][0]["anchor_ahead"] == "2026-11-22T12:00Z"


@pytest.mark.parametrize("ahead", [3, 10, 60, 3000])
def test_nothing_is_overdue_before_a_cursor_that_is_ahead(ahead: int) -> None:
    generation = new_generation([hourly(since="08:30")], [], 300, begun={"hourly": 1})
    cursor = Cursor(through=NOW + ahead, generation=generation.digest, number=1)
    found = status_of(generation, None, cursor, (), NOW)
    assert [item.overdue for item in found.schedules] == [None]
    assert found.well is (ahead <= 10)


def many(schedules: int = 60) -> Status:
    """Sixty schedules: two failed, one is suspended, the others have not run yet."""
    records = [
        hourly(
            f"s{number:02}",
            "09:30",
            owner="ada" if number < 3 else "bob",
            labels={"team": "shop"} if number % 2 else {},
            suspended="moving house" if number == 5 else None,
        )
        for number in range(schedules)
    ]
    generation = new_generation(records, [], 300)
    failed = runs_of([wake_log(RunState.FAILED, name) for name in ("s01", "s07")])
    cursor = Cursor(through=NOW, generation=generation.digest, number=0)
    return status_of(generation, None, cursor, failed, NOW)


def wake_log(state: RunState, name: str) -> WakeLog:
    seen = format_time(at("15:00"))
    line = RunRecord(name=name, times=(minute(at("15:00")),), state=state, at=seen)
    return WakeLog(
        wake=f"fc-{name}",
        slot="poller",
        started=seen,
        now=line.times[0],
        generation="0" * 64,
        through=line.times[0],
        pending={},
        records=(line,),
    )


def listed(status: Status, *, everything: bool = False, **wanted: Any) -> list[str]:
    found = selection(status, Filter(**wanted), everything=everything)
    return [one.record.name for one in found]


def test_of_many_schedules_those_that_need_attention_are_listed_and_the_others_counted() -> None:
    status = many()
    assert listed(status) == ["s01", "s07"]
    shown = status_text(
        status, Style(colour=False), listed=selection(status, Filter(), everything=False)
    )
    assert (
        "  58 of 60 schedules not listed: 1 suspended, 57 no-run-yet; --all lists them"
        in shown.splitlines()
    )
    assert len(listed(status, everything=True)) == 60
    assert len(listed(many(50))) == 50


def test_schedules_are_filtered_by_owner_label_and_state() -> None:
    status = many()
    assert listed(status, owner="ada") == ["s00", "s01", "s02"]
    assert listed(status, owner="ada", labels={"team": None}) == ["s01"]
    assert listed(status, labels={"team": "shop"})[:2] == ["s01", "s03"]
    assert listed(status, labels={"team": "other"}) == []
    assert listed(status, states=frozenset({State.SUSPENDED})) == ["s05"]
    assert listed(status, states=frozenset({State.FAILED, State.SUSPENDED})) == [
        "s01",
        "s05",
        "s07",
    ]


def test_the_command_line_knows_every_state() -> None:
    assert tuple(State) == STATES
