"""What each kind of rule finds, at the offending key."""

from __future__ import annotations

import pytest

from tests.rules.policy import findings, rule

JOB = 'name: job\nschedule: "0 6 * * *"\nfunction: app/job\n'
CODE = "name: job\nschedule: 1h\ncode: jobs/a.py::run\n"


def test_a_required_key_that_is_missing_is_found_at_the_top() -> None:
    assert findings(rule("require: [owner]"), JOB) == ["1:1 `owner` is missing"]
    assert findings(rule("require: [owner]"), f"{JOB}owner: me\n") == []


def test_a_required_label_is_found_at_the_labels() -> None:
    given = rule("require: [labels.team]")

    assert findings(given, f"{JOB}labels: {{tier: a}}\n") == ["4:1 `labels.team` is missing"]
    assert findings(given, f"{JOB}labels: {{team: a}}\n") == []


def test_a_key_with_a_default_is_there() -> None:
    assert findings(rule("require: [overlap]"), JOB) == []


@pytest.mark.parametrize(
    ("pattern", "labels", "expected"),
    [
        ("j.b", "{}", []),
        ("jo", "{}", ["1:1 `job` is not like `jo`"]),
        ("{team}b", "{team: jo}", []),
        ("{team}-.*", "{team: data}", ["1:1 `job` is not like `{team}-.*`"]),
        ("{team}b", "{team: 'j.'}", ["1:1 `job` is not like `{team}b`"]),
        ("{team}-.*", "{}", ["4:1 the name needs the label `team`"]),
    ],
)
def test_the_whole_name_must_match(pattern: str, labels: str, expected: list[str]) -> None:
    given = rule(f'name: "{pattern}"')

    assert findings(given, f"{JOB}labels: {labels}\n") == expected


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("owner: '@acme/data'\n", []),
        ("owner: data\n", []),
        ("owner: Data\n", []),
        ("owner: web\n", ["4:1 `web` is not a code owner: those of its file are @acme/data"]),
        ("", ["1:1 `owner` is missing"]),
    ],
)
def test_the_owner_must_be_a_code_owner_of_the_file(owner: str, expected: list[str]) -> None:
    owners = {"schedules/all.yaml": ["@acme/data"]}

    assert findings(rule("owner: codeowners"), f"{JOB}{owner}", owners=owners) == expected


def test_a_file_without_code_owners_has_no_right_owner() -> None:
    found = findings(rule("owner: codeowners"), f"{JOB}owner: me\n", owners={})

    assert found == ["4:1 `me` is not a code owner: its file has none"]


@pytest.mark.parametrize(
    ("limits", "manifest", "expected"),
    [
        ("fires_per_day: 24", "schedule: 1h", []),
        ("fires_per_day: 23", "schedule: 1h", ["2:1 it runs 24 times a day, more than 23"]),
        ("fires_per_day: 1", "schedule: ['0 1 * * *', '0 2 * * 6']", ["2:1 it runs 2 times a day"]),
        ("fires_per_day: 1", "schedule: ['0 1 * * 1', '0 2 * * 6']", []),
        ("smallest_gap: 1h", "schedule: 1h", []),
        ("smallest_gap: 61m", "schedule: 1h", ["2:1 it runs every 1h, less than 61m apart"]),
        ("smallest_gap: 2h", "schedule: '0 0,23 * * *'", ["2:1 it runs every 1h, less than 2h"]),
        ("smallest_gap: 2h", "schedule: '0 0,23 * * 1'", []),
        ("smallest_gap: 2d", "schedule: '0 0 * * 1,3'", []),
        ("smallest_gap: 1d", "at: 2027-01-01T00:00Z", []),
    ],
)
def test_times_are_limited(limits: str, manifest: str, expected: list[str]) -> None:
    text = f"name: job\n{manifest}\nfunction: app/job\n"

    found = findings(rule(f"limits: {{{limits}}}"), text)

    assert [one[: len(want)] for one, want in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("limits", "keys", "expected"),
    [
        ("cpu: 2", "cpu: 2", []),
        ("cpu: 2", "cpu: [1, 4]", ["4:1 it has 4 cores, more than 2"]),
        ("memory: 1024", "memory: 2Gi", ["4:1 it has 2,048 MiB of memory, more than 1,024"]),
        ("gpu: 0", "gpu: T4", ["4:1 it has 1 GPUs, more than 0"]),
        ("gpu: 2", "gpu: [T4, 'H100:4']", ["4:1 it has 4 GPUs, more than 2"]),
        ("gpu: 4", "gpu: [T4, 'H100:4']", []),
        ("cpu: 1", "memory: 1Gi", []),
    ],
)
def test_resources_of_a_code_target_are_limited(
    limits: str, keys: str, expected: list[str]
) -> None:
    assert findings(rule(f"limits: {{{limits}}}"), f"{CODE}{keys}\n") == expected


def test_resources_of_a_deployed_function_are_limited_too() -> None:
    given = rule("limits: {cpu: 1, gpu: 0}")

    assert findings(given, f"{JOB}resources: {{cpu: 2, gpu: T4}}\n") == [
        "4:1 it has 1 GPUs, more than 0",
        "4:1 it has 2 cores, more than 1",
    ]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("{pip: ['pandas==2.2.3', 'a[b]==1', 'x @ https://e.com/x.whl']}", []),
        ("{pip: ['pandas==2.2.3', pandas]}", ["4:32 `pandas` has no pinned version (`==`)"]),
        ("{pip: ['pandas>=2']}", ["4:15 `pandas>=2` has no pinned version (`==`)"]),
        ("{pip: ['pandas==2.*']}", ["4:15 `pandas==2.*` has no pinned version (`==`)"]),
        ("{registry: 'ghcr.io/a/b:1.4'}", []),
        ("{registry: 'localhost:5000/a'}", ["4:9 `localhost:5000/a` has no tag"]),
        ("{registry: 'a/b:latest'}", ["4:9 `a/b:latest` has the tag `latest`"]),
        ("{name: base}", ["4:9 `base` has no tag"]),
    ],
)
def test_images_are_pinned(image: str, expected: list[str]) -> None:
    assert findings(rule("image: pinned"), f"{CODE}image: {image}\n") == expected


def test_a_schema_sees_the_normalised_manifest() -> None:
    given = rule(
        """
        schema:
          properties:
            schedule: {type: array}
            retries: {properties: {factor: {const: 2}}}
            overlap: {const: allow}
            facts: {properties: {timeout: {maximum: 600}}}
        """
    )

    assert findings(given, f"{JOB}retries: 3\ntimeout: 10m\n") == []
    assert findings(given, f"{JOB}timeout: 11m\n") == [
        "4:1 `facts.timeout`: 660.0 is greater than the maximum of 600"
    ]
    assert findings(given, f"{JOB}overlap: skip\n") == ["4:1 `overlap`: 'allow' was expected"]
