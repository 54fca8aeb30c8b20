"""Manifests of the wrong shape: each mistake with the sentence that its writer gets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.manifest import ManifestError, Settings, load_contents

Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("timzone: UTC", "4:1: unknown key `timzone`\n  did you mean `timezone`?"),
        (
            "suspend: {reasn: holidays}",
            "4:11: unknown key `suspend.reasn`\n  did you mean `reason`?",
        ),
        ("retries: {maxx: 3, max: 2}", "4:11: unknown key `retries.maxx`\n  did you mean `max`?"),
        (
            "suspend: {zzz: 1}",
            "4:11: unknown key `suspend.zzz`\n  known keys: until, reason",
        ),
        ("timezone: 5", "4:11: `timezone` must be an IANA time zone such as Europe/Paris, not 5"),
        (
            "timezone:",
            "4:10: `timezone` must be an IANA time zone such as Europe/Paris, not empty",
        ),
        (
            "args: [1]",
            "4:7: `args` must be a mapping of keys and values, not a list",
        ),
        (
            "args: {my-key: 1}",
            (
                "4:8: the key `my-key` in `args` must be a Python name: letters, digits and `_`, "
                "not beginning with a digit"
            ),
        ),
        (
            "catchup: lates",
            (
                "4:10: `catchup` must be `latest`, `all` or `none`, not `lates`\n"
                "  did you mean `latest`?"
            ),
        ),
        (
            "overlap: 1",
            "4:10: `overlap` must be `allow`, `skip`, `queue` or `replace`, not 1",
        ),
        (
            "delivery: exactly-once",
            (
                "4:11: `delivery` must be `at-least-once` or `at-most-once`, not `exactly-once`\n"
                "  did you mean `at-least-once`?"
            ),
        ),
        ("protect: yes", "4:10: `protect` must be true or false, not `yes`\n  write true"),
        (
            "suspend: off",
            (
                "4:10: `suspend` must be true, false, or a mapping of `until` and `reason`, "
                "not `off`\n  write false"
            ),
        ),
        (
            "deadline: 1",
            "4:11: `deadline` must be a duration such as 90s, 10m, 1h30m or 1d, not 1",
        ),
        (
            "deadline: one hour",
            "4:11: `deadline` must be a duration such as 90s, 10m, 1h30m or 1d, not `one hour`",
        ),
        (
            "retries: many",
            (
                "4:10: `retries` must be a whole number from 0 to 10, or a mapping of `max`, "
                "`backoff` and `factor`, not `many`"
            ),
        ),
        (
            "retries: {max: 11}",
            "4:16: `retries.max` must be a whole number from 0 to 10, not 11",
        ),
        ("retries: {}", "4:10: `retries.max` is missing\n  add it"),
        (
            "environments: prod",
            "4:15: `environments` must be a list of at least one item, not `prod`",
        ),
        (
            "environments: []",
            ("4:15: `environments` must be a list of at least one item, not an empty list"),
        ),
        ("environments: [a, b, a]", "4:15: `environments` contains `a` twice"),
        (
            "environments: [a, 5]",
            (
                "4:19: `environments[1]` must be a name as Modal accepts it: "
                "letters, digits, `.`, `_` and `-`, at most 64, not 5\n"
                "  put it in quotes, so that it is text"
            ),
        ),
        ("owner: ''", "4:8: `owner` must be text of 1 to 1000 characters, not an empty text"),
        (
            f"owner: {'x' * 1200}",
            (
                f"4:8: `owner` must be text of 1 to 1000 characters, not `{'x' * 60}…` "
                "(1,200 characters)"
            ),
        ),
        (
            'suspend: "true"',
            (
                "4:10: `suspend` must be true, false, or a mapping of `until` and `reason`, "
                'not the text "true"\n  write it without quotes: true'
            ),
        ),
        (
            'retries: "3"',
            (
                "4:10: `retries` must be a whole number from 0 to 10, or a mapping of `max`, "
                '`backoff` and `factor`, not the text "3"\n  write it without quotes: 3'
            ),
        ),
        ("timeout: 1000000s", "4:10: `timeout` must be at most 24h, Modal's own limit"),
        ("tolerance: 1000000m", "4:12: `tolerance` must be at most 24h"),
        (
            "deadline: 1000000000s",
            (
                "4:11: `deadline` must be a duration such as 90s, 10m, 1h30m or 1d, not "
                "`1000000000s`\n  it is decades long: shorten it, or remove the key"
            ),
        ),
        (
            "timeout: 10\u00a0m",
            (
                "4:10: `timeout` must be a duration such as 90s, 10m, 1h30m or 1d, not "
                "`10\ufffdm`\n  replace its no-break space (U+00A0) by a plain space, or delete it"
            ),
        ),
        (
            "\u00a0owner: x",
            (
                "4:1: unknown key `\ufffdowner`\n"
                "  replace its no-break space (U+00A0) by a plain space, or delete it"
            ),
        ),
        (
            "labels: {tier: 1}",
            (
                "4:16: `labels.tier` must be text of at most 1000 characters, not 1\n"
                "  put it in quotes, so that it is text"
            ),
        ),
        (
            "cpu: 0.5",
            (
                "4:1: `cpu` is allowed with `code` only\n"
                "  write it under `resources`, for the runs of this schedule"
            ),
        ),
        ("at: 2026-12-01T09:00Z", "4:1: both `schedule` and `at` are given\n  keep one of them"),
        ("code: a/b.py::c", "4:1: both `function` and `code` are given\n  keep one of them"),
    ],
)
def test_a_mistake_is_reported_with_its_position_and_the_expected_value(
    lines: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(lines))[0] == problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schedule: 1d\nfunction: a/b", ["1:1: `name` is missing\n  add it"]),
        (
            "name: job\nfunction: a/b",
            ["1:1: none of `schedule`, `at` and `after` is given\n  add one of them"],
        ),
        (
            "name: job\nschedule: 1d",
            ["1:1: neither `function` nor `code` is given\n  add one of them"],
        ),
        (
            "nmae: job\nshedule: 1d\nfunction: a/b",
            [
                "1:1: unknown key `nmae`\n  did you mean `name`?",
                "2:1: unknown key `shedule`\n  did you mean `schedule`?",
            ],
        ),
        (
            "name: job\nschedule: [1d, 5]\nfunction: daily",
            [
                (
                    "2:16: `schedule[1]` must be a cron expression, or an interval such as 10m, "
                    "6h, 1d or 2w, not 5"
                ),
                (
                    "3:11: `function` must be a deployed function: app/function, or "
                    "app/Class.method, not `daily`"
                ),
            ],
        ),
    ],
)
def test_a_missing_key_is_reported_unless_a_misspelt_key_explains_it(
    text: str, expected: list[str], problems: Problems
) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize("name", ["Daily", "daily_sync", "-x", "x-", "a" * 51, "a.b", "ünder"])
def test_names_are_lower_case_letters_digits_and_inner_hyphens(
    name: str, problems: Problems
) -> None:
    assert problems(f"name: {name}\nschedule: 1d\nfunction: a/b") == [
        f"1:7: `name` must be at most 50 lower-case letters, digits and inner hyphens, not `{name}`"
    ]


@pytest.mark.parametrize("name", ["2026", "1.5", "true"])
def test_a_name_that_yaml_reads_as_something_else_is_to_be_quoted(
    name: str, problems: Problems
) -> None:
    assert problems(f"name: {name}\nschedule: 1d\nfunction: a/b") == [
        (
            "1:7: `name` must be at most 50 lower-case letters, digits and inner hyphens, "
            f"not {name}\n  put it in quotes, so that it is text"
        )
    ]


@pytest.mark.parametrize("name", ["poller", "poller-2", "poller-17"])
def test_the_names_of_shared_slots_are_reserved(name: str, problems: Problems) -> None:
    assert problems(f"name: {name}\nschedule: 1d\nfunction: a/b") == [
        f"1:7: `name` cannot be `{name}`: the name is reserved for shared slots"
    ]


def test_all_problems_of_a_manifest_are_reported_at_once(problems: Problems) -> None:
    text = """\
name: Job
schedule: "0 25 * * *"
timezone: Mars/Olympus
function: a/b
args: {x: "${now}"}
catchup: never
retries: some
"""
    assert [problem.split(":", 2)[0] for problem in problems(text)] == list("123567")


def test_problems_of_all_files_come_in_the_order_of_file_line_and_column() -> None:
    contents = [("b.yaml", b"name: [x]\n"), ("a.yaml", b"name: job\nx: 1\ny: 2\n")]
    with pytest.raises(ManifestError) as caught:
        load_contents(contents, settings=Settings())
    locations = [problem.location for problem in caught.value.problems]
    assert locations == sorted(locations)
    assert {location.file for location in locations} == {"a.yaml", "b.yaml"}
    assert caught.value.exit_code == 1


def test_the_error_reads_as_a_list_with_a_sum(problems: Problems) -> None:
    with pytest.raises(ManifestError) as caught:
        load_contents(
            [("a.yaml", b"name: job\nschedule: 1d\nfunctoin: a/b\n")], settings=Settings()
        )
    assert str(caught.value) == (
        "a.yaml:3:1: unknown key `functoin`\n  did you mean `function`?\n1 problem in 1 file"
    )


def test_a_name_may_be_used_once_over_all_files(manifest: Manifest) -> None:
    contents = [(name, manifest("").encode()) for name in ("a.yaml", "b.yaml", "c.yaml")]
    with pytest.raises(ManifestError) as caught:
        load_contents(contents, settings=Settings())
    assert [str(problem) for problem in caught.value.problems] == [
        f"{file}:1:7: duplicate name `job`, first in a.yaml:1:7\n  give each schedule a unique name"
        for file in ("b.yaml", "c.yaml")
    ]


def test_long_and_unprintable_texts_are_shortened_in_messages(
    problems: Problems, manifest: Manifest
) -> None:
    (problem,) = problems(manifest(f'catchup: "\\e[31m{"x" * 500}"'))
    assert "\x1b" not in problem
    assert len(problem) < 200


def test_a_manifest_cannot_inject_lines_into_a_log(problems: Problems, manifest: Manifest) -> None:
    found = problems(manifest('args: {"a\\n::error::b": 1, "a\\n::error::b": 2}'))
    assert len(found) == 2
    assert not any("\n::error" in problem for problem in found)
