"""`formerly` over several schedules: an old name has one heir, and is not there any more."""

from __future__ import annotations

from textwrap import dedent

import pytest

from reconciler.manifest import ManifestError, Settings, load_contents


def manifest(name: str, **keys: str) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"name: {name}\nschedule: 1d\nfunction: a/b\n{more}"


def problems(*files: str) -> list[str]:
    """What is wrong in `1.yaml`, `2.yaml` and so on."""
    contents = [(f"{number}.yaml", text.encode()) for number, text in enumerate(files, start=1)]
    try:
        load_contents(contents, settings=Settings())
    except ManifestError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_an_old_name_that_still_is_a_schedule_is_an_error_that_says_where_both_are() -> None:
    assert problems(manifest("old"), manifest("new", formerly="old")) == [
        (
            "2.yaml:4:11: `formerly` lists `old`, but a schedule still has that name, "
            "in 1.yaml:1:7\n"
            "  delete that schedule if `new` is its new name; "
            "otherwise remove `old` from `formerly`"
        )
    ]


def test_the_order_of_the_files_makes_no_difference() -> None:
    (problem,) = problems(manifest("new", formerly="old"), manifest("old"))
    assert problem.startswith(
        "1.yaml:4:11: `formerly` lists `old`, but a schedule still has that name, in 2.yaml"
    )


def test_two_schedules_cannot_both_take_over_an_old_name() -> None:
    assert problems(manifest("a", formerly="old") + "---\n" + manifest("b", formerly="old")) == [
        dedent(
            """\
            1.yaml:9:11: `a` lists `old` in `formerly` too, in 1.yaml:4:11
              a history moves to one schedule: remove `old` from the others"""
        )
    ]


def test_two_names_cannot_be_swapped() -> None:
    found = problems(manifest("a", formerly="b") + "---\n" + manifest("b", formerly="a"))
    assert [problem.split(":", 2)[1] for problem in found] == ["4", "9"]
    remedy = (
        "two schedules cannot exchange their names in one apply: rename one to a third name and "
        "apply, then rename the other and apply, then rename the first again"
    )
    assert [problem.splitlines()[1].strip() for problem in found] == [remedy, remedy]


def test_every_name_of_a_list_is_checked_where_it_stands() -> None:
    found = problems(manifest("a"), manifest("new", formerly="[b, a]"), manifest("x", formerly="b"))
    assert [problem.splitlines()[0] for problem in found] == [
        "2.yaml:4:15: `formerly` lists `a`, but a schedule still has that name, in 1.yaml:1:7",
        "3.yaml:4:11: `new` lists `b` in `formerly` too, in 2.yaml:4:12",
    ]


def test_a_name_in_its_own_list_is_an_error_at_its_place() -> None:
    assert problems(manifest("new", formerly="[old, new]")) == [
        "1.yaml:4:17: `formerly` must not contain the current `name`"
    ]


def test_an_unknown_old_name_is_a_rename_that_was_applied_before() -> None:
    assert problems(manifest("new", formerly="never-was")) == []


def test_the_name_of_an_invalid_manifest_counts_too() -> None:
    found = problems(manifest("old", retries="many"), manifest("new", formerly="old"))
    assert len(found) == 2
    assert "`formerly` lists `old`" in found[1]


@pytest.mark.parametrize(
    ("old", "new", "clash"),
    [
        ("[staging]", "[production]", False),
        ("[staging, production]", "[production]", True),
        ("[staging]", None, True),
        (None, "[staging]", True),
    ],
)
def test_a_schedule_may_be_renamed_in_one_environment_and_stay_in_another(
    old: str | None, new: str | None, *, clash: bool
) -> None:
    def in_(environments: str | None) -> dict[str, str]:
        return {} if environments is None else {"environments": environments}

    found = problems(manifest("old", **in_(old)), manifest("new", formerly="old", **in_(new)))
    assert bool(found) is clash
    heirs = [manifest("a", formerly="x", **in_(old)), manifest("b", formerly="x", **in_(new))]
    assert bool(problems(*heirs)) is clash
