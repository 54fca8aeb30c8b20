"""What a schema cannot say: cron, zones, times that exist, placeholders, environments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import Timetable, parse_times
from reconciler.dispatch.wake.supervision import RunOrder
from reconciler.manifest import (
    Catchup,
    Delivery,
    FunctionTarget,
    Location,
    Overlap,
    Retries,
    Schedule,
    Settings,
    Suspension,
    parse_settings,
)

Read = Callable[..., Schedule]
Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]


def test_a_manifest_becomes_a_typed_schedule(read: Read) -> None:
    schedule = read("""\
# a comment
name: daily-analytics-sync
schedule: "0 6 * * *"
timezone: America/New_York
function: analytics/daily_sync
args: {window: 24h}
suspend: {reason: moving}
catchup: all
deadline: 1h
delivery: at-most-once
protect: true
environments: [prod, staging]
description: Sync
owner: data
labels: {tier: "1"}
""")
    assert schedule == Schedule(
        name="daily-analytics-sync",
        times=Timetable(parse_times("0 6 * * *"), "America/New_York"),
        when=("0 6 * * *",),
        timezone="America/New_York",
        target=FunctionTarget("analytics", "daily_sync"),
        args={"window": "24h"},
        suspension=Suspension(reason="moving"),
        catchup=Catchup.ALL,
        deadline=3600,
        delivery=Delivery.AT_MOST_ONCE,
        protect=True,
        environments=("prod", "staging"),
        description="Sync",
        owner="data",
        labels={"tier": "1"},
        location=Location("job.yaml", 2, 1),
        target_location=Location("job.yaml", 5, 11),
    )


def test_missing_keys_have_the_documented_defaults(read: Read, manifest: Manifest) -> None:
    schedule = read(manifest(""))
    assert schedule.timezone == "UTC"
    assert schedule.overlap is Overlap.ALLOW
    assert schedule.catchup is Catchup.LATEST
    assert schedule.delivery is Delivery.AT_LEAST_ONCE
    assert schedule.retries == Retries(max=0)
    assert (schedule.suspension, schedule.deadline, schedule.protect) == (None, None, False)
    assert (schedule.args, schedule.environments, schedule.labels) == ({}, (), {})


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ('"0 6 * * *"', ("0 6 * * *",)),
        ("0 6 * * *", ("0 6 * * *",)),
        ('"@daily"', ("@daily",)),
        ("90m", ("90m",)),
        ("[0 9 * * 1-5, 0 12 * * 6]", ("0 9 * * 1-5", "0 12 * * 6")),
    ],
)
def test_times_are_the_union_of_all_expressions(
    written: str, when: tuple[str, ...], read: Read
) -> None:
    schedule = read(f"name: job\nfunction: a/b\nschedule: {written}\n")
    expressions = tuple(expression for text in when for expression in parse_times(text))
    assert schedule.when == when
    assert schedule.times == Timetable(expressions, "UTC")


def test_a_method_of_a_class_can_be_the_target(read: Read) -> None:
    schedule = read("name: job\nschedule: 1d\nfunction: my.app/Reports.send")
    assert schedule.target == FunctionTarget("my.app", "Reports.send")
    assert str(schedule.target) == "my.app/Reports.send"


@pytest.mark.parametrize(
    ("written", "suspension"),
    [
        ("false", None),
        ("true", Suspension()),
        ("{}", Suspension()),
        ("{reason: broken}", Suspension(reason="broken")),
    ],
)
def test_suspension_is_off_on_or_on_for_a_reason(
    written: str, suspension: Suspension | None, read: Read, manifest: Manifest
) -> None:
    assert read(manifest(f"suspend: {written}")).suspension == suspension


@pytest.mark.parametrize(
    ("at", "instant"),
    [
        ("2026-12-01T09:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-12-01 09:00:00+05:30", datetime(2026, 12, 1, 3, 30, tzinfo=UTC)),
        ("2026-12-01T09:00\ntimezone: Europe/Paris", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-07-01T09:00\ntimezone: Europe/Paris", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        # Repeated when summer time ends on 25 October: the first of the two is meant.
        ("2026-10-25T02:30\ntimezone: Europe/Paris", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_task_has_one_instant(at: str, instant: datetime, read: Read) -> None:
    schedule = read(f"name: job\nfunction: a/b\nat: {at}\n")
    assert schedule.times == instant
    assert schedule.when == (at.partition("\n")[0],)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "at: 2026-12-01T09:00",
            (
                "3:5: `2026-12-01T09:00` has no time zone\n"
                "  add `timezone`, or an offset such as Z or +01:00"
            ),
        ),
        (
            "at: 2026-03-29T02:30\ntimezone: Europe/Paris",
            (
                "3:5: a clock change of Europe/Paris skips `2026-03-29T02:30`\n"
                "  write another time, or one with an offset"
            ),
        ),
        (
            "at: 2026-02-30T09:00Z",
            (
                "3:5: there is no time `2026-02-30T09:00Z`\n"
                "  write it as 2026-12-01T09:00Z or 2026-12-01T09:00"
            ),
        ),
        (
            "at: 2026-12-01T24:00Z",
            (
                "3:5: there is no time `2026-12-01T24:00Z`\n"
                "  write it as 2026-12-01T09:00Z or 2026-12-01T09:00"
            ),
        ),
        (
            "at: 0001-01-01T00:00+05:00",
            ("3:5: `0001-01-01T00:00+05:00` is outside the years 1972 to 9998"),
        ),
        (
            "at: 2026-12-01T09:00:30Z",
            (
                "3:5: `at` must be a time of a whole minute such as 2026-12-01T09:00Z or "
                "2026-12-01T09:00, not `2026-12-01T09:00:30Z`"
            ),
        ),
        (
            "schedule: 0 25 * * *",
            "3:13: hour: 25 is out of range, expected 0 to 23",
        ),
        (
            'schedule: "0 25 * * *"',
            "3:14: hour: 25 is out of range, expected 0 to 23",
        ),
        (
            "schedule: [1d, '0 25 * * *']",
            "3:19: hour: 25 is out of range, expected 0 to 23",
        ),
    ],
)
def test_a_time_that_does_not_exist_is_refused_where_it_goes_wrong(
    lines: str, expected: str, problems: Problems
) -> None:
    assert problems(f"name: job\nfunction: a/b\n{lines}\n") == [expected]


@pytest.mark.parametrize(
    "expression", ["0 0 30 2 *", "0 0 31 4,6 *", "* * * * * *", "0 0 L * *", "? * * * *", "77m"]
)
def test_what_cron_refuses_is_refused_at_the_schedule(expression: str, problems: Problems) -> None:
    (problem,) = problems(f'name: job\nfunction: a/b\nschedule: "{expression}"\n')
    assert problem.startswith("3:1")


def test_an_expression_that_never_occurs_is_refused(problems: Problems) -> None:
    (problem,) = problems('name: job\nfunction: a/b\nschedule: "0 0 30 2 *"\n')
    assert "never" in problem


def test_an_unknown_zone_comes_with_the_near_ones(problems: Problems, manifest: Manifest) -> None:
    (problem,) = problems(manifest("timezone: Europe/Pariss"))
    assert problem.startswith(
        "4:11: unknown time zone 'Europe/Pariss': expected an IANA name such as "
        "America/New_York or UTC\n  did you mean `Europe/Paris`"
    )


def test_a_position_inside_escaped_or_folded_text_is_its_beginning(problems: Problems) -> None:
    escaped = 'name: job\nfunction: a/b\nschedule: "0 \\x325 * * *"\n'
    folded = "name: job\nfunction: a/b\nschedule: >-\n  0\n  25 * * *\n"
    assert problems(escaped) == ["3:11: hour: 25 is out of range, expected 0 to 23"]
    assert problems(folded) == ["3:11: hour: 25 is out of range, expected 0 to 23"]


def test_placeholders_are_kept_as_written(read: Read, manifest: Manifest) -> None:
    text = "${occurrence.id} at ${occurrence.time}, $${HOME}, $5, {x}"
    args = {"a": text, "b": [{"c": text}]}
    lines = f'args: {{a: "{text}", b: [{{c: "{text}"}}]}}'
    assert read(manifest(lines)).args == args


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            '"${occurence.id}"',
            (
                "4:12: unknown placeholder `${occurence.id}`\n"
                "  did you mean `${occurrence.id}`? write `$${` for a literal `${`"
            ),
        ),
        (
            "'x ${HOME}'",
            "4:14: unknown placeholder `${HOME}`\n  write `$${` for a literal `${`",
        ),
        (
            '[[ok, "${occurrence.time"]]',
            (
                "4:18: unknown placeholder `${occurrence.time`\n"
                "  did you mean `${occurrence.time}`? write `$${` for a literal `${`"
            ),
        ),
    ],
)
def test_any_other_placeholder_is_an_error(
    value: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(f"args: {{x: {value}}}")) == [problem]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("tolerance: 30s", "4:12: `tolerance` must be whole minutes: crons have no seconds"),
        ("tolerance: 25h", "4:12: `tolerance` must be at most 24h"),
        (
            "deadline: 10m\ntolerance: 15m",
            "5:12: `tolerance` must not be longer than `deadline`: occurrences would miss it",
        ),
    ],
)
def test_a_tolerance_is_whole_minutes_within_a_day_and_the_deadline(
    problems: Problems, manifest: Manifest, lines: str, said: str
) -> None:
    assert problems(manifest(lines)) == [said]


def test_a_deadline_must_leave_some_time(problems: Problems, manifest: Manifest) -> None:
    assert problems(manifest("deadline: 0s")) == [
        "4:11: `deadline` must be longer than zero\n  remove it"
    ]


@pytest.mark.parametrize(
    ("lines", "where", "tries", "takes"),
    [
        (
            "retries: {max: 3, backoff: 30m}\ntimeout: 6h",
            "4:10",
            "4 attempts of up to 6h",
            "1d2h30m",
        ),
        ("timeout: 12h\nretries: 1", "5:10", "2 attempts of up to 12h", "1d1s"),
    ],
)
def test_all_attempts_and_pauses_must_fit_into_modals_limit_for_a_run(
    lines: str, where: str, tries: str, takes: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(lines)) == [
        (
            f"{where}: {tries} and the pauses between them may take {takes}: they must fit into "
            "24h, Modal's own limit\n"
            "  use fewer `retries`, a shorter `backoff`, or a shorter `timeout`"
        )
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "timeout: 24h",
        "timeout: 11h59m\nretries: {max: 1, backoff: 2m}",
        "retries: {max: 10, backoff: 1d, factor: 10}",  # no wait is longer than an hour
    ],
)
def test_tries_that_just_fit_are_accepted(lines: str, read: Read, manifest: Manifest) -> None:
    assert read(manifest(lines)).retries.max in (0, 1, 10)


@given(
    tries=st.integers(0, 10),
    backoff=st.integers(1, 7200),
    factor=st.floats(1, 10),
    timeout=st.integers(1, 86_400),
)
def test_the_longest_run_is_not_shorter_than_the_wait_of_its_supervision(
    tries: int, backoff: int, factor: float, timeout: int
) -> None:
    retries = Retries(tries, timedelta(seconds=backoff), factor)
    order = RunOrder(
        occurrence="a@2026-11-20T09:00Z",
        app="a",
        function="b",
        args={},
        retries=tries,
        backoff=backoff,
        factor=factor,
    )
    waits = sum(order.pause_after(number) for number in range(1, tries + 1))
    longest = retries.longest(timedelta(seconds=timeout)).total_seconds()
    # Whole seconds, and sums of binary fractions.
    assert 0 <= longest - (waits + timeout * (tries + 1)) <= 1


def test_environments_are_held_against_the_declared_ones(
    problems: Problems, read: Read, manifest: Manifest
) -> None:
    declared = parse_settings(b"environments: {production: {}, staging: {}}")
    assert problems(manifest("environments: [prodution, local]"), settings=declared) == [
        (
            "4:16: there is no environment `prodution`\n"
            "  did you mean `production`? declared in reconciler.yaml: local, production, staging"
        )
    ]
    schedule = read(manifest("environments: [prodution]"), settings=Settings())
    assert schedule.environments == ("prodution",)


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        ("schedule: 2w\nstart: 2026-12-02", "2w from 2026-12-02T00:00"),
        ("schedule: 3d\nstart: 2026-12-02T09:30Z", "3d from 2026-12-02T09:30"),
        (
            "schedule: 14d\ntimezone: Europe/Paris\nstart: 2026-12-02T09:30",
            "14d from 2026-12-02T09:30",
        ),
        (
            "schedule: 2w\ntimezone: Europe/Paris\nstart: 2026-12-02T09:30Z",
            "2w from 2026-12-02T10:30",
        ),
        # Midnight is skipped on this day: the interval keeps it, for all the other days.
        (
            "schedule: 2w\ntimezone: America/Santiago\nstart: 2026-09-06",
            "2w from 2026-09-06T00:00",
        ),
        ("schedule: 1w\nstart: 2026-12-02", "0 0 * * 3"),
        ("schedule: 1d\nstart: 2026-12-02T09:30Z", "1d"),
    ],
)
def test_an_interval_of_several_days_is_counted_from_the_local_time_of_start(
    lines: str, when: str, read: Read
) -> None:
    assert read(f"name: a\nfunction: a/b\n{lines}\n").when == (when,)


def test_an_interval_of_several_days_needs_a_start(problems: Problems) -> None:
    text = "name: a\nfunction: a/b\nschedule: 14d\n"
    missing = "3:11: 14d is counted from `start`, which is missing: add the first day or time as"
    assert problems(text) == [f"{missing} `start`"]
    assert problems(f"{text}start: 2026-13-02\n") == [
        "4:8: there is no day `2026-13-02`\n  write year, month and day: 2026-12-24"
    ]


def test_an_interval_of_several_days_has_no_first_time_of_its_own(problems: Problems) -> None:
    text = "name: a\nfunction: a/b\nschedule: 2w from 2026-12-02T09:00\nstart: 2026-12-02\n"
    assert problems(text) == [
        "3:11: an interval is counted from `start`: write 2w here, and 2026-12-02T09:00 as `start`"
    ]


def test_a_hidden_space_in_an_expression_is_named_at_its_place(problems: Problems) -> None:
    text = 'name: a\nfunction: a/b\nschedule: "0\u00a06 * * *"\n'
    assert problems(text) == ["3:13: no-break space (U+00A0) where a plain space is expected"]
