"""Files that are no good YAML, or hold what YAML can do and a manifest must not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest import Schedule
from reconciler.manifest.composer import TooDeepError, compose
from reconciler.manifest.document import documents

Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]
Read = Callable[..., Schedule]


BROKEN = [
    (
        "schedule: */5 * * * *  # often",
        '1:11: a value that begins with `*` is read as a YAML alias\n  quote it: "*/5 * * * *"',
    ),
    (
        "schedule: * * * * *",
        '1:11: a value that begins with `*` is read as a YAML alias\n  quote it: "* * * * *"',
    ),
    (
        "schedule: *daily",
        '1:11: a value that begins with `*` is read as a YAML alias\n  quote it: "*daily"',
    ),
    (
        "schedule: @daily",
        (
            "1:11: a value that begins with `@` is not valid unquoted text in YAML\n"
            '  quote it: "@daily"'
        ),
    ),
    ("args:\n\twindow: 24h", "2:1: YAML does not allow tabs as indentation\n  indent with spaces"),
    ('name: "job\nfunction: a/b', "1:7: this quote is not closed\n  close it"),
    (
        "description: note: this",
        (
            "1:18: a `key: value` pair is not allowed here\n"
            "  quote a value that contains `: `, or correct the indentation"
        ),
    ),
    (
        "name: !e!x job",
        ("1:7: YAML tags are not supported\n  remove the tag, or quote the value if it is text"),
    ),
    (
        "args: {a: &x 1, b: &x 2}",
        "1:20: this anchor is already defined above\n  give it another name",
    ),
    (
        "%YAML 3.0\n---\nname: job",
        "1:1: this version of YAML is not supported\n  remove the line",
    ),
]


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_broken_yaml_is_explained_at_its_position(
    text: str, problem: str, problems: Problems
) -> None:
    assert problems(text) == [problem]


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_a_pyyaml_without_libyaml_reports_the_same(text: str, problem: str) -> None:
    *_, last = documents(text.encode(), "job.yaml", pure_python=True)
    assert str(last) == f"job.yaml:{problem}"


def test_other_yaml_errors_are_reported_with_the_parsers_message(problems: Problems) -> None:
    (problem,) = problems("name: [a, b\nfunction: x\n")
    assert problem.startswith("2:9: not YAML: while parsing a flow sequence")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            'catchup: all\ncatchup: "none"',
            "5:1: duplicate key `catchup`, first on line 4\n  keep one of them",
        ),
        (
            "args: {a: {b: 1, b: 2}}",
            "4:18: duplicate key `b`, first on line 4\n  keep one of them",
        ),
        ("args: {x: {1: a}}", '4:12: a key must be text\n  put it in quotes, e.g. "1"'),
        ("args: {x: {[1]: a}}", '4:12: a key must be text\n  put it in quotes, e.g. "1"'),
        (
            "args: {<<: {a: 1}}",
            "4:8: merge keys (`<<`) are not supported\n  write the keys out",
        ),
        (
            "args: {a: !!python/object/apply:os.system [id]}",
            (
                "4:11: the YAML tag `!!python/object/apply:os.system` is not supported\n"
                "  remove the tag, or quote the value if it is text"
            ),
        ),
        (
            "args: {a: !!binary aGk=}",
            (
                "4:11: the YAML tag `!!binary` is not supported\n"
                "  remove the tag, or quote the value if it is text"
            ),
        ),
        (
            "args: {a: !secret b}",
            (
                "4:11: the YAML tag `!secret` is not supported\n"
                "  remove the tag, or quote the value if it is text"
            ),
        ),
    ],
)
def test_yaml_that_a_manifest_must_not_use_is_refused_by_name(
    lines: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(lines)) == [problem]


def test_a_few_aliases_are_fine(read: Read, manifest: Manifest) -> None:
    schedule = read(manifest("args: {a: &shared [1, 2], b: *shared, c: *shared}"))
    assert schedule.args == {"a": [1, 2], "b": [1, 2], "c": [1, 2]}


def test_an_alias_bomb_is_refused_before_it_goes_off(problems: Problems) -> None:
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert problems("\n".join(levels)) == [
        "1:10: aliases repeat more than 1,000 values\n  write the values out"
    ]


def test_an_alias_that_contains_itself_is_refused(problems: Problems) -> None:
    (problem,) = problems("args: &a {b: *a}")
    assert problem == "1:7: an alias contains itself\n  write the values out"


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 5000 + "]" * 5000, "".join(" " * n + "-\n" for n in range(500))]
)
def test_deep_nesting_is_refused(text: str, problems: Problems) -> None:
    (problem,) = problems(text)
    assert problem.endswith(": nested deeper than 32 levels\n  reduce the nesting")


def test_deep_nesting_does_not_exhaust_the_slow_parser_either() -> None:
    with pytest.raises(TooDeepError):
        list(compose("a: " + "[" * 5000 + "]" * 5000, pure_python=True))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "name: job\nowner: Ren\u00e9".encode("latin-1"),
            "2:11: not UTF-8: invalid byte 0xe9\n  save the file as UTF-8",
        ),
        (
            "name: job".encode("utf-16"),
            "1:1: not UTF-8: invalid byte 0xff\n  save the file as UTF-8",
        ),
        (
            b"name: job\nowner: a\x00b",
            (
                "2:9: control character U+0000 is not allowed\n"
                "  delete it, or write it as an escape inside double quotes"
            ),
        ),
    ],
)
def test_a_file_that_is_not_text_is_reported_at_the_first_wrong_byte(
    content: bytes, problem: str, problems: Problems
) -> None:
    assert problems(content) == [problem]


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(problems: Problems) -> None:
    assert problems(b"\xef\xbb\xbfname: job\r\nschedule: 1d\r\nfunctoin: a/b\r\n") == [
        "3:1: unknown key `functoin`\n  did you mean `function`?"
    ]


def test_a_problem_in_a_later_document_has_its_line_in_the_file(
    problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest("") + "---\nname: other\nschedule: 1d\n") == [
        "6:1: neither `function` nor `code` is given\n  add one of them"
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "---\n---\n"])
def test_a_file_without_a_document_is_an_error(text: str, problems: Problems) -> None:
    assert problems(text) == [
        "1:1: this file contains no manifest\n  write one, or delete the file"
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("just text", "`just text`"), ("- a\n- b", "a list"), ("12", "12"), ("null", "empty")],
)
def test_a_document_that_is_no_mapping_is_an_error(
    text: str, shown: str, problems: Problems
) -> None:
    assert problems(text) == [
        f"1:1: the document must be a mapping of keys and values, not {shown}"
    ]


@pytest.mark.parametrize(
    "text", ["{}---\n", "---\n# a comment\n---\n{}---\n# an end\n...\n", "---\n---\n{}...\n"]
)
def test_a_document_without_content_is_no_document(
    text: str, read: Callable[[str], Schedule], manifest: Manifest
) -> None:
    assert read(text.replace("{}", manifest(""))).when == ("0 6 * * *",)


def test_json_with_surrogate_pairs_is_read(read: Callable[[str], Schedule]) -> None:
    escaped = r'"\u00e9 \ud83d\ude00 \\ud83d\\ude00"'
    text = f'{{"name": "a", "schedule": "@daily", "function": "a/b", "description": {escaped}}}'
    assert read(text).description == r"é 😀 \ud83d\ude00"


def test_half_of_a_surrogate_pair_is_no_character(problems: Problems) -> None:
    (problem,) = problems(r'{"name": "a", "description": "\ud83d"}')
    assert "half of a surrogate pair" in problem


@given(st.recursive(st.text(alphabet="ab01:-", max_size=6), lambda inner: st.lists(inner)))
def test_both_parsers_give_the_same_nodes(value: object) -> None:
    text = f"key: {value!r}\n---\n- {value!r}\n"
    fast = [repr(node) for node in compose(text)]
    slow = [repr(node) for node in compose(text, pure_python=True)]
    assert fast == slow
