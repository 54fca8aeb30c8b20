"""Whether the functions exist that schedules call, and which may have been meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.generation import Retired
from reconciler.plan.state import LiveTarget, Touch
from reconciler.plan.tags import MANAGED_BY, MANAGED_TAG, TARGET_OF_TAG, tag_value
from reconciler.plan.target_changes import retiring_targets
from reconciler.plan.targets import MissingTarget, missing_targets
from tests.plan.scenario import NOW, desired, nothing, schedules

SHOP = {"shop": frozenset({"sync", "Mailer.*"})}


def missing(target: str, deployed: dict[str, frozenset[str]]) -> list[MissingTarget]:
    (schedule,) = schedules(f"name: a\nschedule: 1d\nfunction: {target}")
    return list(missing_targets([schedule], deployed))


@pytest.mark.parametrize("target", ["shop/sync", "shop/Mailer.send"])
def test_a_deployed_function_or_method_is_not_missing(target: str) -> None:
    assert missing(target, SHOP) == []


@pytest.mark.parametrize("target", ["shop/Mailer", "shop/Other.send", "shop/sync.run", "store/zap"])
def test_what_is_not_deployed_is_missing(target: str) -> None:
    assert len(missing(target, SHOP)) == 1


def test_names_that_are_alike_are_suggested_at_most_three() -> None:
    alike = frozenset(f"report{number}" for number in range(5))
    (found,) = missing("shop/report", {"shop": alike})
    assert len(found.near) == 3
    assert found.remedy.startswith(f"did you mean {' or '.join(found.near)}? Otherwise deploy it")


def test_where_no_name_is_alike_three_of_the_app_are_suggested_and_else_none() -> None:
    deployed = {"shop": frozenset("dcba"), "zoo": frozenset({"feed"})}
    (found,) = missing("shop/reconciliation", deployed)
    assert found.near == ("shop/a", "shop/b", "shop/c")
    (found,) = missing("elsewhere/reconciliation", deployed)
    assert found.near == ()
    assert found.remedy == "deploy it, or correct `function:` in the manifest"


def test_the_functions_of_an_app_that_could_not_be_read_and_other_targets_go_on() -> None:
    two = schedules(
        "name: a\nschedule: 1d\nfunction: shop/x\n---\nname: b\nschedule: 1d\nfunction: zoo/x"
    )
    assert [one.schedule.name for one in missing_targets(two, {}, frozenset({"shop"}))] == ["b"]
    three = (two[0], *two)
    assert len(list(missing_targets(three, {}, frozenset({"zoo"})))) == 2


def test_a_server_is_distinguished_in_its_own_app_alone() -> None:
    (schedule,) = schedules("name: a\nschedule: 1d\nfunction: shop/Site.get")
    servers = {"zoo": frozenset({"Site"}), "shop": frozenset({"Other"})}
    (found,) = missing_targets([schedule], {}, servers=servers)
    assert not found.server


@pytest.mark.parametrize(
    ("deployed", "since"),
    [(None, NOW), (Touch(None, "2026-11-20T12:00:00Z"), NOW - 3 * 60)],
)
def test_an_app_of_ours_that_no_generation_knows_stays_for_as_long_as_a_supervisor_lives(
    deployed: Touch | None, since: int
) -> None:
    wanted = desired(())
    tags = {MANAGED_TAG: MANAGED_BY, TARGET_OF_TAG: tag_value(wanted.settings.app)}
    left = LiveTarget(app="left", id="ap-1", tags=tags, functions={}, deployed=deployed)
    (one,) = retiring_targets(replace(nothing(), code_targets={"left": left}), (), wanted, NOW)
    assert one.retired == Retired(since + 24 * 60, "")
