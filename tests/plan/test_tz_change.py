"""Another edition of the tz database: what it moves, and that an older one is not applied.

Editions before 2026 gave Vancouver winter time from November on; it has stayed at -07:00 since.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.cron.zone_files import tz_version
from reconciler.model.generation import Clocks, Generation
from reconciler.model.stored_generation import decode_generation, open_generation
from reconciler.plan import Action, Actual, Kind, Plan, SafetyRule, make_plan
from reconciler.plan.tz_change import (
    LISTED_SCHEDULES,
    LISTED_TIMES,
    MovedOccurrence,
    TzChange,
    known_clocks,
)
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style
from tests.cron.times import at
from tests.plan.scenario import NOW, after, desired, nothing, schedules

MORNING = """
    name: morning
    schedule: "0 9 * * *"
    timezone: America/Vancouver
    """
OTHERS = """
    ---
    name: berlin
    schedule: "0 9 * * *"
    timezone: Europe/Berlin
    ---
    name: often
    schedule: "*/5 * * * *"
    timezone: America/Vancouver
    ---
    name: nightly
    schedule: "0 3 * * *"
    """
WINTER = (
    (at("2026-01-01T00:00Z"), -480),
    (at("2026-03-08T10:00Z"), -420),
    (at("2026-11-01T09:00Z"), -480),
    (at("2027-03-14T10:00Z"), -420),
    (at("2027-11-07T09:00Z"), -480),
)


def planned_with(
    given: str, edition: str, offsets: tuple[tuple[int, int], ...] = WINTER, **known: Any
) -> Actual:
    """What an apply with an earlier edition left."""
    actual = after(make_plan(desired(schedules(given)), nothing(), NOW - 14 * 1440))
    assert actual.live is not None
    assert actual.live.clocks is not None
    clocks: Clocks | None = Clocks(
        known.get("until", actual.live.clocks.until),
        {**actual.live.clocks.offsets, "America/Vancouver": offsets},
    )
    if not known.get("recorded", True):
        clocks = None
    return replace(actual, live=replace(actual.live, tz=edition, clocks=clocks))


def plan_of(given: str, actual: Actual, now: int = NOW) -> Plan:
    return make_plan(desired(schedules(given)), actual, now)


def moved(plan: Plan) -> dict[str, tuple[MovedOccurrence, ...]]:
    assert plan.tz is not None
    return {schedule.name: schedule.moved for schedule in plan.tz.schedules}


def test_a_newer_edition_shows_the_occurrences_that_move_the_soonest_first() -> None:
    plan = plan_of(MORNING + OTHERS, planned_with(MORNING + OTHERS, "2025b"))
    assert plan.tz is not None
    assert (plan.tz.before, plan.tz.after) == ("2025b", tz_version())
    assert moved(plan) == {
        "morning": tuple(
            MovedOccurrence(at(f"2026-11-{day}T17:00Z"), at(f"2026-11-{day}T16:00Z"))
            for day in (20, 21, 22)
        )
    }
    assert plan.tz.schedules[0].more


def test_it_is_a_change_of_the_generation() -> None:
    plan = plan_of(MORNING, planned_with(MORNING, "2025b"))
    (change,) = (change for change in plan.changes if change.kind is Kind.GENERATION)
    assert (change.action, change.name) == (Action.UPDATE, "tz database")
    assert change.reason == f"tz database 2025b → {tz_version()}"
    assert make_plan(plan.desired, after(plan), NOW).empty


def test_no_schedule_begins_anew() -> None:
    actual = planned_with(MORNING, "2025b")
    assert actual.live is not None
    plan = plan_of(MORNING, actual)
    assert [change for change in plan.changes if change.kind is Kind.SCHEDULE] == []
    assert plan.generation.by_name["morning"].anchor == actual.live.by_name["morning"].anchor


def test_a_terminal_says_what_moves() -> None:
    text = plan_text(plan_of(MORNING, planned_with(MORNING, "2025b")), Style(colour=False))
    assert f"Time zones: tz database 2025b → {tz_version()}: 1 schedule moves\n" in text
    assert (
        "    morning  2026-11-20T17:00Z → 2026-11-20T16:00Z, 2026-11-21T17:00Z → "
        "2026-11-21T16:00Z, 2026-11-22T17:00Z → 2026-11-22T16:00Z, …\n"
    ) in text


@pytest.mark.parametrize(
    ("now", "offsets", "words"),
    [
        (at("2026-11-20T16:30Z"), WINTER, "(does not run: its new time is past)"),
        (at("2026-11-20T15:30Z"), ((at("2026-01-01T00:00Z"), -360),), "(runs again: its time"),
    ],
)
def test_the_day_of_the_apply_may_have_its_run_twice_or_not_at_all(
    now: int, offsets: tuple[tuple[int, int], ...], words: str
) -> None:
    text = plan_text(
        plan_of(MORNING, planned_with(MORNING, "2025b", offsets), now), Style(colour=False)
    )
    (line,) = (
        line for line in text.splitlines() if line.startswith("    morning") and " → " in line
    )
    assert words in line.split(", ")[0]


def test_a_document_has_the_same() -> None:
    plan = plan_of(MORNING, planned_with(MORNING, "2025b"))
    document = plan_document(plan).model_dump(mode="json")["tz"]
    assert (document["before"], document["after"]) == ("2025b", tz_version())
    assert document["schedules"][0]["occurrences"][0] == {
        "before": "2026-11-20T17:00Z",
        "after": "2026-11-20T16:00Z",
    }


def test_an_edition_that_moves_nothing_says_so() -> None:
    actual = planned_with(OTHERS.strip().removeprefix("---"), "2025b")
    plan = plan_of(OTHERS.strip().removeprefix("---"), actual)
    assert plan.tz is not None
    assert plan.tz.schedules == ()
    assert "No occurrence moves up to 2027-12-25T15:00Z." in plan_text(plan, Style(colour=False))


def test_bounds_and_exclusions_hold_for_what_moves() -> None:
    given = f'{MORNING.rstrip()}\n    start: "2026-11-22"\n    exclude: ["2026-11-23"]'
    first, second, *_ = moved(plan_of(given, planned_with(given, "2025b")))["morning"]
    assert (first.after, second.after) == (at("2026-11-22T16:00Z"), at("2026-11-24T16:00Z"))
    ended = f'{MORNING.rstrip()}\n    end: "2026-11-19"'
    assert moved(plan_of(ended, planned_with(ended, "2025b"))) == {}


def test_a_schedule_of_which_many_occurrences_move_on_one_day_is_shown() -> None:
    busy = 'name: a\nschedule: "* 9 * * *"\ntimezone: America/Vancouver'
    first, *_ = moved(plan_of(busy, planned_with(busy, "2025b")))["a"]
    assert first == MovedOccurrence(at("2026-11-20T17:00Z"), at("2026-11-20T16:00Z"))


def test_of_what_begins_later_the_occurrences_that_move_then_are_shown() -> None:
    """However many there would be before."""
    busy = 'name: a\nschedule: "* 9 * * *"\ntimezone: America/Vancouver\nstart: "2026-12-10"'
    first, *_ = moved(plan_of(busy, planned_with(busy, "2025b")))["a"]
    assert first == MovedOccurrence(at("2026-12-10T17:00Z"), at("2026-12-10T16:00Z"))


def test_a_list_is_bounded() -> None:
    many = "\n---\n".join(
        f'name: s{number:02}\nschedule: "{number % 60} 9 * * *"\ntimezone: America/Vancouver'
        for number in range(LISTED_SCHEDULES + 9)
    )
    plan = plan_of(many, planned_with(many, "2025b"))
    assert plan.tz is not None
    assert (len(plan.tz.schedules), plan.tz.unlisted) == (LISTED_SCHEDULES, 9)
    assert {len(schedule.moved) for schedule in plan.tz.schedules} == {LISTED_TIMES}
    assert "9 more schedules not listed." in plan_text(plan, Style(colour=False))


@pytest.mark.parametrize(("schedules_", "listed", "unlisted"), [(50, 50, 0), (51, 50, 1)])
def test_fifty_schedules_are_listed(schedules_: int, listed: int, unlisted: int) -> None:
    many = "\n---\n".join(
        f'name: s{number:02}\nschedule: "{number % 60} 9 * * *"\ntimezone: America/Vancouver'
        for number in range(schedules_)
    )
    plan = plan_of(many, planned_with(many, "2025b"))
    assert plan.tz is not None
    assert (len(plan.tz.schedules), plan.tz.unlisted) == (listed, unlisted)


@pytest.mark.parametrize(("end", "moves", "more"), [(22, 2, False), (23, 3, False), (24, 3, True)])
def test_of_each_schedule_three_occurrences_are_listed(end: int, moves: int, more: bool) -> None:
    given = f'{MORNING.rstrip()}\n    end: "2026-11-{end}"'
    plan = plan_of(given, planned_with(given, "2025b"))
    assert plan.tz is not None
    (schedule,) = plan.tz.schedules
    assert (len(schedule.moved), schedule.more) == (moves, more)


def test_times_are_compared_within_400_days_and_what_the_live_clocks_are_known_for() -> None:
    plan = plan_of(MORNING, planned_with(MORNING, "2025b"))
    assert plan.tz is not None
    assert plan.tz.until == NOW + 400 * 1440
    for until, compared in ((NOW + 1, NOW + 1), (NOW, None), (NOW - 9, None)):
        shorter = plan_of(MORNING, planned_with(MORNING, "2025b", until=until))
        assert shorter.tz is not None
        assert shorter.tz.until == compared


def test_the_same_edition_with_other_files_is_named() -> None:
    plan = plan_of(MORNING, planned_with(MORNING, tz_version()))
    text = plan_text(plan, Style(colour=False))
    assert f"tz database {tz_version()} is not the one of the live generation: 1 schedule" in text
    assert "--force-reinstall tzdata" in text


def test_the_same_edition_is_nothing_to_speak_of() -> None:
    given = schedules(MORNING + OTHERS)
    plan = make_plan(desired(given), after(make_plan(desired(given), nothing(), NOW)), NOW + 9)
    assert (plan.tz, plan.empty) == (None, True)


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_not_recorded_is_not_guessed(recorded: bool) -> None:
    past = planned_with(MORNING, "2025b", until=NOW - 1, recorded=recorded)
    plan = plan_of(MORNING, past)
    assert plan.tz == TzChange("2025b", tz_version(), None)
    assert "not known which occurrences move" in plan_text(plan, Style(colour=False))


def test_of_schedules_in_utc_alone_nothing_moves_though_nothing_is_recorded() -> None:
    nightly = 'name: nightly\nschedule: "0 3 * * *"'
    assert plan_of(nightly, planned_with(nightly, "2025b", recorded=False)).tz is None


def test_a_generation_of_an_earlier_version_records_no_edition() -> None:
    content = (Path(__file__).parent / "golden/zoned-slots-one-poller.jsonl").read_bytes()
    generation = decode_generation(content, "golden")
    assert (generation.tz, generation.clocks) == ("", None)
    assert generation.encoded == content
    actual = replace(after(plan_of(MORNING, nothing())), live=generation)
    plan = plan_of(MORNING, actual)
    assert plan.tz == TzChange("", tz_version(), None)


def test_an_older_edition_than_the_live_one_is_refused_with_the_remedy() -> None:
    plan = plan_of(MORNING, planned_with(MORNING, "2099a"))
    (refusal,) = plan.refusals
    assert refusal.rule is SafetyRule.OLDER_TZ
    assert "2099a" in refusal.message
    assert tz_version() in refusal.message
    assert "python -m pip install --upgrade tzdata" in refusal.remedy


def test_the_newest_of_the_known_generations_counts() -> None:
    live = planned_with(MORNING, "2025b")
    actual = replace(live, applied=planned_with(MORNING, "2099a").live)
    assert [refusal.rule for refusal in plan_of(MORNING, actual).refusals] == [SafetyRule.OLDER_TZ]


@pytest.mark.parametrize("edition", ["", "2025b", "unreadable"])
def test_another_edition_is_not_refused(edition: str) -> None:
    assert plan_of(MORNING, planned_with(MORNING, edition)).refusals == ()


def test_a_generations_file_keeps_the_edition_and_the_clocks_of_its_zones() -> None:
    plan = plan_of(MORNING + OTHERS, nothing())
    read = decode_generation(plan.generation.encoded, "planned")
    assert read.tz == tz_version()
    assert read.clocks == plan.generation.clocks
    assert read.clocks is not None
    assert set(read.clocks.offsets) == {"America/Vancouver", "Europe/Berlin"}
    assert read.clocks.until == at("2029-01-01T00:00Z")
    assert read.encoded == plan.generation.encoded
    # A wake reads the edition; what planning alone needs is not parsed for it.
    opened = open_generation(plan.generation.encoded, "planned")
    assert (opened.tz, opened.clocks) == (tz_version(), None)


def test_the_clocks_are_the_same_all_year() -> None:
    generation: Generation = plan_of(MORNING, nothing()).generation
    january = known_clocks(generation.records, at("2026-01-01T00:00Z"))
    assert january == known_clocks(generation.records, at("2026-12-31T23:59Z"))
    assert january == generation.clocks
    assert january.until == at("2029-01-01T00:00Z")
    assert january.offsets.keys() == {"America/Vancouver"}
