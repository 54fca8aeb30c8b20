"""What a schema cannot say of a manifest is checked all the same, and refused at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            "exclude: [2026-02-30]",
            "4:11: there is no day `2026-02-30`\n  write year, month and day: 2026-12-24",
        ),
        (
            "exclude: [2026-12-26..2026-12-24]",
            "4:11: `2026-12-26..2026-12-24` ends before it begins\n  swap the two dates",
        ),
        (
            "exclude: ['* * * * 9']",
            "4:20: day of week: 9 is out of range, expected 0 to 7 or SUN to SAT",
        ),
        (
            "start: 2026-12-01\nend: 2026-11-01",
            "5:6: `end` must be later than `start`",
        ),
        (
            "suspend: {until: 2026-12-01T09:00}",
            (
                "4:18: `2026-12-01T09:00` has no time zone\n"
                "  add `timezone`, or an offset such as Z or +01:00"
            ),
        ),
        (
            "start: 2026-13-01",
            "4:8: there is no day `2026-13-01`\n  write year, month and day: 2026-12-24",
        ),
        ("timeout: 25h", "4:10: `timeout` must be at most 24h, Modal's own limit"),
        (
            "retries: {max: 2, backoff: 0s}",
            "4:28: `retries.backoff` must be longer than zero\n  remove it",
        ),
        (
            "args: {window: 24h, self: 1}",
            (
                "4:21: an argument cannot be named `self`: Modal's client reserves that name\n"
                "  rename it"
            ),
        ),
        ("formerly: job", "4:11: `formerly` must not contain the current `name`"),
    ],
)
def test_it_is_refused_at_its_place(
    lines: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problem in problems(manifest(lines))


def test_a_python_version_that_yaml_reads_as_a_number_is_explained(problems: Problems) -> None:
    text = "name: job\nschedule: 1d\ncode: a.py::f\nimage: {python: 3.10}\n"
    assert problems(text)[-1] == (
        '4:17: `image.python` must be a Python version in quotes such as "3.12", not 3.1'
    )


def test_a_code_target_stays_inside_the_repository(problems: Problems) -> None:
    assert "3:7: `code` must stay inside the repository\n  remove `..`" in problems(
        "name: job\nschedule: 1d\ncode: ../a.py::f\n"
    )


def test_a_file_has_one_spelling_so_that_it_is_one_target(problems: Problems) -> None:
    assert "3:7: `code` must not contain `./`\n  write `jobs/a.py`" in problems(
        "name: job\nschedule: 1d\ncode: ./jobs/a.py::f\n"
    )
