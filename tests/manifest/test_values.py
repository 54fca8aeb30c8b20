"""What YAML texts mean in a manifest: the rules of YAML 1.2, seen through `args`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.manifest import JSON, Schedule

Read = Callable[..., Schedule]
Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("text", "text"),
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("0o17", 15),
        ("0xff", 255),
        ("9223372036854775807", 2**63 - 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("[1, a, {b: }]", [1, "a", {"b": None}]),
        ('"12"', "12"),
        ("'null'", "null"),
        ('""', ""),
        ('"a\\tb\\u00e9"', "a\tbé"),
    ],
)
def test_values_are_read_as_yaml_1_2_does(
    written: str, value: JSON, read: Read, manifest: Manifest
) -> None:
    found = read(manifest(f"args:\n  x: {written}")).args["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "written",
    [
        "yes", "no", "on", "off", "y", "n",  # booleans in YAML 1.1
        "12:30", "12:30:45",                 # base 60
        "1_000", "0b101",                    # numbers
        "2026-12-01", "2026-12-01T09:00:00Z",  # dates
        "=", "1.2.3", "0 6 * * *", "1e", "0x", "+", "-", ".",
    ],
)  # fmt: skip
def test_what_only_yaml_1_1_converts_stays_text(
    written: str, read: Read, manifest: Manifest
) -> None:
    value = f'"{written}"' if written == "-" else written
    assert read(manifest(f"args: {{x: {value}}}")).args["x"] == written


def test_on_and_off_are_keys_like_others(read: Read, manifest: Manifest) -> None:
    assert read(manifest("args: {on: 1, off: 2, y: 3}")).args == {"on": 1, "off": 2, "y": 3}


def test_args_are_values_that_json_can_say(read: Read, manifest: Manifest) -> None:
    args = read(manifest("args: {a: [1, 2.5, x, null, true], b: {c: {}}}")).args
    assert json.loads(json.dumps(args)) == args


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "0123",
            (
                "4:11: some YAML parsers read `0123` as octal, others as decimal\n"
                '  quote it if it is text: "0123"; remove the leading zeros if it is a number'
            ),
        ),
        (".inf", '4:11: JSON has no number `.inf`\n  quote it if it is text: ".inf"'),
        (".NaN", '4:11: JSON has no number `.NaN`\n  quote it if it is text: ".NaN"'),
        (
            "1e999",
            (
                "4:11: the number `1e999` is too large\n"
                "  quote it if it is text; numbers have at most 64 bits"
            ),
        ),
        (
            "9223372036854775808",
            (
                "4:11: the number `9223372036854775808` is too large\n"
                "  quote it if it is text; numbers have at most 64 bits"
            ),
        ),
        (
            "9" * 5000,
            (
                "4:11: the number `99999999999999999999999…` is too large\n"
                "  quote it if it is text; numbers have at most 64 bits"
            ),
        ),
    ],
)
def test_values_that_yaml_parsers_read_differently_are_refused(
    written: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(f"args: {{x: {written}}}")) == [problem]


def test_a_refused_number_is_reported_once(problems: Problems, manifest: Manifest) -> None:
    assert problems(manifest("deadline: 0123")) == [
        (
            "4:11: some YAML parsers read `0123` as octal, others as decimal\n"
            '  quote it if it is text: "0123"; remove the leading zeros if it is a number'
        )
    ]
