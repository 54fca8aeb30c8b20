"""Which names git's commits lead to, commit by commit."""

from __future__ import annotations

import pytest

from reconciler.plan.past import Hop, Past, RenameStep, way


def step(commit: int, name: str, *formerly: str) -> RenameStep:
    return RenameStep(f"{commit:x}" * 40, name, formerly)


def hops(past: Past, name: str, *formerly: str) -> dict[str, tuple[str, str | None, bool]]:
    """Each other name, the one that it leads to, the first digit of the commit that says so."""
    return {
        old: (hop.to, hop.commit and hop.commit[0], hop.undone)
        for old, hop in past.trace(name, formerly).items()
    }


def test_what_the_manifest_says_needs_no_commit() -> None:
    assert hops(Past(), "new", "new", "mid", "old") == {
        "mid": ("new", None, False),
        "old": ("new", None, False),
    }


@pytest.mark.parametrize(
    ("since", "formerly", "found"),
    [
        ((step(2, "other", "old"),), (), {}),
        ((step(2, "new", "old"),), (), {"old": ("new", "2", False)}),
        ((step(2, "mid", "old"),), ("mid",), {"old": ("mid", "2", False)}),
        (
            (step(2, "new", "mid", "old"),),
            (),
            {"mid": ("new", "2", False), "old": ("new", "2", False)},
        ),
        # Before it was old it was called new: that leads nowhere else.
        ((step(3, "new", "old"), step(2, "old", "new")), (), {"old": ("new", "3", False)}),
        # Both were earlier names of the planned one, whatever they were to each other before.
        ((step(2, "b", "a"),), ("a", "b"), {"a": ("new", None, False)}),
        # The commit before that rename already says so: that one made it.
        ((step(3, "new", "old"), step(2, "new", "old")), (), {"old": ("new", "2", False)}),
        # A name that is reached by a newer commit is not looked for in one before.
        ((step(3, "mid", "old"), step(2, "new", "mid")), (), {"mid": ("new", "2", False)}),
    ],
)
def test_the_commits_that_are_new_lead_from_earlier_names(
    since: tuple[RenameStep, ...],
    formerly: tuple[str, ...],
    found: dict[str, tuple[str, str | None, bool]],
) -> None:
    told = hops(Past(since=since), "new", *formerly)
    assert {old: told[old] for old in found} == found
    assert told.keys() == {*found, *formerly}


@pytest.mark.parametrize(
    ("undone", "formerly", "found"),
    [
        ((step(2, "later", "new"),), (), {"later": ("new", "2", True)}),
        ((step(2, "later", "old"),), ("old",), {"later": ("old", "2", True)}),
        ((step(2, "later", "x", "new"),), (), {"later": ("new", "2", True)}),
        ((step(2, "later", "x"),), (), {}),
        # The planned commit lacks these renames, and has what they led to by other means.
        ((step(2, "new", "old"),), ("old",), {}),
        ((step(2, "b", "a"),), ("a", "b"), {}),
        (
            (step(2, "later", "new"), step(3, "latest", "later")),
            (),
            {"later": ("new", "2", True), "latest": ("later", "3", True)},
        ),
    ],
)
def test_the_commits_that_are_taken_back_lead_from_later_names(
    undone: tuple[RenameStep, ...],
    formerly: tuple[str, ...],
    found: dict[str, tuple[str, str | None, bool]],
) -> None:
    before = dict.fromkeys(formerly, ("new", None, False))
    assert hops(Past(undone=undone), "new", *formerly) == {**before, **found}


def test_the_way_from_a_live_name_is_every_rename_in_turn() -> None:
    found = Past(since=(step(3, "new", "mid"), step(2, "mid", "old"))).trace("new", ())
    assert way(found, "old", "new") == (Hop("mid", "2" * 40), Hop("new", "3" * 40))
    assert way(found, "new", "new") == ()
