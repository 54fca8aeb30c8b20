"""Runs as lines: a long reason does not fill the screen, and one run alone shows all of it."""

from __future__ import annotations

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.model.runs import runs_of
from reconciler.query.run_groups import fold
from reconciler.render.explanation import run_lines
from reconciler.render.runs_text import BRIEF, runs_text, wake_text
from reconciler.render.style import Style
from tests.dispatch.scenario import World, at, hourly

PLAIN = Style(colour=False)
LONG = "ValueError: no rows in " + "very " * 80 + "many tables"


def test_a_list_shows_the_beginning_of_a_long_reason_and_one_run_alone_all_of_it() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.FAILED, LONG)
    world.wake("09:20")
    runs = runs_of(world.log.logs)
    heading, *lines = runs_text(fold(runs), PLAIN).splitlines()
    assert heading == "TIME               NAME    OUTCOME  ENDED BY  DURATION"
    assert " ".join(" ".join(lines).split()) == (
        f"2026-11-20T09:00Z hourly failed 09:20:00 ≤20m {LONG[: BRIEF - 1]}…"
    )
    assert f"  reason   {LONG}" in run_lines(runs[0], None, None)


def test_a_wake_that_looked_at_one_minute_alone_does_not_speak_of_those_before() -> None:
    world = World()
    world.live(hourly())
    alone = world.wake("09:20", as_if=0)
    assert wake_text(alone, PLAIN, alone=True) == "Nothing was due at 1970-01-01T00:00Z."
    regular = world.wake("08:50")
    assert wake_text(regular, PLAIN) == "Nothing was due up to 2026-11-20T08:50Z."


def test_what_had_run_before_is_named_with_how_it_ended() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    world.wake("09:20")
    log = world.wake("09:30", as_if=minute(at("09:00")))
    assert wake_text(log, PLAIN, alone=True, before=log.before) == (
        "hourly@2026-11-20T09:00Z has run before (failed: ValueError: no rows)."
    )
