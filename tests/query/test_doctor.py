"""What ``reconcile doctor`` checks, and what it says to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.plan.tags import VOLUME_TAG
from reconciler.query.checks import Check, CheckVerdict
from reconciler.query.doctor import examine
from reconciler.render.doctor import doctor_document, doctor_text, is_well
from reconciler.render.output_schema import output_schemas
from reconciler.render.style import Style
from tests.deploy.scenario import World
from tests.plan.scenario import desired, hourly

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass
class FakeAccount:
    """What Modal says of the credentials."""

    names: Sequence[str] = ("main", "production")
    now: datetime | None = NOW
    error: Exception | None = None

    async def workspace(self) -> str:
        if self.error is not None:
            raise self.error
        return "acme"

    async def environments(self) -> Sequence[str]:
        return self.names

    async def time(self) -> datetime | None:
        return self.now


def checks(account: FakeAccount, world: World | None = None) -> dict[str, Check]:
    world = World() if world is None else world
    found = asyncio.run(examine(account, world.workspace, desired(()).settings))
    return {check.what: check for check in found}


def applied() -> World:
    world = World()
    world.apply(hourly("a"))
    return world


def test_after_an_apply_all_is_well_and_it_is_said_who_holds_the_crons() -> None:
    world = applied()
    world.hold_elsewhere(2)
    found = checks(FakeAccount(), world)
    assert {check.verdict for check in found.values()} == {CheckVerdict.OK}
    assert found["workspace"].found == "acme, reachable with these credentials"
    assert found["crons"].found == (
        "3 crons of 5: 1 of schedule-reconciler, theirs/tick0 in main, theirs/tick1 in main"
    )
    assert "applied by somebody at 2026-11-20T15:00:00Z" in found["generation"].found


def test_before_the_first_apply_nothing_is_a_problem() -> None:
    found = checks(FakeAccount())
    assert is_well(list(found.values()))
    assert found["app"].verdict is CheckVerdict.NOTE
    assert found["app"].remedy == "Deploy it: reconcile apply"
    assert "All is well" not in doctor_text(list(found.values()), Style(False))


@pytest.mark.parametrize(
    ("error", "found", "remedy"),
    [
        (ReconcileError("no token", remedy="Make one."), "no token", "Make one."),
        (UnavailableError("no answer"), "no answer", "Check the network and the token, then run"),
    ],
)
def test_a_modal_that_cannot_be_asked_is_a_problem_with_its_remedy(
    error: Exception, found: str, remedy: str
) -> None:
    ((what, check),) = checks(FakeAccount(error=error)).items()
    assert (what, check.verdict, check.found) == ("Modal", CheckVerdict.PROBLEM, found)
    assert check.remedy is not None
    assert check.remedy.startswith(remedy)


def test_an_environment_that_is_not_there_is_named_with_those_that_are() -> None:
    found = checks(FakeAccount(names=["main"]))
    check = found["environments"]
    assert check.verdict is CheckVerdict.PROBLEM
    assert check.found == "there is no Modal environment production among: main"
    assert "crons" not in found, "what rests on it is left out"


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [(59, CheckVerdict.OK), (-59, CheckVerdict.OK), (61, CheckVerdict.PROBLEM)],
)
def test_a_clock_may_differ_by_a_minute(difference: int, verdict: CheckVerdict) -> None:
    check = checks(FakeAccount(now=NOW + timedelta(seconds=difference)))["clock"]
    assert check.verdict is verdict
    assert check.found == f"differs from Modal's by {abs(difference)} s"


def test_a_volume_that_is_gone_or_another_is_a_problem() -> None:
    world = applied()
    world.files.delete()
    assert checks(FakeAccount(), world)["volume"].verdict is CheckVerdict.PROBLEM
    world = applied()
    world.apps.apps = [
        replace(app, tags={**app.tags, VOLUME_TAG: "vo-other"}) if app.tags else app
        for app in world.apps.apps
    ]
    check = checks(FakeAccount(), world)["volume"]
    assert (check.verdict, check.remedy) == (CheckVerdict.PROBLEM, "Repair it: reconcile apply")


CHECKS = [
    Check("python", CheckVerdict.OK, "3.12.1"),
    Check("app", CheckVerdict.NOTE, "is not deployed yet", "Deploy it: reconcile apply"),
    Check(
        "clock", CheckVerdict.PROBLEM, "differs from Modal's by 90 s", "Set this machine's clock."
    ),
]


def test_each_check_is_a_line_with_its_remedy_below() -> None:
    assert doctor_text(CHECKS, Style(colour=False)).splitlines() == [
        "ok  python  3.12.1",
        "--  app     is not deployed yet",
        "            Deploy it: reconcile apply",
        "!!  clock   differs from Modal's by 90 s",
        "            Set this machine's clock.",
        "1 problem.",
    ]


def test_the_json_is_as_its_schema_says() -> None:
    document = json.loads(doctor_document(CHECKS).model_dump_json())
    jsonschema.validate(document, json.loads(output_schemas()["doctor.schema.json"]))
    assert document["well"] is False
