"""What a plan makes of schedules that wait for others."""

from __future__ import annotations

import json
from datetime import timedelta

from reconciler.model.generation import AGENDA_FORMAT
from reconciler.model.schedule_record import Upstream
from reconciler.plan import Action, Kind, make_plan
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style
from tests.plan.scenario import NOW, after, desired, nothing, schedules

EXTRACT = 'name: extract\nschedule: "0 5 * * *"'
LOAD = "name: load\nafter: extract"
REPORT = 'name: report\nschedule: "0 9 * * 1-5"\nafter: {extract: {within: 7d}, load: {}}'
ALERTS = "alerts: {to: {url: 'https://hooks.example.com/a'}}"


def given(*documents: str) -> str:
    return "\n---\n".join(documents)


def test_the_record_of_an_upstream_names_what_waits_for_it() -> None:
    plan = make_plan(desired(schedules(given(EXTRACT, LOAD, REPORT))), nothing(), NOW)
    extract, load, report = plan.generation.records
    assert extract.dependants == ("load", "report")
    assert load.dependants == ("report",)
    assert (load.follows, load.when, load.after) == (
        True,
        ("0 5 * * *",),
        (Upstream("extract", within=1),),
    )
    assert report.after == (Upstream("extract", within=7 * 1440), Upstream("load"))
    assert extract.supervised


def test_a_schedule_without_times_needs_no_slot() -> None:
    plan = make_plan(desired(schedules(given(EXTRACT, LOAD))), nothing(), NOW)
    assert [slot.name for slot in plan.slots] == ["extract"]


def test_a_slot_wakes_at_the_time_of_an_alert_on_the_days_of_the_occurrences() -> None:
    waits = f'name: load\nschedule: "0 6 * * 1"\nafter: {{extract: {{by: "09:30"}}}}\n{ALERTS}'
    plan = make_plan(desired(schedules(given(EXTRACT, waits))), nothing(), NOW)
    (slot,) = [slot for slot in plan.slots if slot.name == "load"]
    assert slot.cron == "*/30 6,9 * * 1"


def test_a_slot_wakes_on_the_day_after_when_the_time_of_the_alert_is_earlier() -> None:
    waits = f'name: load\nafter: {{extract: {{by: "04:00"}}}}\n{ALERTS}'
    plan = make_plan(desired(schedules(given(EXTRACT, waits))), nothing(), NOW)
    (slot,) = [slot for slot in plan.slots if slot.name == "load"]
    assert slot.cron == "0 4 * * *"


def test_planning_again_on_what_was_applied_changes_nothing() -> None:
    wanted = desired(schedules(given(EXTRACT, LOAD, REPORT)))
    assert make_plan(wanted, after(make_plan(wanted, nothing(), NOW)), NOW + 60).empty


def test_what_begins_to_wait_and_what_is_waited_for_say_so() -> None:
    before = desired(schedules(given(EXTRACT, 'name: load\nschedule: "0 6 * * *"')))
    live = after(make_plan(before, nothing(), NOW))
    text = given(EXTRACT, 'name: load\nschedule: "0 6 * * *"\nafter: {extract: {on: ended}}')
    changes = make_plan(desired(schedules(text)), live, NOW).changes
    assert [(one.name, one.action, one.reason) for one in changes if one.kind is Kind.SCHEDULE] == [
        ("extract", Action.UPDATE, "waited for by unset → load"),
        ("load", Action.UPDATE, "after unset → extract (on ended)"),
    ]


def test_a_renamed_upstream_keeps_what_waits_for_it() -> None:
    before = desired(schedules(given(EXTRACT, LOAD)))
    live = after(make_plan(before, nothing(), NOW))
    pull = EXTRACT.replace("extract", "pull") + "\nformerly: extract"
    plan = make_plan(desired(schedules(given(pull, LOAD))), live, NOW + 60)
    load = plan.generation.by_name["load"]
    assert load.after == (Upstream("pull", within=1),)
    assert load.anchor == NOW, "its times are the same: what it waits for is not lost"


def test_the_plan_says_the_order_and_what_it_costs() -> None:
    plan = make_plan(desired(schedules(given(REPORT, LOAD, EXTRACT))), nothing(), NOW)
    assert plan.waits is not None
    assert plan.waits.order == ("extract", "load", "report")
    assert (plan.waits.supervised, plan.waits.asked) == (61, 61)
    text = plan_text(plan, Style(colour=False))
    assert (
        "Order: 2 schedules wait for others\n"
        "    extract\n"
        "    load     waits for extract\n"
        "    report   waits for extract (within 7d) and load\n"
        "  61 more runs a month are supervised; their ends ask for up to 61 wakes, about $"
    ) in text


def test_the_plan_says_what_queues_cost_at_most() -> None:
    queues = f"{EXTRACT}\noverlap: queue"
    plan = make_plan(desired(schedules(queues)), nothing(), NOW)
    assert plan.waits is not None
    assert (plan.waits.for_others, plan.waits.supervised, plan.waits.asked) == (0, 30, 30)
    text = plan_text(plan, Style(colour=False))
    assert (
        "Order: 1 schedule waits for its own earlier runs\n"
        "    extract  waits for its own earlier run\n"
        "  30 more runs a month are supervised; their ends ask for up to 30 wakes, about $"
    ) in text


def test_the_plan_says_of_one_schedule_that_it_waits_for_others_and_for_its_own_runs() -> None:
    plan = make_plan(
        desired(schedules(given(f"{EXTRACT}\noverlap: queue", f"{LOAD}\noverlap: queue"))),
        nothing(),
        NOW,
    )
    assert plan.waits is not None
    assert plan.waits.waits == {
        "extract": "its own earlier run",
        "load": "extract and its own earlier run",
    }
    text = plan_text(plan, Style(colour=False))
    assert "Order: 2 schedules wait for others or their own earlier runs\n" in text


def test_a_schedule_that_queues_is_stored_as_versions_without_supervised_queues_stored_it() -> None:
    plan = make_plan(desired(schedules(f"{EXTRACT}\noverlap: queue")), nothing(), NOW)
    (record,) = plan.generation.records
    assert record.supervised
    assert record.to_json()["overlap"] == "queue"
    assert "dependants" not in record.to_json()
    header = json.loads(plan.generation.encoded.splitlines()[0])
    assert header["format"] == AGENDA_FORMAT


def test_a_plan_without_dependencies_says_nothing_of_them() -> None:
    plan = make_plan(desired(schedules(EXTRACT)), nothing(), NOW)
    assert plan.waits is None
    assert "wait for" not in plan_text(plan, Style(colour=False))


def test_waiting_for_what_is_suspended_without_an_end_is_a_warning() -> None:
    suspended = f"{EXTRACT}\nsuspend: true"
    plan = make_plan(desired(schedules(given(suspended, LOAD))), nothing(), NOW)
    (warning,) = plan.warnings
    assert warning.message == (
        "load: waits for extract, which is suspended: its occurrences are skipped until that is "
        "resumed"
    )


def test_waiting_for_what_the_history_no_longer_keeps_is_a_warning() -> None:
    text = 'name: load\nschedule: "0 6 * * *"\nafter: {extract: {within: 14d}}'
    wanted = desired(schedules(given(EXTRACT, text)), history=timedelta(days=8))
    (warning,) = make_plan(wanted, nothing(), NOW).warnings
    assert warning.message == (
        "load: waits for an occurrence of extract within 14d, and the history keeps 8d: one that "
        "is pruned counts as not started"
    )
