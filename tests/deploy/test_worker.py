"""An apply with a Worker on Cloudflare: its order, its key, and the sources' changing over."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, Recipient
from reconciler.deploy.apply import Step
from reconciler.deploy.ports import UnknownAccountError
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.manifest.web_settings import WebSettings
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.runs_file import format_time
from reconciler.plan import Action, Kind
from reconciler.plan.due_minutes import DueMinutes
from reconciler.plan.plan import Plan
from tests.deploy.scenario import World
from tests.plan.scenario import schedules

WORKER = CloudflareSettings(account="0" * 32, worker="wakes")
SOURCE = "cloudflare/wakes"
WEB = WebSettings(auth="reconcile-web")
DAILY = schedules('name: report\nschedule: "5 6 * * *"\n---\nname: poll\nschedule: "*/10 * * * *"')
LATER = schedules('name: report\nschedule: "5 7 * * *"\n---\nname: poll\nschedule: "*/10 * * * *"')


def given(worker: CloudflareSettings | None = WORKER, **more: Any) -> dict[str, Any]:
    """The settings of an environment with a Worker."""
    return {"cloudflare": worker, "web": WEB, **more}


def slots(plan: Plan) -> dict[str, str]:
    """The planned crons of Modal."""
    return {slot.name: slot.cron for slot in plan.slots}


def changes(plan: Plan) -> list[tuple[Action, Kind, str]]:
    """What is planned, schedules left out."""
    every = (*plan.changes, *plan.drift)
    return [(one.action, one.kind, one.name) for one in every if one.kind is not Kind.SCHEDULE]


def woken_by(world: World, source: str) -> None:
    """A wake of this source or slot has ended."""
    world.later(minutes=1)
    entry = world.claims.entries.get(CURSOR_KEY)
    cursor = Cursor() if entry is None else Cursor.from_json(entry)
    woken = {**cursor.wakes, source: format_time(world.clock.time)}
    world.claims.entries[CURSOR_KEY] = replace(cursor, wakes=woken).to_json()


def test_the_worker_comes_after_the_dispatcher_and_before_the_pointer() -> None:
    world, steps = World(), list[Step]()
    world.apply(DAILY, steps.append, **given())
    assert steps == [
        Step.OBSERVE,
        Step.WRITE_GENERATION,
        Step.WEB,
        Step.DEPLOY,
        Step.WORKER,
        Step.FLIP_POINTER,
        Step.SET_TAGS,
        Step.VERIFY,
    ]


def test_an_apply_makes_the_key_and_gives_it_to_both_sides() -> None:
    world = World()
    world.apply(DAILY, **given())
    held = world.apps.stored["schedule-reconciler-cloudflare-1"]["WEB_WEBHOOK_CLOUDFLARE_1"]
    assert held == f"trigger,wake {world.workers.keys['wakes']['KEY']}"


def test_after_an_apply_there_is_nothing_to_do() -> None:
    world = World()
    world.apply(DAILY, **given())
    assert world.plan(DAILY, **given()).empty


def test_until_the_worker_has_woken_us_no_cron_of_modal_goes() -> None:
    world = World()
    world.apply(DAILY)
    plan = world.apply(DAILY, **given())
    assert slots(plan) == {
        "poll": "*/10 * * * *",
        "report": "5 6 * * *",
        "safety_tick": "0 * * * *",
    }


def test_once_it_has_woken_us_the_safety_poller_alone_stays() -> None:
    world = World()
    world.apply(DAILY, **given())
    woken_by(world, SOURCE)
    plan = world.apply(DAILY, **given())
    assert slots(plan) == {"safety_tick": "0 * * * *"}
    assert changes(plan) == [(Action.DELETE, Kind.SLOT, n) for n in ("poll", "report")]
    world.claims.entries.clear()  # the cursor may be lost
    assert world.plan(DAILY, **given()).empty


def test_with_one_cron_in_all_it_covers_the_safety_times_too() -> None:
    world = World()
    plan = world.apply(DAILY, **given(crons=1))
    assert slots(plan) == {"poller": "0,5,10,20,30,40,50 * * * *"}
    woken_by(world, SOURCE)
    assert slots(world.apply(DAILY, **given(crons=1))) == {"safety_tick": "0 * * * *"}


def test_switching_off_brings_modals_crons_back_first() -> None:
    world = World()
    world.apply(DAILY, **given())
    woken_by(world, SOURCE)
    world.apply(DAILY, **given())
    off = world.apply(DAILY, **given(None))
    assert slots(off) == {"poll": "*/10 * * * *", "report": "5 6 * * *"}
    assert "wakes" in world.workers.tags
    assert world.plan(DAILY, **given(None)).empty
    woken_by(world, "poll")
    assert changes(world.apply(DAILY, **given(None))) == [(Action.DELETE, Kind.WORKER, "wakes")]
    assert world.workers.tags == {}
    assert world.apps.secrets == {}
    assert world.plan(DAILY, **given(None)).empty


def test_switching_off_leaves_a_worker_that_another_has_deployed_since() -> None:
    world = World()
    world.apply(DAILY, **given())
    world.apply(DAILY, **given(None))
    theirs: tuple[str, ...] = ()
    world.workers.tags["wakes"] = theirs
    woken_by(world, "poll")
    world.apply(DAILY, **given(None))
    assert world.workers.tags == {"wakes": theirs}
    assert world.plan(DAILY, **given(None)).empty


def test_it_is_deployed_with_old_and_new_minutes_until_the_pointer_is_flipped() -> None:
    world, steps = World(), list[Step]()
    world.apply(DAILY, **given())
    world.apply(LATER, steps.append, **given())
    assert [step for step in steps if step in (Step.WORKER, Step.FLIP_POINTER)] == [
        Step.WORKER,
        Step.FLIP_POINTER,
        Step.WORKER,
    ]
    due = [one.data.due for one in world.workers.deploys]
    first, both, new = (set(_minutes(one)) for one in due if one is not None)
    assert both == first | new
    assert first != new


def _minutes(due: DueMinutes) -> Iterator[int]:
    """The due minutes of the first day."""
    bits = base64.b64decode(due.minutes[due.days[0]])
    return (at for at in range(1440) if bits[at // 8] >> (7 - at % 8) & 1)


def test_triggers_name_the_jobs_of_each_cover() -> None:
    world = World()
    world.apply(DAILY, **given(replace(WORKER, mode=Mode.TRIGGERS)))
    assert world.workers.crons == {"wakes": ("*/10 * * * *", "5 6 * * *")}
    data = world.workers.deploys[-1].data
    assert data.crons == {"*/10 * * * *": ["poll"], "5 6 * * *": ["report"]}


def test_another_number_makes_another_key_and_the_old_one_goes_an_apply_later() -> None:
    world = World()
    world.apply(DAILY, **given())
    first = world.workers.keys["wakes"]["KEY"]
    rotated = given(replace(WORKER, key=2))
    world.apply(DAILY, **rotated)
    assert world.workers.keys["wakes"]["KEY"] != first
    keys = {"schedule-reconciler-cloudflare-1", "schedule-reconciler-cloudflare-2"}
    assert keys == set(world.apps.secrets)
    assert world.plan(DAILY, **rotated).empty
    world.later(minutes=20)
    assert changes(world.apply(DAILY, **rotated)) == [
        (Action.UPDATE, Kind.WEB, "schedule-reconciler-web")
    ]
    assert set(world.apps.secrets) == {"schedule-reconciler-cloudflare-2"}


def test_the_worker_gets_the_recipients_that_are_known() -> None:
    world = World()
    to = (
        Recipient(Address(url="https://a.example/in")),
        Recipient(Address(secret="alerting", key="SLACK_URL")),
        Recipient(Address(secret="alerting", key="UNSET")),
    )
    world.apps.secrets["alerting"] = {"SLACK_URL", "UNSET"}
    world.environ["SLACK_URL"] = "https://hooks.example/in"
    world.apply(DAILY, **given(alerts=Alerts(AlertRule(to=to))))
    found = json.loads(world.workers.keys["wakes"]["RECIPIENTS"])
    assert found == ["https://a.example/in", "https://hooks.example/in"]


def test_a_key_that_modal_has_lost_is_made_anew() -> None:
    world = World()
    world.apply(DAILY, **given())
    first = world.workers.keys["wakes"]["KEY"]
    del world.apps.secrets["schedule-reconciler-cloudflare-1"]
    plan = world.apply(DAILY, **given())
    assert changes(plan) == [(Action.UPDATE, Kind.WORKER, "wakes")]
    assert world.workers.keys["wakes"]["KEY"] != first


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda world: world.workers.tags.clear(), "is no longer deployed"),
        (
            lambda world: world.workers.crons.update(wakes=("0 * * * *",)),
            "its cron triggers are 0 * * * *, applied was * * * * *",
        ),
        (
            lambda world: world.workers.tags.update(wakes=world.workers.tags["wakes"][:1]),
            "differs from what was applied",
        ),
    ],
)
def test_what_others_changed_of_it_is_drift(change: Any, reason: str) -> None:
    world = World()
    world.apply(DAILY, **given())
    change(world)
    plan = world.apply(DAILY, **given())
    assert [(one.action, one.kind, one.reason) for one in plan.drift] == [
        (Action.REPAIR, Kind.WORKER, reason)
    ]
    assert world.plan(DAILY, **given()).empty


def test_a_plan_without_the_token_says_so_and_an_apply_changes_nothing() -> None:
    world = World()
    world.workers.unknown = "CLOUDFLARE_API_TOKEN is not set"
    plan = world.plan(DAILY, **given())
    assert (Action.CREATE, Kind.WORKER, "wakes") in changes(plan)
    assert any("CLOUDFLARE_API_TOKEN is not set" in one.message for one in plan.warnings)
    with pytest.raises(UnknownAccountError, match="the Worker wakes cannot be deployed"):
        world.carry_out(plan)
    assert world.files.files == {}


def test_an_account_that_does_not_answer_is_unknown_and_not_empty() -> None:
    world = World()
    world.apply(DAILY, **given())
    world.workers.unknown = "Cloudflare did not answer"
    assert world.plan(DAILY, **given()).empty
    plan = world.plan(DAILY, **given(replace(WORKER, key=2)))
    assert (Action.UPDATE, Kind.WORKER, "wakes") in changes(plan)


def test_a_worker_of_another_repository_refuses_the_plan() -> None:
    world = World()
    world.workers.tags["wakes"] = ("reconciler-owner-other",)
    plan = world.plan(DAILY, **given())
    assert plan.refusals[0].message == (
        "the Worker `wakes` belongs to another repository or app (other); Cloudflare account "
        "(cron triggers: none)"
    )


def test_the_refusal_names_the_command_that_takes_it_over() -> None:
    world = World()
    world.workers.tags["wakes"] = ("reconciler-owner-other",)
    remedy = world.plan(DAILY, **given()).refusals[0].remedy
    assert "take it over: reconcile cloudflare adopt --from other, with the same --env" in remedy


def test_a_worker_that_was_taken_over_is_replaced_and_the_plan_says_what_goes() -> None:
    world = World()
    world.apply(DAILY, **given())
    ours = world.workers.tags["wakes"][0]
    world = World()
    world.workers.tags["wakes"] = (ours, "team-ops")
    world.workers.crons["wakes"] = ("0 * * * *", "5 6 * * *")
    plan = world.apply(DAILY, **given())
    change = next(one for one in plan.changes if one.kind is Kind.WORKER)
    assert change.action is Action.CREATE
    assert change.reason.endswith(
        "; it replaces the Worker that was taken over, whose cron triggers are 0 * * * *, 5 6 * * *"
    )
    assert world.workers.crons["wakes"] == ("* * * * *",)
    assert world.plan(DAILY, **given()).empty


def test_a_full_account_refuses_the_plan() -> None:
    world = World()
    world.workers.crons["shop"] = tuple(f"{minute} * * * *" for minute in range(5))
    plan = world.plan(DAILY, **given())
    assert "needs 1 cron trigger, and 0 of the account's 5 are free" in plan.refusals[0].message


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("crashes_at", list(Step))
@pytest.mark.parametrize("again", [DAILY, LATER])
def test_a_crash_before_any_step_is_completed_by_the_next_apply(
    crashes_at: Step, again: tuple[Any, ...]
) -> None:
    world = World()
    world.apply(DAILY[:1])

    def crash(step: Step) -> None:
        if step is crashes_at:
            raise CrashError

    try:
        world.apply(DAILY, crash, **given())
    except CrashError:
        world.later(minutes=20)
    world.apply(again, **given())
    assert world.plan(again, **given()).empty
    key = world.workers.keys["wakes"]["KEY"]
    entries = [entry for one in world.apps.stored.values() for entry in one.values()]
    assert f"trigger,wake {key}" in entries
