"""Renames that were committed one after the other and applied at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest import Schedule
from reconciler.plan import Action, Actual, Desired, Kind, Lost, Plan, SafetyRule, make_plan
from reconciler.plan.chains import commit_to_follow
from reconciler.plan.past import Past, RenameStep
from tests.plan.scenario import NOW, after, applied, desired, nothing, schedules, told

LATER = NOW + 60


def manifest(name: str, *keys: str) -> str:
    return "\n".join([f"name: {name}", 'schedule: "0 * * * *"', *keys])


def manifests(*texts: str) -> tuple[Schedule, ...]:
    return schedules("\n---\n".join(texts))


def id_of(commit: int) -> str:
    return f"{commit:x}" * 40


def step(commit: int, name: str, *formerly: str) -> RenameStep:
    return RenameStep(id_of(commit), name, formerly)


def planned(live: Actual, past: Past, *texts: str) -> Plan:
    return make_plan(with_past(past, *texts), live, LATER)


def with_past(past: Past, *texts: str) -> Desired:
    return replace(desired(manifests(*texts)), past=past)


def warnings(plan: Plan) -> list[str]:
    return [warning.message for warning in plan.warnings]


OLD = applied(manifests(manifest("old")))


def test_a_chain_of_renames_is_followed_and_the_plan_says_which_commits_say_so() -> None:
    past = Past(since=(step(3, "new", "mid"), step(2, "mid", "old")))
    plan = planned(OLD, past, manifest("new", "formerly: mid"))
    assert told(plan)[0] == ("rename", "schedule", "new")
    assert plan.changes[0].reason == (
        f"was old, which became mid in commit {'2' * 12} and became new in commit {'3' * 12}; its "
        "history moves along"
    )
    assert plan.generation.by_name["new"].anchor == NOW
    assert plan.warnings == ()
    assert planned(after(plan), Past(), manifest("new", "formerly: mid")).empty


def test_a_rename_that_is_not_committed_yet_ends_a_chain() -> None:
    plan = planned(OLD, Past(since=(step(2, "mid", "old"),)), manifest("new", "formerly: mid"))
    assert plan.changes[0].reason == (
        f"was old, which became mid in commit {'2' * 12} and became new; its history moves along"
    )


def test_a_chain_is_followed_when_the_manifest_names_no_earlier_name_any_more() -> None:
    past = Past(since=(step(3, "new", "mid"), step(2, "mid", "old")))
    assert told(planned(OLD, past, manifest("new")))[0] == ("rename", "schedule", "new")


def test_a_commit_that_repeats_an_earlier_name_is_not_the_one_that_renamed() -> None:
    repeated = (step(4, "new", "mid"), step(3, "new", "mid"), step(2, "mid", "old"))
    plan = planned(OLD, Past(since=repeated), manifest("new", "formerly: mid"))
    assert f"became new in commit {'3' * 12}" in plan.changes[0].reason


def test_a_rollback_to_a_name_that_was_never_applied_gives_it_the_history() -> None:
    """Live is `new`, which was `old` at the apply before; the rollback is to `mid` between."""
    live = after(
        planned(
            OLD,
            Past(since=(step(3, "new", "mid"), step(2, "mid", "old"))),
            manifest("new", "formerly: mid"),
        )
    )
    plan = planned(live, Past(undone=(step(3, "new", "mid"),)), manifest("mid", "formerly: old"))
    assert told(plan)[0] == ("rename", "schedule", "mid")
    assert plan.changes[0].reason == (
        f"was new, which was mid before commit {'3' * 12}; its history moves along"
    )
    assert plan.generation.by_name["mid"].anchor == NOW


def test_a_chain_is_followed_from_one_branch_to_another() -> None:
    live = applied(manifests(manifest("theirs")))
    past = Past(since=(step(3, "ours", "base"),), undone=(step(2, "theirs", "base"),))
    plan = planned(live, past, manifest("ours", "formerly: base"))
    assert plan.changes[0].reason == (
        f"was theirs, which was base before commit {'2' * 12} and became ours in commit "
        f"{'3' * 12}; its history moves along"
    )


def test_a_schedule_that_was_renamed_back_and_on_keeps_its_history() -> None:
    past = Past(
        since=(
            step(5, "new", "b"),
            step(4, "b", "old"),
            step(3, "old", "a"),
            step(2, "a", "old"),
        )
    )
    assert told(planned(OLD, past, manifest("new", "formerly: b")))[0] == (
        "rename",
        "schedule",
        "new",
    )


def test_a_protected_schedule_can_be_renamed_by_a_chain() -> None:
    live = applied(manifests(manifest("old", "protect: true")))
    past = Past(since=(step(2, "mid", "old"),))
    plan = planned(live, past, manifest("new", "protect: true", "formerly: mid"))
    assert plan.refusals == ()


def test_of_two_schedules_that_were_one_no_one_gets_the_history_and_both_are_named() -> None:
    past = Past(since=(step(3, "m2", "old"), step(2, "m1", "old")))
    plan = planned(OLD, past, manifest("a", "formerly: m1"), manifest("b", "formerly: m2"))
    assert told(plan)[:3] == [
        ("create", "schedule", "a"),
        ("create", "schedule", "b"),
        ("delete", "schedule", "old"),
    ]
    (message,) = warnings(plan)
    assert message == (
        f"a and b: git says of each that it was old (became m1 in commit {'2' * 12} and became a; "
        f"became m2 in commit {'3' * 12} and became b); a history moves to one schedule, so old is "
        "deleted and they begin without one; to move it, add old to the `formerly` of one of them"
    )


def test_what_a_manifest_says_counts_more_than_a_chain() -> None:
    past = Past(since=(step(2, "m1", "old"),))
    plan = planned(OLD, past, manifest("a", "formerly: m1"), manifest("b", "formerly: old"))
    assert told(plan)[:2] == [("create", "schedule", "a"), ("rename", "schedule", "b")]
    (message,) = warnings(plan)
    assert message == (
        f"a: git says that it was old, which became m1 in commit {'2' * 12} and became a; b names "
        "old in its `formerly` and takes that history, so a begins without one"
    )


def test_a_name_that_is_in_git_again_keeps_its_history() -> None:
    past = Past(since=(step(2, "mid", "old"),))
    plan = planned(OLD, past, manifest("new", "formerly: mid"), manifest("old"))
    assert told(plan)[0] == ("create", "schedule", "new")
    (message,) = warnings(plan)
    assert message == (
        f"new: git says that it was old, which became mid in commit {'2' * 12} and became new; a "
        "schedule old is in git again and keeps that history, so new begins without one"
    )


def test_of_two_live_schedules_that_became_one_neither_history_moves() -> None:
    live = applied(manifests(manifest("x"), manifest("y")))
    past = Past(since=(step(3, "mid", "x"), step(2, "mid", "y")))
    plan = planned(live, past, manifest("new", "formerly: mid"))
    assert told(plan)[0] == ("create", "schedule", "new")
    (message,) = warnings(plan)
    assert message.startswith("new: git says that it was x, which became mid in commit 333")
    assert message.endswith(
        "both are live, so it begins without a history; to move one, name it in `formerly`"
    )


def test_what_git_does_not_know_is_said_with_the_warning() -> None:
    gap = "the commits since the live commit are not known: this clone is shallow"
    (message,) = warnings(
        planned(OLD, Past(gap=gap), manifest("old"), manifest("new", "formerly: mid"))
    )
    assert message.endswith(f"list every earlier name ({gap})")


def test_a_chain_is_followed_when_the_live_generation_is_lost() -> None:
    assert OLD.live is not None
    lost = Lost(since=NOW + 30, begun={"old": NOW}, before=OLD.live, schedules=1)
    live = replace(OLD, live=None, live_damage="was removed", lost=lost)
    plan = planned(live, Past(since=(step(2, "mid", "old"),)), manifest("new", "formerly: mid"))
    assert not any(change.action is Action.DELETE for change in plan.changes)
    assert plan.generation.by_name["new"].anchor <= NOW + 30


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        pytest.param([manifest("old")], False, id="nothing changed"),
        pytest.param([manifest("old"), manifest("other")], False, id="a new schedule"),
        pytest.param([manifest("other", "formerly: old")], False, id="a rename"),
        pytest.param([], False, id="a deletion"),
        pytest.param([manifest("other", "formerly: mid")], True, id="an unknown earlier name"),
        pytest.param([manifest("other")], True, id="a creation and a deletion"),
    ],
)
def test_history_is_read_only_when_a_new_schedule_may_have_had_a_name(
    texts: list[str], read: bool
) -> None:
    given_ = replace(desired(manifests(*texts) if texts else ()), commit="d" * 40)
    assert commit_to_follow(given_, OLD) == ("c" * 40 if read else None)
    assert commit_to_follow(replace(given_, commit="c" * 40), OLD) is None, "it is live"
    assert commit_to_follow(replace(given_, commit=None), OLD) is None
    assert commit_to_follow(given_, nothing()) is None
    offline = replace(OLD, revision="e" * 40, pointer=None)
    assert commit_to_follow(given_, offline) == ("e" * 40 if read else None)


def test_history_is_not_read_for_a_rename_that_was_applied_or_is_rolled_back() -> None:
    text = manifest("new", "formerly: [mid, old]")
    live = after(planned(OLD, Past(), text))
    other = replace(desired(manifests(text)), commit="d" * 40)
    assert commit_to_follow(other, live) is None
    back = replace(desired(manifests(manifest("old"))), commit="d" * 40)
    assert commit_to_follow(back, live) is None


@dataclass
class Repository:
    """A line of commits, each of which renames schedules; a name is used for one of them only."""

    names: list[dict[str, str]] = field(default_factory=list)
    """Of each commit, schedule to name."""
    renamed: list[dict[str, str]] = field(default_factory=list)
    """Of each commit, new name to the one before."""

    def texts(self, commit: int, kept: set[str]) -> list[str]:
        found = []
        for schedule, name in self.names[commit].items():
            before = next(
                (made[name] for made in reversed(self.renamed[: commit + 1]) if name in made), None
            )
            keys = [f"args: {{of: {schedule}}}"]
            if before is not None and name in kept:
                keys.append(f"formerly: {before}")
            found.append(manifest(name, *keys))
        return found

    def past(self, live: int, commit: int) -> Past:
        def steps(first: int, last: int) -> list[RenameStep]:
            return [
                step(number, new, old)
                for number in range(first + 1, last + 1)
                for new, old in self.renamed[number].items()
            ]

        return Past(since=tuple(reversed(steps(live, commit))), undone=tuple(steps(commit, live)))


@st.composite
def repositories(draw: st.DrawFn) -> Repository:
    repository = Repository([{"s": "s0", "t": "t0", "u": "u0"}], [{}])
    for _ in range(draw(st.integers(1, 6))):
        before = repository.names[-1]
        now, renamed = dict(before), {}
        for schedule in draw(st.sets(st.sampled_from(sorted(before)), max_size=3)):
            name = f"{schedule}{draw(st.integers(0, 3))}"
            if name != now[schedule]:
                renamed[name], now[schedule] = now[schedule], name
        repository.names.append(now)
        repository.renamed.append(renamed)
    return repository


@given(repository=repositories(), data=st.data())
def test_one_apply_moves_each_history_to_where_applies_of_every_commit_would(
    repository: Repository, data: st.DataObject
) -> None:
    """Safety and liveness: forward and back, a live schedule keeps its history and no other's."""
    last = len(repository.names) - 1
    live, commit = data.draw(st.integers(0, last)), data.draw(st.integers(0, last))
    kept = data.draw(st.sets(st.sampled_from([f"{a}{b}" for a in "stu" for b in range(4)])))
    before = applied(manifests(*repository.texts(live, kept)))
    plan = planned(before, repository.past(live, commit), *repository.texts(commit, kept))
    changes = {
        change.name: change.action for change in plan.changes if change.kind is Kind.SCHEDULE
    }
    assert set(changes.values()) <= {Action.RENAME}
    for schedule, name in repository.names[commit].items():
        record = plan.generation.by_name[name]
        was = repository.names[live][schedule]
        assert record.anchor == NOW
        assert [old for old, _last in record.formerly] == ([] if was == name else [was])
    assert plan.warnings == ()
    assert SafetyRule.DELETIONS not in {refusal.rule for refusal in plan.refusals}
