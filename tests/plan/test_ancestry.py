"""How a checkout stands to what is live: what a plan warns of, and what an apply refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import RefusedError
from reconciler.model.pointer import Pointer
from reconciler.plan import make_plan
from reconciler.plan.ancestry import Ancestry, Relation, require_current
from tests.plan.scenario import NOW, applied, desired, hourly, nothing

HERE, LIVE = "a" * 40, "b" * 40
OLD = f"commit {'a' * 12}"
KNOWN = f"commit {'b' * 12}"
UNKNOWN = f"whether this checkout contains what is live ({KNOWN}) is not known: "
LACKING = "it lacks commits that change settings or manifests"


def standing(relation: Relation, **more: object) -> Ancestry:
    return replace(Ancestry(relation, HERE, LIVE), **more)  # type: ignore[arg-type]  # of its fields


@pytest.mark.parametrize(
    ("relation", "warning"),
    [
        (Relation.CONTAINS, None),
        (Relation.OLDER, f"this checkout ({OLD}) is older than what is live ({KNOWN}): {LACKING}"),
        (
            Relation.DIVERGED,
            f"this checkout ({OLD}) has diverged from what is live ({KNOWN}): {LACKING}",
        ),
        (Relation.SHALLOW, f"{UNKNOWN}this clone is shallow"),
        (Relation.MISSING, f"{UNKNOWN}that commit is not in this clone"),
        (Relation.OUTSIDE, f"{UNKNOWN}this folder has no commit in git"),
        (
            Relation.UNNAMED,
            (
                "what is live was applied without a commit: whether this checkout contains it is "
                "not known"
            ),
        ),
    ],
)
def test_a_checkout_that_may_lack_what_is_live_is_warned_of_unless_it_is_named(
    relation: Relation, warning: str | None
) -> None:
    assert standing(relation).warning == warning
    assert standing(relation, on_purpose=True).warning is None


@pytest.mark.parametrize("relation", Relation)
def test_an_apply_refuses_what_it_is_warned_of_but_for_a_live_state_without_a_commit(
    relation: Relation,
) -> None:
    refused = relation not in {Relation.CONTAINS, Relation.UNNAMED}
    assert standing(relation).refused is refused
    assert not standing(relation, on_purpose=True).refused
    require_current(None)
    require_current(standing(relation, on_purpose=True))
    if not refused:
        require_current(standing(relation))
        return
    with pytest.raises(RefusedError) as caught:
        require_current(standing(relation))
    assert caught.value.what == f"{standing(relation).warning}; nothing was applied"


NEWEST = " In CI, run the job of the newest commit."
ON_PURPOSE = " To roll back on purpose, pass --at COMMIT; to apply this checkout all the same, "
FORCED = (
    " Where it was replaced on purpose (an amended commit, a force-push), look at the plan and "
    "pass --allow-older."
)


@pytest.mark.parametrize(
    ("ancestry", "remedy"),
    [
        (
            standing(Relation.OLDER),
            (
                f"Update the branch to one that contains that commit: git pull.{NEWEST}{ON_PURPOSE}"
                "--allow-older."
            ),
        ),
        (
            standing(Relation.OLDER, detached=True),
            f"Check out a branch that contains that commit.{NEWEST}{ON_PURPOSE}--allow-older.",
        ),
        (
            standing(Relation.DIVERGED, detached=True),
            f"Where the live commit is still wanted, git merge {'b' * 12}.{FORCED}",
        ),
        (standing(Relation.MISSING, detached=True), f"Fetch it: git fetch origin.{FORCED}"),
        (
            standing(Relation.SHALLOW, detached=True),
            (
                "Fetch the history: git fetch --unshallow (in GitHub Actions: `fetch-depth: 0`)."
                f"{ON_PURPOSE}--allow-older."
            ),
        ),
        (
            replace(standing(Relation.OUTSIDE), commit=None),
            f"Run it in a clone of the repository.{ON_PURPOSE}--allow-older.",
        ),
    ],
)
def test_a_refusal_names_the_way_to_contain_what_is_live_and_the_way_past(
    ancestry: Ancestry, remedy: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        require_current(ancestry)
    assert caught.value.remedy == remedy


@pytest.mark.parametrize(
    ("commits", "lacking"),
    [
        (1, "it lacks 1 commit that changes settings or manifests (c0)"),
        (2, "it lacks 2 commits that change settings or manifests (c0, c1)"),
        (3, "it lacks 3 commits that change settings or manifests (c0, c1, c2)"),
        (4, "it lacks 4 commits that change settings or manifests (c0, c1, c2, and 1 more)"),
        (
            1_003,
            "it lacks 1,003 commits that change settings or manifests (c0, c1, c2, and 1,000 more)",
        ),
    ],
)
def test_of_the_commits_that_a_checkout_lacks_three_are_named(commits: int, lacking: str) -> None:
    lacks = tuple(f"c{number}" for number in range(commits))
    for relation in (Relation.OLDER, Relation.DIVERGED):
        assert str(standing(relation, lacks=lacks).warning).endswith(f": {lacking}")


@pytest.mark.parametrize(
    ("ancestry", "reason"),
    [
        (None, "is new in git"),
        (standing(Relation.CONTAINS), "is new in git"),
        (standing(Relation.MISSING), "is new in git"),
        (standing(Relation.CONTAINS, on_purpose=True), f"is in {OLD}"),
        (standing(Relation.OLDER), f"is in {OLD}, which is older than the live {KNOWN}"),
        (
            standing(Relation.DIVERGED, on_purpose=True),
            f"is in {OLD}, which has diverged from the live {KNOWN}",
        ),
    ],
)
def test_a_creation_says_no_more_than_is_known(ancestry: Ancestry | None, reason: str) -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW, ancestry=ancestry)
    assert [c.reason for c in plan.changes if c.name == "a" and c.kind == "schedule"] == [reason]


@pytest.mark.parametrize(
    ("ancestry", "reason"),
    [
        (None, "is no longer in git"),
        (standing(Relation.CONTAINS), "is no longer in git"),
        (standing(Relation.UNNAMED), "is no longer in git"),
        (standing(Relation.OLDER), f"is not in {OLD}, which is older than the live {KNOWN}"),
        (
            standing(Relation.DIVERGED),
            f"is not in {OLD}, which has diverged from the live {KNOWN}",
        ),
        (
            replace(standing(Relation.OUTSIDE), commit=None),
            f"is not in this folder, and the live {KNOWN} is not known here",
        ),
        (
            standing(Relation.SHALLOW),
            f"is not in {OLD}; whether that contains the live {KNOWN} is not known",
        ),
        (
            replace(standing(Relation.MISSING), live=None),
            f"is not in {OLD}; whether that contains the live commit unknown is not known",
        ),
    ],
)
def test_a_deletion_says_no_more_than_is_known(ancestry: Ancestry | None, reason: str) -> None:
    plan = make_plan(desired(hourly("b")), applied(hourly("b", "a")), NOW, ancestry=ancestry)
    assert [c.reason for c in plan.changes if c.name == "a" and c.kind == "schedule"] == [reason]


def rolled_back(pointer: Pointer | None) -> Pointer:
    assert pointer is not None
    return replace(pointer, commit=HERE, rolled_back_from=LIVE)


def test_a_plan_that_undoes_a_rollback_says_so_and_one_that_changes_nothing_does_not() -> None:
    live = applied(hourly("a"))
    live = replace(live, pointer=rolled_back(live.pointer))
    said = (
        f"what is live was rolled back on purpose, from {KNOWN} to {OLD}, and this checkout is "
        "ahead of it: this plan undoes the rollback"
    )
    assert said in [w.message for w in make_plan(desired(hourly("a", "b")), live, NOW).warnings]
    assert make_plan(desired(hourly("a")), live, NOW).warnings == ()
    again = replace(desired(hourly("a", "b")), head=LIVE)
    assert make_plan(again, live, NOW).warnings == ()


def test_a_plan_warns_with_the_remedy() -> None:
    ancestry = standing(Relation.SHALLOW)
    plan = make_plan(desired(hourly("a")), applied(hourly("a")), NOW, ancestry=ancestry)
    assert [warned.message for warned in plan.warnings] == [
        (
            f"{UNKNOWN}this clone is shallow. Fetch the history: git fetch --unshallow (in GitHub "
            "Actions: `fetch-depth: 0`)."
        )
    ]
