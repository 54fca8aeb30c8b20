"""Whose the app is: ours as it stands, ours to upgrade, or another owner's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan import (
    Actual,
    Desired,
    Identity,
    Kind,
    Owner,
    Plan,
    SafetyRule,
    Standing,
    make_plan,
)
from tests.plan.scenario import NOW, OWNER, after, applied, desired, hourly

OURS = OWNER.identity
PAYMENTS = Owner(identity=Identity("gitlab.com/acme/payments/prod/jobs", "schedules"), names=("x",))
SEARCH = Owner(identity=Identity("gitlab.com/acme/search/prod/jobs", "schedules"), names=("x",))
CLONE = Owner(identity=Identity("local:0f0f0f0f0f0f0f0f", "schedules"), names=("jobs",))
OTHER_CLONE = Owner(identity=Identity("local:1e1e1e1e1e1e1e1e", "schedules"), names=("jobs",))
LIVE = "c" * 40


def of(owner: Owner, environment: str = "production", **standing: Any) -> Desired:
    """What a clone of that owner wants."""
    wanted = desired(hourly("a"), name=environment)
    return replace(wanted, owner=owner, standing=Standing(**standing))


def live_of(owner: Owner) -> Actual:
    """What that owner has applied."""
    first = make_plan(of(owner), replace(applied(hourly("a")), own=None, pointer=None), NOW)
    return after(first)


def before_identities(live: Actual, tag: str = "acme-jobs") -> Actual:
    """The same as version 0.1.0 leaves it behind."""
    assert live.own is not None
    assert live.pointer is not None
    tags = {key: value for key, value in live.own.tags.items() if key != "identity"}
    return replace(
        live,
        own=replace(live.own, tags={**tags, "repository": tag}),
        pointer=replace(live.pointer, identity=None),
    )


def refusal(plan: Plan) -> tuple[str, str]:
    (found,) = plan.refusals
    assert found.rule is SafetyRule.FOREIGN_APP
    return found.message, found.remedy


def upgrade(plan: Plan) -> str:
    assert plan.refusals == ()
    (change,) = (change for change in plan.changes if change.kind is Kind.APP)
    return change.reason


def upgrade_of(plan: Plan) -> str:
    """The reason of an upgrade beside other changes of the app."""
    assert plan.refusals == ()
    (reason,) = (change.reason for change in plan.changes if "owner" in (change.before or {}))
    return reason


def test_what_we_applied_is_ours_and_there_is_nothing_to_do() -> None:
    assert make_plan(of(OWNER), live_of(OWNER), NOW).empty


def test_another_repository_is_refused_with_both_shown_in_full() -> None:
    message, remedy = refusal(make_plan(of(SEARCH), live_of(PAYMENTS), NOW))
    assert message == (
        "the app schedule-reconciler is managed from gitlab.com/acme/payments/prod/jobs//schedules,"
        " and this is gitlab.com/acme/search/prod/jobs//schedules"
    )
    assert remedy == (
        "set another `app:` in reconciler.yaml, or take it over: reconcile adopt --from "
        "gitlab.com/acme/payments/prod/jobs//schedules --env production"
    )


def test_where_no_pointer_says_the_owner_it_is_named_by_its_tag() -> None:
    live = replace(live_of(PAYMENTS), pointer=None)
    message, remedy = refusal(make_plan(of(SEARCH), live, NOW))
    assert f"is managed from {PAYMENTS.identity.digest}, and this is" in message
    assert f"adopt --from {PAYMENTS.identity.digest} --env production" in remedy


def test_a_pointer_of_another_owner_does_not_explain_the_tag() -> None:
    live = replace(live_of(PAYMENTS), pointer=live_of(OWNER).pointer)
    message, _ = refusal(make_plan(of(SEARCH), live, NOW))
    assert PAYMENTS.identity.digest in message


def test_an_app_without_our_tags_is_refused() -> None:
    live = live_of(OWNER)
    assert live.own is not None
    live = replace(live, own=replace(live.own, tags={}))
    message, remedy = refusal(make_plan(of(OWNER), live, NOW))
    assert "is not managed by schedule-reconciler" in message
    assert remedy.endswith("or take it over: reconcile adopt --env production")


def test_a_stopped_app_leaves_a_volume_that_has_an_owner() -> None:
    stopped = replace(live_of(PAYMENTS), own=None)
    message, _ = refusal(make_plan(of(SEARCH), stopped, NOW))
    assert "is managed from gitlab.com/acme/payments/prod/jobs//schedules" in message
    assert make_plan(of(PAYMENTS), stopped, NOW).refusals == ()


@pytest.mark.parametrize("descends", [False, True])
def test_what_an_app_without_a_known_owner_left_on_the_volume_is_ours_by_its_commit(
    descends: bool,
) -> None:
    stopped = replace(before_identities(live_of(OWNER)), own=None)
    plan = make_plan(of(OWNER, descends=descends), stopped, NOW)
    if descends:
        assert upgrade_of(plan) == (
            "its owner is not recorded, now github.com/acme/jobs//schedules: the commit that is "
            "live is part of this repository"
        )
        return
    message, remedy = refusal(plan)
    assert message == (
        "the Volume schedule-reconciler holds schedules that version 0.1.0 applied without their "
        f"owner, and commit {LIVE[:12]}, which is live, is not in the history of HEAD; this is "
        "github.com/acme/jobs//schedules"
    )
    assert remedy == (
        "update the branch if that commit is yours, set another `app:` in reconciler.yaml, or take "
        "it over: reconcile adopt --env production"
    )


def test_where_nothing_was_ever_applied_nothing_has_an_owner() -> None:
    fresh = replace(live_of(PAYMENTS), own=None, pointer=None, live=None)
    assert make_plan(of(SEARCH), fresh, NOW).refusals == ()


def test_our_tag_is_enough_where_the_pointer_is_gone() -> None:
    plan = make_plan(of(OWNER), replace(live_of(OWNER), pointer=None), NOW)
    assert plan.refusals == ()
    assert [change for change in plan.changes if change.kind is Kind.APP] == []


def test_offline_no_app_can_be_anothers() -> None:
    offline = replace(live_of(PAYMENTS), revision="HEAD~1")
    assert make_plan(of(SEARCH), offline, NOW).refusals == ()


# The folder


def moved(folder: str) -> Owner:
    return replace(OWNER, identity=Identity(OURS.repository, folder))


def test_a_folder_that_has_moved_is_upgraded_and_shown() -> None:
    plan = make_plan(of(moved("ops/crons"), vacated=True), live_of(OWNER), NOW)
    assert upgrade(plan) == (
        "its owner is github.com/acme/jobs//schedules, now github.com/acme/jobs//ops/crons: "
        "the manifests have moved from schedules"
    )
    assert make_plan(of(moved("ops/crons")), after(plan), NOW).empty


def test_another_folder_that_still_holds_manifests_is_another_owner() -> None:
    message, remedy = refusal(make_plan(of(moved("team-b/schedules")), live_of(OWNER), NOW))
    assert message.endswith(
        "this is github.com/acme/jobs//team-b/schedules: the folder schedules still holds manifests"
    )
    assert "adopt --from github.com/acme/jobs//schedules --env production" in remedy


# A clone without a remote


def test_two_clones_without_a_remote_are_two_owners() -> None:
    message, remedy = refusal(make_plan(of(OTHER_CLONE), live_of(CLONE), NOW))
    assert "managed from local:0f0f0f0f0f0f0f0f//schedules" in message
    assert "adopt --from local:0f0f0f0f0f0f0f0f --env production" in remedy


def test_the_clone_that_holds_the_id_upgrades_once_it_has_a_remote() -> None:
    holder = replace(OWNER, held=CLONE.identity)
    plan = make_plan(of(holder), live_of(CLONE), NOW)
    assert upgrade(plan) == (
        "its owner is local:0f0f0f0f0f0f0f0f//schedules, now github.com/acme/jobs//schedules: "
        "this clone holds that id"
    )
    assert make_plan(of(holder), after(plan), NOW).empty
    assert make_plan(of(OWNER), after(plan), NOW).empty, "CI is not locked out"


def test_it_upgrades_by_the_tag_alone_and_when_the_folder_moves_as_well() -> None:
    holder = replace(OWNER, held=CLONE.identity)
    without_pointer = replace(live_of(CLONE), pointer=None)
    assert make_plan(of(holder), without_pointer, NOW).refusals == ()
    both = replace(moved("ops"), held=Identity(CLONE.identity.repository, "ops"))
    assert "have moved" in upgrade(make_plan(of(both, vacated=True), live_of(CLONE), NOW))
    assert make_plan(of(both), live_of(CLONE), NOW).refusals != ()


def test_elsewhere_the_id_is_named_for_adopt() -> None:
    _, remedy = refusal(make_plan(of(OWNER), live_of(CLONE), NOW))
    assert remedy == (
        "apply once from the clone that holds this id, set another `app:` in reconciler.yaml, or "
        "take it over: reconcile adopt --from local:0f0f0f0f0f0f0f0f --env production"
    )


def test_the_remedy_of_a_clone_without_a_remote_is_to_add_it_and_not_to_adopt() -> None:
    message, remedy = refusal(make_plan(of(CLONE), live_of(OWNER), NOW))
    assert "managed from github.com/acme/jobs//schedules, and this is local:" in message
    assert "git remote add origin URL" in remedy
    assert "adopt" not in remedy


def test_a_clone_without_a_remote_may_adopt_what_is_not_known_to_have_one() -> None:
    """A digest names no repository, and the engine of ``local`` is in the clone itself."""
    without_pointer = replace(live_of(OWNER), pointer=None)
    _, remedy = refusal(make_plan(of(CLONE), without_pointer, NOW))
    assert f"adopt --from {OURS.digest} --env production" in remedy
    _, remedy = refusal(make_plan(of(CLONE, "local"), live_of(OWNER), NOW))
    assert "adopt --from github.com/acme/jobs//schedules" in remedy
    assert "git remote" not in remedy


def test_the_id_that_a_clone_holds_opens_no_other_app() -> None:
    holder = replace(OWNER, held=CLONE.identity)
    for live in (live_of(PAYMENTS), live_of(OTHER_CLONE)):
        refusal(make_plan(of(holder), live, NOW))
        refusal(make_plan(of(holder), replace(live, pointer=None), NOW))


@pytest.mark.parametrize(
    ("owner", "environment", "warned"),
    [
        (CLONE, "production", True),
        (CLONE, "local", False),
        (replace(OWNER, identity=Identity("/srv/git/jobs", "schedules")), "production", True),
        (OWNER, "production", False),
    ],
)
def test_an_owner_that_only_this_machine_knows_is_a_warning_outside_local(
    owner: Owner, environment: str, warned: bool
) -> None:
    plan = make_plan(of(owner, environment), replace(live_of(owner), own=None, pointer=None), NOW)
    about = [item.message for item in plan.warnings if str(owner.identity) in item.message]
    assert bool(about) == warned
    assert all("git remote" in message for message in about)


# The tag of version 0.1.0


@pytest.mark.parametrize("tag", ["acme-jobs", "Acme-Jobs", "jobs"])
def test_an_old_tag_of_ours_is_upgraded_when_the_live_commit_is_in_our_history(tag: str) -> None:
    plan = make_plan(of(OWNER, descends=True), before_identities(live_of(OWNER), tag), NOW)
    assert upgrade(plan) == (
        f"its owner is {tag}, now github.com/acme/jobs//schedules: the commit that is live is part "
        "of this repository"
    )
    assert plan.tags["repository"] == tag, "version 0.1.0 still knows the app as its own"
    assert make_plan(of(OWNER), after(plan), NOW).empty


def test_an_old_tag_of_ours_on_a_commit_that_is_not_ours_is_refused() -> None:
    live = before_identities(live_of(OWNER))
    message, remedy = refusal(make_plan(of(OWNER, descends=False), live, NOW))
    assert "bears the tag acme-jobs of version 0.1.0, which several repositories may share" in (
        message
    )
    assert f"commit {LIVE[:12]}, which is live, is not in the history of HEAD" in message
    assert "adopt --from acme-jobs --env production" in remedy


def test_in_a_shallow_clone_an_old_tag_is_refused_with_the_way_to_fetch_the_history() -> None:
    live = before_identities(live_of(OWNER))
    message, remedy = refusal(make_plan(of(OWNER, descends=None), live, NOW))
    assert "is unknown, since the clone is shallow" in message
    assert "`fetch-depth: 0`" in remedy
    assert "adopt --from acme-jobs" in remedy


def test_an_old_tag_without_a_commit_proves_nothing_but_in_local() -> None:
    live = before_identities(live_of(OWNER))
    assert live.pointer is not None
    live = replace(live, pointer=replace(live.pointer, commit=None))
    message, _ = refusal(make_plan(of(OWNER, descends=False), live, NOW))
    assert "no commit is recorded as live" in message
    assert make_plan(of(OWNER, "local", descends=False), live, NOW).refusals == ()


def test_an_app_without_any_tag_of_its_owner_is_refused() -> None:
    live = before_identities(live_of(OWNER), "")
    message, remedy = refusal(make_plan(of(OWNER, descends=True), live, NOW))
    assert message == (
        "the app schedule-reconciler bears no tag that names its owner; this is "
        "github.com/acme/jobs//schedules"
    )
    assert remedy == (
        "set another `app:` in reconciler.yaml, or take it over: reconcile adopt --env production"
    )


def test_an_old_tag_of_another_repository_is_refused_whatever_the_commit_says() -> None:
    live = before_identities(live_of(OWNER), "x-y")
    message, remedy = refusal(make_plan(of(OWNER, descends=True), live, NOW))
    assert "managed from x-y, and this is github.com/acme/jobs//schedules" in message
    assert "adopt --from x-y --env production" in remedy


def test_a_pointer_that_names_another_owner_than_the_tag_is_put_right() -> None:
    live = replace(live_of(OWNER), pointer=live_of(PAYMENTS).pointer)
    assert upgrade_of(make_plan(of(OWNER), live, NOW)) == (
        "its owner is gitlab.com/acme/payments/prod/jobs//schedules, now "
        "github.com/acme/jobs//schedules: the app bears the tag of this owner"
    )


def test_a_pointer_that_lost_its_owner_gets_it_back() -> None:
    live = live_of(OWNER)
    assert live.pointer is not None
    live = replace(live, pointer=replace(live.pointer, identity=None))
    plan = make_plan(of(OWNER), live, NOW)
    assert upgrade(plan) == (
        "its owner is not recorded, now github.com/acme/jobs//schedules: the app bears the tag of "
        "this owner"
    )
    assert make_plan(of(OWNER), after(plan), NOW).empty
