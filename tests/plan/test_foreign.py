"""What others deployed: what cannot be read is named, and decides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.cron import instant
from reconciler.manifest import Suspension
from reconciler.plan import Actual, DeployedCron, Unread, make_plan
from tests.plan.scenario import NOW, desired, foreign, hourly, nothing

FUNCTION = Unread("production", "theirs", "sync", "permission denied")
TEXT = Unread("production", "theirs", "sync", "Modal shows it as 'X()'", text="X()")
APP = Unread("production", "theirs", "", "permission denied")
ENVIRONMENT = Unread("prod", "", "", "permission denied")
ALL = Unread("", "", "", "permission denied")


def with_unread(*unread: Unread, crons: int = 0) -> Actual:
    return replace(nothing(*foreign(*(f"f{number}" for number in range(crons)))), unread=unread)


UNKNOWN = "its crons are unknown; Modal may refuse the deploy"


@pytest.mark.parametrize(
    ("unread", "subject", "consequence"),
    [
        (
            FUNCTION,
            "the function `theirs/sync` in the Modal environment `production` cannot be read",
            "it is counted as one cron, which packing leaves out of account",
        ),
        (
            TEXT,
            "the schedule of `theirs/sync` in the Modal environment `production` cannot be read",
            "it is counted as one cron",
        ),
        (
            APP,
            "the app `theirs` in the Modal environment `production` cannot be read",
            UNKNOWN,
        ),
        (ENVIRONMENT, "the apps of the Modal environment `prod` are not listed", UNKNOWN),
        (ALL, "the Modal environments other than ours are not listed", UNKNOWN),
    ],
)
def test_what_cannot_be_read_is_named(unread: Unread, subject: str, consequence: str) -> None:
    plan = make_plan(desired(hourly("a")), with_unread(unread), NOW)
    assert [warned.message for warned in plan.warnings] == [
        f"{subject}: {unread.why}; {consequence}"
    ]


@pytest.mark.parametrize("unread", [FUNCTION, APP, ENVIRONMENT, ALL])
def test_what_cannot_be_read_refuses_and_packs_nothing_differently(unread: Unread) -> None:
    for crons in range(5):
        schedules = desired(hourly(*(f"s{number}" for number in range(5 - crons))))
        known = make_plan(schedules, with_unread(crons=crons), NOW)
        plan = make_plan(schedules, with_unread(*[unread] * 5, crons=crons), NOW)
        assert plan.refusals == ()
        assert plan.slots == known.slots
        assert plan.digest == known.digest


def test_a_deploy_that_unreadable_functions_may_exceed_says_so() -> None:
    plan = make_plan(desired(hourly("a")), with_unread(FUNCTION, crons=4), NOW)
    (warned,) = plan.warnings
    assert warned.message.endswith("out of account; Modal may refuse the deploy")


def test_the_functions_of_an_app_that_cannot_be_read_are_not_missing() -> None:
    shop = replace(APP, app="shop")
    actual = replace(nothing(), targets={}, unread=(shop,))
    assert make_plan(desired(hourly("a")), actual, NOW).missing == ()
    other = replace(actual, unread=(replace(shop, environment="prod"),))
    assert len(make_plan(desired(hourly("a")), other, NOW).missing) == 1


def own_schedule(environment: str = "production") -> DeployedCron:
    return DeployedCron(environment, "shop", "sync", "0 6 * * * (UTC)")


def test_a_function_that_modal_runs_too_runs_twice_in_every_plan() -> None:
    actual = nothing(own_schedule())
    for _ in range(2):
        plan = make_plan(desired(hourly("a")), actual, NOW)
        (warned,) = plan.warnings
        assert warned.message.startswith(
            "a: shop/sync also has a Modal schedule of its own, 0 6 * * * (UTC), so it runs twice"
        )
        (schedule,) = plan.desired.schedules
        assert (warned.file, warned.line) == (schedule.location.file, schedule.location.line)
        actual = replace(actual, live=plan.generation)


def test_one_of_another_environment_or_without_a_schedule_does_not() -> None:
    assert make_plan(desired(hourly("a")), nothing(own_schedule("main")), NOW).warnings == ()


def test_what_is_suspended_or_ended_does_not_run_twice() -> None:
    (schedule,) = desired(hourly("a")).schedules
    later = instant(NOW) + timedelta(days=1)
    for still in (
        replace(schedule, suspension=Suspension()),
        replace(schedule, suspension=Suspension(until=later)),
        replace(schedule, end=NOW),
    ):
        plan = make_plan(replace(desired(()), schedules=(still,)), nothing(own_schedule()), NOW)
        assert plan.warnings == ()
    resumed = replace(schedule, suspension=Suspension(until=instant(NOW)))
    plan = make_plan(replace(desired(()), schedules=(resumed,)), nothing(own_schedule()), NOW)
    assert len(plan.warnings) == 1
