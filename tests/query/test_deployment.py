"""What `status` says of a deployment that is not as the last apply left it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.plan import Actual, Lost, Touch
from reconciler.plan.tags import VOLUME_TAG
from reconciler.query.deployment_drift import findings_of
from reconciler.query.status import DeploymentFinding
from tests.plan.scenario import NOW, applied, desired, hourly

AB = hourly("a", "b")
DESIRED = desired(AB)


def findings(actual: Actual) -> list[DeploymentFinding]:
    return list(findings_of(actual, DESIRED))


def test_what_is_as_it_was_applied_has_no_finding() -> None:
    assert findings(applied(AB)) == []


def test_where_nothing_was_applied_nothing_is_wrong() -> None:
    assert findings(Actual(own=None)) == []


def test_an_app_that_was_stopped_is_named_with_who_and_when() -> None:
    stopped = Touch("mallory", "2026-11-20T15:30:00Z")
    assert findings(replace(applied(AB), own=None, stopped=stopped)) == [
        DeploymentFinding(
            "app schedule-reconciler",
            "is not deployed: it was stopped by mallory at 2026-11-20T15:30:00Z",
            "Run reconcile, which repairs it.",
        )
    ]


def test_an_app_that_is_not_ours_is_named_and_its_functions_are_not_looked_at() -> None:
    live = applied(AB)
    assert live.own is not None
    for tags in ({}, {**live.own.tags, "identity": "0123456789abcdef"}):
        (finding,) = findings(replace(live, own=replace(live.own, tags=tags, slots=())))
        assert finding.what == "app schedule-reconciler"
        assert "adopt" in finding.remedy


def test_a_volume_that_was_made_again_is_named_also_when_its_files_are_lost() -> None:
    live = applied(AB)
    lost = replace(live, volume="vo-2", pointer=None, live=None, lost=Lost(since=NOW, schedules=2))
    assert live.own is not None
    assert live.own.tags[VOLUME_TAG] == "vo-1"
    for actual in (replace(live, volume="vo-2"), lost):
        (finding,) = findings(actual)
        assert finding.what == "volume schedule-reconciler"
        assert finding.reason.startswith("was deleted and made again: no schedule runs")


def test_a_generation_that_is_lost_is_named() -> None:
    damage = "was removed: no schedule runs"
    (finding,) = findings(
        replace(applied(AB), live=None, live_damage=damage, lost=Lost(since=NOW, begun={"a": NOW}))
    )
    assert (finding.what.split()[0], finding.reason) == ("generation", damage)


def test_a_slot_that_is_gone_is_named() -> None:
    live = applied(AB)
    assert live.own is not None
    (finding,) = findings(replace(live, own=replace(live.own, slots=live.own.slots[1:])))
    assert finding.what == "slot a"
    assert finding.reason.startswith("does not wake: 0 * * * * (UTC) is not deployed")
