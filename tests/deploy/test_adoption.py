"""Taking over an app: only what is another's, and only when that one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.deploy.adoption import adoption
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Identity, Owner, Standing
from tests.plan.scenario import OWNER, applied, desired, hourly, nothing

AB = hourly("a", "b")
OTHER = Owner(identity=Identity("gitlab.com/x/acme/jobs", "schedules"), names=("acme/jobs",))
OURS, THEIRS = (replace(desired(AB), owner=owner) for owner in (OWNER, OTHER))


def test_where_nothing_is_deployed_there_is_nothing_to_adopt() -> None:
    with pytest.raises(ReconcileError, match="there is no app schedule-reconciler to adopt"):
        adoption(nothing(), OURS, None)


def test_an_app_that_is_ours_is_not_adopted() -> None:
    with pytest.raises(ReconcileError, match="is ours already"):
        adoption(applied(AB), OURS, None)


@pytest.mark.parametrize("named", [None, "", "acme/jobs", "gitlab.com/x/acme/other", str(OWNER)])
def test_the_owner_must_be_named_as_it_is(named: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        adoption(applied(AB), THEIRS, named)
    assert refused.value.command == f"adopt --from {OWNER.identity}"


def test_an_app_without_any_tag_of_its_owner_is_adopted_without_a_name() -> None:
    live = applied(AB)
    assert live.own is not None
    tags = {key: live.own.tags[key] for key in ("managed-by", "dispatcher")}
    taken = adoption(replace(live, own=replace(live.own, tags=tags), pointer=None), THEIRS, None)
    assert taken.pointer is None
    assert taken.tags is not None
    assert taken.tags["identity"] == OTHER.identity.digest
    assert taken.tags["dispatcher"] == live.own.tags["dispatcher"]


def test_an_app_that_bears_none_of_our_tags_is_adopted_without_a_name() -> None:
    live = applied(AB)
    assert live.own is not None
    theirs = replace(live.own, tags={"team": "ops", "secrets": "abc"})
    taken = adoption(replace(live, own=theirs, pointer=None), OURS, None)
    assert taken.tags == {
        "team": "ops",
        "managed-by": "schedule-reconciler",
        "repository": "acme-jobs",
        "identity": OWNER.identity.digest,
        "dispatcher": "unknown",
        "secrets": "abc",
    }


@pytest.mark.parametrize("text", ["full", "repository", "address"])
def test_an_owner_is_named_in_full_by_its_repository_or_by_an_address(text: str) -> None:
    identity = OWNER.identity
    named = {
        "full": str(identity),
        "repository": identity.repository,
        "address": "git@github.com:acme/jobs.git",
    }
    assert adoption(applied(AB), THEIRS, named[text]).pointer is not None


def test_where_no_pointer_says_the_owner_its_tag_names_it() -> None:
    live = replace(applied(AB), pointer=None)
    assert adoption(live, THEIRS, OWNER.identity.digest).pointer is None
    with pytest.raises(RefusedError):
        adoption(live, THEIRS, str(OWNER.identity))


@pytest.mark.parametrize(("descends", "kept"), [(True, True), (None, True), (False, False)])
def test_a_commit_of_another_repository_is_not_taken_over(
    descends: bool | None, kept: bool
) -> None:
    theirs = replace(THEIRS, standing=Standing(descends=descends))
    taken = adoption(applied(AB), theirs, str(OWNER.identity))
    assert taken.pointer is not None
    assert taken.pointer.commit == ("c" * 40 if kept else None)


def test_a_clone_without_a_remote_does_not_adopt_what_has_one() -> None:
    clone = Owner(identity=Identity("local:0f0f", "schedules"), names=("jobs",))
    with pytest.raises(RefusedError, match="git remote add origin"):
        adoption(applied(AB), replace(OURS, owner=clone), str(OWNER.identity))


def test_of_an_app_that_is_gone_the_files_are_adopted() -> None:
    taken = adoption(replace(applied(AB), own=None), THEIRS, str(OWNER.identity))
    assert taken.tags is None
    assert taken.pointer is not None
    assert taken.pointer.identity == str(OTHER.identity)
