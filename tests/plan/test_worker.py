"""What the Worker on Cloudflare knows and asks for: never less than what is due."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Timetable, parse
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.cloudflare import read
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode, Safety, Subscription
from reconciler.manifest.web_settings import WebSettings
from reconciler.pack import Member
from reconciler.plan import Plan, assume_applied, make_plan
from reconciler.plan.due_minutes import DAYS_AHEAD, DueMinutes, due_minutes
from reconciler.plan.source_costs import compared_sources, daily_use
from reconciler.plan.state import Actual, LiveAccount
from reconciler.plan.worker import RENEWED, PlannedWorker, plan_worker
from tests.plan.scenario import NOW, OWNER, after, desired, nothing, schedules

DAY = NOW // MINUTES_PER_DAY
WORKER = CloudflareSettings(account="0" * 32, worker="wakes")
TWO = schedules('name: poll\nschedule: "*/20 * * * *"\n---\nname: report\nschedule: "5 6 * * *"')


def planned(
    given: tuple[Any, ...] = TWO, worker: CloudflareSettings = WORKER, now: int = NOW
) -> Plan:
    """A plan with a Worker, in an account that is empty."""
    wanted = desired(given, cloudflare=worker, web=WebSettings(auth="w"))
    return make_plan(wanted, nothing_but(LiveAccount()), now)


def nothing_but(account: LiveAccount) -> Actual:
    """A workspace to which nothing was applied, and an account."""
    return replace(nothing(), cloudflare=account)


def worker_of(plan: Plan) -> PlannedWorker:
    """Its Worker."""
    assert plan.worker is not None
    return plan.worker


def minutes(due: DueMinutes, day: int) -> set[int]:
    """The due minutes of an epoch day."""
    bits = b64decode(due.minutes[due.days[day - due.first]])
    return {at for at in range(1440) if bits[at // 8] >> (7 - at % 8) & 1}


def test_it_knows_the_due_minutes_of_400_days() -> None:
    due = worker_of(planned()).data.due
    assert due is not None
    wanted = {*range(0, 1440, 20), 6 * 60 + 5}
    assert (due.first, due.end) == (DAY, DAY + DAYS_AHEAD)
    assert all(minutes(due, day) == wanted for day in (DAY, DAY + 100, DAY + 399))


def test_in_tick_mode_its_wakes_are_the_floor() -> None:
    plan = planned()
    assert worker_of(plan).wakes_per_month(NOW) == plan.wakes.floor


@pytest.mark.parametrize(
    ("days", "changes"), [(1, 0), (DAYS_AHEAD - RENEWED, 0), (DAYS_AHEAD - RENEWED + 1, 1)]
)
def test_its_first_day_stays_until_60_days_remain(days: int, changes: int) -> None:
    plan = planned()
    account = LiveAccount(worker_of(plan).tags, {"wakes": ("* * * * *",)})
    live = replace(after(plan), cloudflare=account, worker_keys=frozenset({1}))
    later = make_plan(plan.desired, live, NOW + days * MINUTES_PER_DAY)
    assert len([one for one in later.changes if one.name == "wakes"]) == changes


def test_an_unprotected_schedule_is_named() -> None:
    given = schedules('name: strict\nschedule: "5 6 * * *"\ndeadline: 30m')
    messages = [one.message for one in planned(given).warnings]
    assert any(
        message.startswith("strict: it may start at most 30m late, and Modal alone wakes every 1h")
        for message in messages
    )
    often = CloudflareSettings(account="0" * 32, worker="wakes", safety=Safety.FIFTEEN_MINUTES)
    assert not any("strict" in one.message for one in planned(given, often).warnings)


def test_triggers_beyond_the_budget_are_merged_and_still_cover_all() -> None:
    given = schedules(
        "\n---\n".join(f'name: job-{n}\nschedule: "{n} {n} * * *"' for n in range(12))
    )
    worker = worker_of(
        planned(given, CloudflareSettings(account="0" * 32, worker="wakes", mode=Mode.TRIGGERS))
    )
    assert len(worker.crons) <= 5
    assert sorted(name for names in worker.data.crons.values() for name in names) == sorted(
        f"job-{n}" for n in range(12)
    )


crons = st.tuples(
    st.integers(0, 59), st.integers(0, 23), st.sampled_from(["*", "1-5", "0", "6,0"])
).map(lambda part: f"{part[0]} {part[1]} * * {part[2]}")


def sets() -> dict[str, list[Timetable]]:
    """Sets of crons as projects have them, by the name of the set."""
    found: dict[str, list[Timetable]] = {}
    for line in Path(__file__).with_name("crons.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        timetable = Timetable((parse(one["cron"]),), one["timezone"])
        found.setdefault(one["set"], []).append(timetable)
    return found


@pytest.mark.parametrize("name", sets())
def test_the_ticks_that_ask_for_a_wake_are_the_floor_of_real_sets(name: str) -> None:
    timetables, days = sets()[name], range(DAY, DAY + 28)
    data = due_minutes(timetables, DAY, days=len(days))
    asked = {day * MINUTES_PER_DAY + at for day in days for at in minutes(data, day)}
    begin, end = DAY * MINUTES_PER_DAY, days.stop * MINUTES_PER_DAY
    assert asked == {at for each in timetables for at in each.between(begin - 1, end - 1)}


def direct(members: list[Member], worker: CloudflareSettings) -> PlannedWorker:
    """The Worker for these members, without a plan around it."""
    wanted = desired((), cloudflare=worker).settings
    found = plan_worker(wanted, members, nothing_but(LiveAccount()), OWNER, "code", NOW)
    assert found is not None
    return found


@settings(max_examples=100, deadline=None)
@given(
    st.lists(crons, min_size=1, max_size=10),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_a_trigger_fires_at_each_time_of_its_schedules(texts: list[str], zone: str) -> None:
    members = [Member(f"{n}", Timetable((parse(text),), zone)) for n, text in enumerate(texts)]
    worker = direct(members, replace(WORKER, mode=Mode.TRIGGERS))
    for cron, names in worker.data.crons.items():
        meaning = read(cron)
        for name in names:
            at: int | None = NOW
            for _ in range(25):
                at = None if at is None else members[int(name)].timetable.next(at)
                assert at is None or meaning.next(at - 1) == at


def test_ten_thousand_schedules_fit_into_a_script_of_the_free_plan() -> None:
    members = [
        Member(f"{n}", Timetable((parse(f"{n % 60} {n // 60 % 24} {1 + n % 28} * *"),), "UTC"))
        for n in range(10_000)
    ]
    assert len(direct(members, WORKER).data.module) < 3 * 2**20


def test_a_day_stays_within_the_free_plan() -> None:
    use = daily_use(worker_of(planned()), NOW)
    assert (use.requests, use.operations, use.rows) == (1440, 219, 1805)


def test_a_worker_without_a_queue_and_a_database_uses_neither() -> None:
    bare = worker_of(planned(worker=replace(WORKER, queue=False, database=False)))
    use = daily_use(bare, NOW)
    assert (use.requests, use.operations, use.rows) == (1440, 0, 0)


def test_each_choice_of_sources_is_compared() -> None:
    plan = planned(
        schedules("\n---\n".join(f'name: job-{n}\nschedule: "{n} {n} * * *"' for n in range(7)))
    )
    found = {one.sources: one for one in compared_sources(plan, worker_of(plan))}
    assert list(found) == [
        "Modal's crons alone",
        "tick, Cloudflare's free plan",
        "tick, Cloudflare's paid plan",
        "triggers, Cloudflare's free plan",
        "triggers, Cloudflare's paid plan",
    ]
    refused = found["triggers, Cloudflare's free plan"].refused
    assert refused == "needs 7 cron triggers, and 5 are free"
    assert found["triggers, Cloudflare's paid plan"].refused is None
    paid, free = (found[f"tick, Cloudflare's {plan} plan"].usd for plan in ("paid", "free"))
    assert paid == pytest.approx(free + 5)
    assert Subscription.PAID.triggers == 250


def test_of_two_revisions_that_are_alike_neither_the_worker_nor_the_api_changes() -> None:
    wanted = desired(TWO, cloudflare=WORKER, web=WebSettings(auth="w"))
    found = make_plan(wanted, assume_applied(wanted, NOW - 3 * MINUTES_PER_DAY), NOW)
    assert found.changes == ()


def test_of_two_revisions_with_a_worker_modals_other_crons_have_retired() -> None:
    wanted = desired(TWO, cloudflare=WORKER, web=WebSettings(auth="w"))
    live = assume_applied(wanted, NOW - 3 * MINUTES_PER_DAY)
    assert live.own is not None
    assert [slot.name for slot in live.own.slots] == ["safety_tick"]
    found = make_plan(wanted, live, NOW)
    assert found.generation.worker is not None
    assert found.generation.worker.alone
    assert [slot.name for slot in found.slots] == ["safety_tick"]


def test_of_two_revisions_of_which_the_newer_has_a_worker_no_cron_of_modal_goes_yet() -> None:
    wanted = desired(TWO, cloudflare=WORKER, web=WebSettings(auth="w"))
    found = make_plan(wanted, assume_applied(desired(TWO), NOW), NOW)
    assert {slot.name for slot in found.slots} == {"poll", "report", "safety_tick"}
