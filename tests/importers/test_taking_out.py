"""The line to remove from the code of a Modal app, found without running it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.importers.draft import StillFiring
from reconciler.importers.modal_code import ScheduleArgument, schedule_arguments
from reconciler.importers.python_files import MAX_BYTES, UnreadFile, find_arguments
from reconciler.importers.taking_out import lines_to_take_out

DAILY = "schedule=modal.Period(days=1)"
SYNC = StillFiring("bank", "sync", DAILY)

CODE = """\
    import modal
    from modal import App

    NAME = "bank"
    app = modal.App(NAME)
    other = App(name="news")


    @app.function(
        image=image,
        schedule=modal.Cron(
            "0 6 * * *",
            timezone="Europe/Paris",
        ),
    )
    def sync(): ...


    @other.function(name="feed", schedule=EVERY_HOUR)
    async def fetch(): ...


    @shared.app.function(schedule=modal.Period(days=1))
    def somewhere(): ...


    @app.function(schedule=None)
    @app.cls()
    def quiet(): ...


    app.function(schedule=modal.Period(hours=2))(rates)
    """


def arguments(code: str) -> list[ScheduleArgument]:
    found = schedule_arguments(textwrap.dedent(code), "jobs.py")
    return sorted(found, key=lambda argument: argument.line)


def lines(root: Path, *found: StillFiring) -> list[str]:
    return list(lines_to_take_out(found, find_arguments(root)))


def test_an_argument_is_found_with_its_line_its_app_and_its_function() -> None:
    assert [(a.line, a.app, a.function, a.text) for a in arguments(CODE)] == [
        (
            11,
            "bank",
            "sync",
            'schedule=modal.Cron( "0 6 * * *", timezone="Europe/Paris", )',
        ),
        (19, "news", "feed", "schedule=EVERY_HOUR"),
        (23, None, "somewhere", "schedule=modal.Period(days=1)"),
        (32, "bank", "rates", "schedule=modal.Period(hours=2)"),
    ]


def test_the_file_and_the_line_are_named(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "sync.py").write_text(textwrap.dedent(CODE))
    assert lines(tmp_path, StillFiring("news", "feed", DAILY)) == [
        "jobs/sync.py:19: schedule=EVERY_HOUR  (of news/feed)"
    ]


def test_what_no_file_gives_is_said_with_what_to_look_for(tmp_path: Path) -> None:
    assert lines(tmp_path, SYNC) == [f"bank/sync: {DAILY}, in no Python file of this repository"]


def test_a_function_of_that_name_in_another_app_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('app = modal.App("x")\n@app.function(schedule=S)\ndef sync(): 0')
    assert "in no Python file of this repository" in lines(tmp_path, SYNC)[0]
    (tmp_path / "b.py").write_text("from a import app\n@app.function(schedule=S)\ndef sync(): 0")
    assert lines(tmp_path, SYNC) == ["b.py:2: schedule=S  (of bank/sync)"]
    (tmp_path / "c.py").write_text(
        'app = modal.App("bank")\n@app.function(schedule=S)\ndef sync(): 0'
    )
    assert lines(tmp_path, SYNC) == ["c.py:2: schedule=S  (of bank/sync)"]


def test_what_is_not_the_repositorys_own_code_is_left_out(tmp_path: Path) -> None:
    for folder in (".venv", "node_modules", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("@app.function(schedule=S)\ndef sync(): 0")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert list(find_arguments(tmp_path)) == []


def test_a_file_that_cannot_be_looked_into_is_shown_while_something_is_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.py").write_text("schedule = (")
    (tmp_path / "bytes.py").write_bytes(b"schedule = '\xff'")
    (tmp_path / "large.py").write_text("#" * (MAX_BYTES + 1))
    (tmp_path / "other.py").write_text("(")
    assert [found.file for found in find_arguments(tmp_path) if isinstance(found, UnreadFile)] == [
        "broken.py",
        "bytes.py",
        "large.py",
    ]
    told = lines(tmp_path, SYNC)
    assert told[1].startswith("broken.py: not read: not Python that can be parsed here: ")
    (tmp_path / "sync.py").write_text("@app.function(schedule=S)\ndef sync(): 0")
    assert len(lines(tmp_path, SYNC)) == 1


@given(
    st.lists(
        st.sampled_from(
            [
                *("app", "=", "modal.App", "(", ")", "'x'", ",", "**", "name", "schedule", "\n"),
                *("@", "app.function", "def f(): 0", "class A:", "lambda: 0", "\x00", "\\", "f'{"),
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_looked_through_or_is_no_python(code: str) -> None:
    try:
        found = list(schedule_arguments(code, "x.py"))
    except (SyntaxError, ValueError):
        return
    assert all(argument.text.startswith("schedule") for argument in found)


@pytest.mark.parametrize("deep", ["(" * 300 + ")" * 300, "x" + ".y" * 100_000])
def test_code_that_is_nested_too_deeply_is_shown(tmp_path: Path, deep: str) -> None:
    (tmp_path / "deep.py").write_text(f"schedule = {deep}")
    (found,) = find_arguments(tmp_path)
    assert isinstance(found, UnreadFile)
