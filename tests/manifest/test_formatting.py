"""The canonical form of a manifest file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from reconciler.manifest import ManifestError
from reconciler.manifest.formatting import formatted
from tests.github.runner import ROOT
from tests.manifest.test_fuzz import CONTENTS
from tests.manifest.texts import comments, files, values


def form(text: str) -> str:
    return formatted(text.encode(), "job.yaml").decode()


@settings(max_examples=150)
@given(files())
def test_the_form_has_the_same_meaning_and_comments_and_is_its_own_form(content: bytes) -> None:
    after = formatted(content, "job.yaml")
    assert values(after) == values(content)
    assert comments(after) == comments(content)
    assert formatted(after, "job.yaml") == after


@settings(max_examples=300)
@given(CONTENTS)
def test_any_bytes_have_a_form_or_a_manifest_error(content: bytes) -> None:
    try:
        after = formatted(content, "job.yaml")
    except ManifestError:
        return
    assert values(after) == values(content)
    assert formatted(after, "job.yaml") == after


def test_keys_stand_in_the_order_of_the_reference_with_the_comments_above_them() -> None:
    text = (
        "# the nightly job\n"
        "function: app/job  # deployed by data\n"
        "\n"
        "# mornings\n"
        "schedule: 1d\n"
        "owner: data\n"
        "args:\n"
        "  a: 1\n"
        "  # about b\n"
        "name: job\n"
        "# the end\n"
    )
    assert form(text) == (
        "# the nightly job\n"
        "name: job\n"
        "\n"
        "# mornings\n"
        "schedule: 1d\n"
        "function: app/job  # deployed by data\n"
        "args:\n"
        "  a: 1\n"
        "  # about b\n"
        "owner: data\n"
        "# the end\n"
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("name: 'job'", "name: job"),
        ("args: {'window': \"24h\"}", "args: {window: 24h}"),
        ("schedule: 0 6 * * *", 'schedule: "0 6 * * *"'),
        ("schedule: '@daily'", 'schedule: "@daily"'),
        ("schedule: [10m, 0 6 * * *]", 'schedule: [10m, "0 6 * * *"]'),
        ("exclude: ['* * * * 6', 2026-12-24]", 'exclude: ["* * * * 6", 2026-12-24]'),
        ("description: 'two words'", 'description: "two words"'),
        ("description: two words", "description: two words"),
        ("description: 'say \"so\"'", "description: 'say \"so\"'"),
        ("description: 'a\\b'", "description: 'a\\b'"),
        ("labels: {a: 'yes', b: 'N', c: 'null', d: '0x10', e: '1e3'}",
         'labels: {a: "yes", b: "N", c: "null", d: "0x10", e: "1e3"}'),
        ("args: {'a':1}", 'args: {"a":1}'),
    ],
)  # fmt: skip
def test_quotes_are_double_where_a_text_needs_them(written: str, canonical: str) -> None:
    assert form(f"{written}\n") == f"{canonical}\n"
    assert form(f"{canonical}\n") == f"{canonical}\n"


def test_the_line_ends_of_the_file_stay() -> None:
    assert form("function: a/b\r\nname: x") == "name: x\r\nfunction: a/b\r\n"
    assert form("function: a/b\nname: x") == "name: x\nfunction: a/b\n"


def test_a_byte_order_mark_stays() -> None:
    assert form("\ufefffunction: a/b\nname: x\n") == "\ufeffname: x\nfunction: a/b\n"


@pytest.mark.parametrize(
    "text",
    [
        '{"function": "a/b", "name": "x"}\n',
        '{"name": "\\ud83d\\ude00", "args": {}}\n',
        "function: a/b\nargs: &a {x: 1}\nlabels: *a\nname: x\n",
    ],
    ids=["JSON", "surrogate pairs", "an alias"],
)
def test_what_has_no_keys_to_move_is_left_alone(text: str) -> None:
    assert form(text) == text


@pytest.mark.parametrize(
    "path",
    [
        *(ROOT / "schedules").glob("*.yaml"),
        *(ROOT / "examples").rglob("schedules/*.yaml"),
        ROOT / "reconciler" / "importers" / "templates" / "example.yaml",
    ],
    ids=lambda path: path.stem,
)
def test_what_this_repository_shows_is_in_canonical_form(path: Path) -> None:
    content = path.read_bytes()
    assert formatted(content, path.name) == content


def test_a_file_that_is_not_yaml_is_refused_with_its_position() -> None:
    with pytest.raises(ManifestError, match=r"1 problem in 1 file"):
        form("name: [x\n")
    with pytest.raises(ManifestError):
        form("name: x\nname: y\n")
