"""Taking over an app: only what is another's, and only when that one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.deploy.adoption import adoption
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Identity, Owner
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


def test_of_an_app_that_is_gone_the_files_are_adopted() -> None:
    taken = adoption(replace(applied(AB), own=None), THEIRS, str(OWNER.identity))
    assert taken.tags is None
    assert taken.pointer is not None
    assert taken.pointer.identity == str(OTHER.identity)
