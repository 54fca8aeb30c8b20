"""How far ``runs`` and ``explain`` look back, and what they say of names that they do not know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.model.runs_file import RunState
from tests.end_to_end.past import days_ago, ran, text, write_past
from tests.end_to_end.project import Project

NAME = "min-sync"


@pytest.fixture(scope="module")
def shop(make_module_project: Callable[..., Project]) -> Project:
    """A schedule that fails now and then, and one that is no longer live."""
    project = make_module_project()
    project.hourly(NAME)
    project.applied()
    write_past(
        project,
        [
            *(ran(NAME, days_ago(40 - day), RunState.SUCCEEDED) for day in range(10)),
            *(ran(NAME, days_ago(20 - day), RunState.FAILED) for day in range(5)),
            *(ran(NAME, days_ago(3, hour), RunState.FAILED) for hour in (7, 8, 9)),
            *(ran(NAME, days_ago(2, hour), RunState.STARTED) for hour in range(6)),
            *(ran("gone", days_ago(day), RunState.SUCCEEDED, "fc-9") for day in (30, 12)),
        ],
    )
    return project


def occurrences(project: Project, *arguments: str) -> list[str]:
    found = project.reconcile("runs", *arguments, "--format", "json").json["runs"]
    return [run["occurrence"] for run in found]


def test_the_newest_failures_are_shown_however_many_newer_calls_are_still_open(
    shop: Project,
) -> None:
    assert occurrences(shop, "--failed", "--count", "2", "--days", "1000") == [
        f"{NAME}@{text(days_ago(3, hour))}" for hour in (8, 9)
    ]


def test_a_list_that_is_cut_says_how_many_there_are(shop: Project) -> None:
    cut = shop.reconcile("runs", NAME, "--days", "1000", "--count", "4")
    assert len(cut.out.splitlines()) == 1 + 4  # the heading
    assert cut.err == "the newest 4 are shown; --count shows more\n"
    assert shop.reconcile("runs", NAME, "--days", "1000").err == ""


def test_one_run_is_found_as_far_back_as_explain_finds_it(shop: Project) -> None:
    old = f"{NAME}@{text(days_ago(40))}"
    assert shop.reconcile("runs", old).out.startswith(f"{old}  succeeded\n")
    short = shop.reconcile("runs", old, "--days", "2")
    assert (short.code, short.err.splitlines()[0]) == (1, f"reconcile: the history has no {old}")


def test_since_reaches_as_far_back_as_it_says(shop: Project) -> None:
    since = occurrences(shop, NAME, "--since", text(days_ago(37)))
    assert since[0] == f"{NAME}@{text(days_ago(37))}"
    assert f"{NAME}@{text(days_ago(40))}" not in occurrences(shop, NAME)


def test_a_name_that_neither_what_is_live_nor_the_history_knows_is_an_error(shop: Project) -> None:
    for command in (["runs", "min-sink"], ["runs", f"min-sink@{text(days_ago(3))}"]):
        done = shop.reconcile(*command)
        assert (done.code, done.out) == (1, "")
        assert done.err == (
            "reconcile: there is no schedule or task `min-sink`\n  Did you mean min-sync?\n"
        )
    assert shop.reconcile("runs", "gone", "--days", "1").out == "No runs.\n"


def test_a_schedule_that_is_no_longer_live_is_explained_from_the_history(shop: Project) -> None:
    then, other = text(days_ago(12)), text(days_ago(11))
    ran_then = shop.reconcile("explain", "gone", then)
    assert ran_then.out.splitlines()[0] == f"gone@{then} ran; succeeded."
    assert ran_then.out.splitlines()[-1] == "  The schedule is no longer live."
    assert f"  logs     reconcile logs gone@{then}" in ran_then.out
    assert shop.reconcile("explain", "gone", other).out.splitlines() == [
        f"gone@{other} is not in the history that is kept.",
        f"  Its newest run there is gone@{then}.",
        "  The schedule is no longer live.",
    ]


def test_while_nothing_is_applied_a_name_is_not_looked_for_in_an_empty_list(
    project: Project,
) -> None:
    looked_for = project.reconcile("runs", "post").err.splitlines()
    assert looked_for[1] == "  Nothing was applied yet: run reconcile first."
    assert project.reconcile("trigger", "post").err.splitlines() == [
        "reconcile: nothing was applied to local yet",
        "  Run reconcile first.",
    ]


def test_a_run_is_found_by_the_new_name_of_its_schedule(project: Project) -> None:
    project.hourly("all")
    project.applied()
    write_past(project, [ran("all", days_ago(3), RunState.SUCCEEDED)])
    project.hourly("post", formerly="all")
    project.applied()
    found = project.reconcile("runs", f"post@{text(days_ago(3))}")
    assert found.out.startswith(f"all@{text(days_ago(3))}  succeeded\n"), found.err
    assert f"reconcile logs all@{text(days_ago(3))}" in found.out
