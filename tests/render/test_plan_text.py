"""The plan as a person reads it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.manifest import Packing, Resolution
from reconciler.plan import Rates, make_plan
from reconciler.render.plan_text import LISTED_CHANGES, plan_text
from reconciler.render.style import Style
from tests.plan.scenario import NOW, applied, desired, foreign, hourly, nothing, schedules

PLAIN = Style(colour=False)


def test_a_change_is_shown_with_its_place_and_what_it_means_in_time() -> None:
    before = schedules('name: a\nschedule: "0 * * * *"')
    after = schedules('name: a\nschedule: "30 * * * *"')
    plan = make_plan(desired(after), replace(applied(before), through=NOW), NOW)
    assert plan_text(plan, PLAIN) == (
        "Environment production, app schedule-reconciler: 1 schedule at commit cccccccccccc\n"
        "\n"
        "Schedules\n"
        "  ~ update  a  schedule 0 * * * * → 30 * * * *  schedules/all.yaml:1\n"
        "             next was 2026-11-20T16:00Z, 17:00Z, 18:00Z, 19:00Z, 20:00Z\n"
        "             next is  2026-11-20T15:30Z, 16:30Z, 17:30Z, 18:30Z, 19:30Z\n"
        "\n"
        "Slots: 1 cron used (a limit of 5 in the workspace, none held by others, 5 available)\n"
        "  ~ a  30 * * * * (UTC)  730 a month\n"
        "  730 wakes a month (at least 730; every minute would be 43,830)\n"
        "  about $0.007 a month: 5.0 s a wake (assumed) at the list price\n"
        "\n"
        f"Plan: 1 to update, 1 change of slots and app. Digest {plan.digest[:12]}"
    )


def test_next_times_that_do_not_fit_a_line_of_eighty_are_left_out() -> None:
    daily = schedules('name: a\nschedule: "0 6 * * *"')
    lines = plan_text(make_plan(desired(daily), nothing(), NOW), PLAIN).splitlines()
    (shown,) = [line for line in lines if "next is" in line]
    assert shown == (
        "             next is  2026-11-21T06:00Z, 2026-11-22T06:00Z, 2026-11-23T06:00Z, …"
    )
    assert len(shown) == 80


def test_what_concerns_the_app_is_in_columns() -> None:
    given = schedules('name: a\nschedule: "0 6 * * *"')
    wanted = replace(desired(given, tasks=Resolution.FIVE_MINUTES), dispatcher="2")
    text = plan_text(make_plan(wanted, applied(given), NOW), PLAIN)
    section = text.partition("App\n")[2].partition("\n\n")[0]
    assert section.splitlines() == [
        "  ~ update  generation tasks         tasks not woken for → every 5 min",
        "  ~ update  app schedule-reconciler  its dispatcher is of version 1.0-abc, this one of 2",
    ]


def test_runs_that_a_change_skips_or_doubles_are_named_and_so_is_the_next_clock_change() -> None:
    text = """
        name: early
        schedule: "0 {} * * *"
        timezone: America/New_York
        ---
        name: late
        schedule: "0 {} * * *"
        """
    before, after = schedules(text.format("12", "14")), schedules(text.format("9", "16"))
    plan = make_plan(desired(after), applied(before, NOW - 5000), NOW)
    shown = plan_text(plan, PLAIN)
    assert (
        "             skips 2026-11-20T17:00Z: its new time of that day is past\n"
        "             clock change in America/New_York at 2027-03-14T07:00Z: 09:00 moves from "
        "14:00Z to 13:00Z\n"
    ) in shown
    assert "             doubles 2026-11-20T16:00Z: it has run in that day already\n" in shown


def test_what_is_due_and_given_up_is_said() -> None:
    before, after = (schedules(f'name: a\nschedule: "{at} * * * *"') for at in ("0", "30"))
    plan = make_plan(desired(after), replace(applied(before, NOW - 300), through=NOW - 61), NOW)
    assert "gives up 2026-11-20T14:00Z, 15:00Z: due, and not served yet" in plan_text(plan, PLAIN)
    long = replace(applied(before, NOW - 5000), through=NOW - 1400)
    text = plan_text(make_plan(desired(after), long, NOW), PLAIN)
    assert "19:00Z, 20:00Z and 19 more: due, and not served yet" in text


def test_the_plan_says_why_schedules_share_a_poller_and_who_holds_the_other_crons() -> None:
    names = [f"s{number:02}" for number in range(13)]
    plan = make_plan(desired(hourly(*names)), nothing(*foreign("tick")), NOW)
    text = plan_text(plan, PLAIN)
    assert "(a limit of 5 in the workspace, 1 held by other apps, 4 available)" in text
    assert "held by theirs/tick  0 * * * * (UTC)  in main" in text
    assert "13 schedules need waking and 4 crons are available, so some share a poller" in text


def test_sharing_by_choice_is_not_blamed_on_the_budget() -> None:
    given = schedules('name: a\nschedule: "0 * * * *"\n---\nname: b\nschedule: "0 6 * * *"')
    for crons in (None, 5):
        wanted = desired(given, packing=Packing.FEWEST_WAKES, crons=crons)
        text = plan_text(make_plan(wanted, nothing(), NOW), PLAIN)
        assert "2 schedules could be solo; sharing slots wakes less often" in text


SHARED = """
    name: often
    schedule: "*/10 * * * *"
    ---
    name: office
    schedule: "*/15 9-17 * * 1-5"
    ---
    name: patient
    schedule: "7 3 * * *"
    tolerance: 15m
    """


def test_each_slot_says_how_often_it_wakes_and_for_which_schedules() -> None:
    wanted = desired(schedules(SHARED), packing=Packing.FEWEST_WAKES)
    text = plan_text(make_plan(wanted, nothing(), NOW), PLAIN)
    assert "  + office  */15 9-17 * * 1-5 (UTC)    784 a month\n" in text
    assert "  + poller  */10 * * * * (UTC)       4,383 a month  for often, patient\n" in text


def test_the_plan_says_what_tolerance_saves() -> None:
    wanted = desired(schedules(SHARED), packing=Packing.FEWEST_WAKES)
    text = plan_text(make_plan(wanted, nothing(), NOW), PLAIN)
    assert "  30 wakes a month are saved by tolerance, about $0.001\n" in text


def test_other_packings_are_shown_when_they_are_asked_for() -> None:
    plan = make_plan(desired(schedules(SHARED), packing=Packing.FEWEST_WAKES), nothing(), NOW)
    assert "Otherwise" not in plan_text(plan, PLAIN)
    assert "  Otherwise: one-poller with 5 crons" in plan_text(plan.with_alternatives(), PLAIN)


def test_without_a_limit_of_crons_there_is_no_other_packing() -> None:
    unlimited = make_plan(desired(hourly("a"), crons=None), nothing(), NOW)
    assert "  No other packing: the crons are not limited" in plan_text(
        unlimited.with_alternatives(), PLAIN
    )


def test_the_cost_says_what_it_rests_on() -> None:
    measured = replace(nothing(), wake_seconds=(0.5, 1.5))
    rates = Rates(core_hour=0.1, gib_hour=0.02)
    plan = make_plan(desired(hourly("a")), measured, NOW, rates=rates)
    assert "4.0 s a wake (measured over 2 wakes) at this workspace's rates" in plan_text(
        plan, PLAIN
    )


def test_a_plan_without_changes_says_so() -> None:
    plan = make_plan(desired(hourly("a")), applied(hourly("a")), NOW)
    last = plan_text(plan, PLAIN).splitlines()[-1]
    assert last == "Nothing to do: what is live is what git says."


def test_a_refused_plan_shows_the_rule_and_the_way_past_it() -> None:
    ten = [f"s{number}" for number in range(10)]
    text = plan_text(make_plan(desired(hourly("s0")), applied(hourly(*ten)), NOW), PLAIN)
    assert "Refused\n  9 of 10 schedules would be deleted" in text
    assert "pass --allow-deletes 9" in text


def test_a_long_list_of_changes_is_cut_and_counted() -> None:
    names = [f"s{number}" for number in range(LISTED_CHANGES + 5)]
    text = plan_text(make_plan(desired(hourly(*names)), nothing(), NOW), PLAIN)
    assert "\n  and 5 more\n" in text


def test_colour_is_for_terminals_only() -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW)
    assert "\033[" in plan_text(plan, Style(colour=True))
    assert "\033[" not in plan_text(plan, PLAIN)
