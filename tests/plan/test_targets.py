"""Whether the functions exist that schedules call, and which may have been meant."""

from __future__ import annotations

import pytest

from reconciler.plan.targets import MissingTarget, missing_targets
from tests.plan.scenario import schedules

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
