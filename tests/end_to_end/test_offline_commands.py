"""The commands that ask nothing of Modal, as they are called."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import Done, Forked


def reconcile(folder: Path, *arguments: str, path: str = "") -> Done:
    """Run the command line in a folder, without an engine."""
    return Forked(folder, {"HOME": str(folder), "PATH": path}).reconcile(*arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with a schedule that a linter remarks on, and an ordinary one."""
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").write_text(
        'name: sevenths\nschedule: "*/7 * * * *"\nfunction: shop/sync\n'
        '---\nname: daily\nschedule: "0 6 * * *"\nfunction: shop/sync\n'
    )
    return tmp_path


def test_validate_counts_what_is_valid(folder: Path) -> None:
    done = reconcile(folder, "validate")
    assert (done.code, done.out) == (0, "2 schedules in 1 file of schedules: all valid.\n")


def test_validate_says_all_that_is_wrong_with_file_line_and_column(folder: Path) -> None:
    (folder / "schedules" / "b.yaml").write_text(
        "name: daily\nschedule: 0 6 * *\nfuntcion: shop/sync\n"
    )
    done = reconcile(folder, "validate")
    assert done.code == 1
    assert done.out == ""
    assert "schedules/b.yaml:3:1" in done.err
    assert "schedules/b.yaml:2:11" in done.err
    assert "Traceback" not in done.err


def test_validate_also_says_to_programs_what_is_wrong(folder: Path) -> None:
    (folder / "schedules" / "b.yaml").write_text("name: daily\nschedule: 0 6 * * *\n")
    (folder / "schedules" / "a.yaml").unlink()
    done = reconcile(folder, "validate", "--format", "json")
    assert done.code == 1
    assert json.loads(done.out) == {
        "format": 2,
        "problems": [
            {
                "file": "schedules/b.yaml",
                "line": 1,
                "column": 1,
                "message": "neither `function` nor `code` is given",
                "remedy": "add one of them",
            }
        ],
    }
    (folder / "reconciler.yaml").write_text("apps: x\n")
    done = reconcile(folder, "validate", "--format", "json")
    (problem,) = json.loads(done.out)["problems"]
    assert (problem["file"], problem["remedy"]) == ("reconciler.yaml", "did you mean `app`?")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "adopt",
        "explain daily 2026-11-20T06:00Z",
        "history",
        "import modal",
        "result fc-1",
        "runs",
        "status",
        "submit shop/sync",
        "tasks",
        "tasks cancel a",
        "trigger daily",
        "unlock 1",
        "wake",
    ],
)
def test_without_a_token_it_is_said_how_to_get_one(folder: Path, command: str) -> None:
    path = os.environ["PATH"]
    done = reconcile(folder, *command.split(), "--env", "production", path=path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("reconcile: authentication failed: Token missing.")
    _, second = done.err.splitlines()
    assert second.startswith("  Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET")


def test_next_lists_what_comes_after_a_time(folder: Path) -> None:
    done = reconcile(folder, "next", "daily", "--after", "2026-11-20T05:00Z", "--hours", "30")
    assert done.out == "2026-11-20T06:00Z  daily\n2026-11-21T06:00Z  daily\n"


def test_next_of_an_unknown_schedule_names_those_that_exist(folder: Path) -> None:
    done = reconcile(folder, "next", "dayly")
    assert done.code == 1
    assert done.err == "reconcile: there is no schedule `dayly`\n  Did you mean daily?\n"


def test_next_writes_a_calendar(folder: Path) -> None:
    done = reconcile(folder, "next", "--ics", "out.ics")
    assert done.code == 0
    assert (folder / "out.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert done.out == ""
    assert " occurrences up to 20" in done.err
    refused = reconcile(folder, "next", "--ics", "no/such/folder.ics")
    assert refused.err == (
        "reconcile: no/such/folder.ics: cannot be written: no such file or directory\n"
        "  Name a file that can be written.\n"
    )


def test_next_says_what_comes_later_when_nothing_is_near(folder: Path) -> None:
    done = reconcile(folder, "next", "daily", "--after", "2026-11-20T06:00Z", "--hours", "3")
    assert done.out == (
        "Nothing is due up to 2026-11-20T09:00Z. The next is daily at 2026-11-21T06:00Z.\n"
    )


def test_a_plan_where_nothing_was_begun_says_how_to_begin(tmp_path: Path) -> None:
    done = reconcile(tmp_path, "--dry-run")
    assert done.code == 3
    assert done.err == (
        f"reconcile: {tmp_path}: there are neither settings nor a folder of manifests here; "
        "no schedule is deleted because of this\n"
        "  Run it in the repository's root, or create a repository: reconcile init. To delete "
        "every schedule, keep only a .gitkeep in the folder and pass --allow-deletes N, "
        "with N the number of schedules.\n"
    )


@pytest.mark.parametrize("command", ["status", "list", "runs", "submit shop/sync"])
def test_in_a_folder_where_nothing_was_begun_a_question_says_how_to_begin(
    tmp_path: Path, command: str
) -> None:
    done = reconcile(tmp_path, *command.split())
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("or begin one here: reconcile init\n")
    assert list(tmp_path.iterdir()) == [], "and no engine is started"


def test_lint_reports_and_exits_with_one(folder: Path) -> None:
    done = reconcile(folder, "lint")
    assert done.code == 1
    assert done.out.startswith("schedules/a.yaml:1:1: uneven-step: sevenths: ")
    (folder / "schedules" / "a.yaml").write_text(
        'name: daily\nschedule: "0 6 * * *"\nfunction: shop/sync\n'
    )
    clean = reconcile(folder, "lint")
    assert (clean.code, clean.out) == (0, "1 schedule, nothing suspicious.\n")


def test_lint_finds_every_kind_of_suspicious_schedule(folder: Path) -> None:
    call = "function: shop/sync\n"
    odd = {
        "never": 'schedule: "0 6 * * *"\nend: 2020-01-01',
        "uneven-step": 'schedule: "*/7 * * * *"',
        "both-days": 'schedule: "0 6 1 * 1"',
        "no-effect": 'schedule: "0 6 1-31 * 4"',
        "every-minute": 'schedule: "* 14 * * *"',
        "missing-day": 'schedule: "0 6 31 * *"',
        "clock-change": 'schedule: "30 2 * * *"\ntimezone: America/New_York',
        "past": "at: 2020-01-01T10:00:00Z",
    }
    documents = [f"name: a-{rule}\n{keys}\n{call}" for rule, keys in odd.items()]
    documents += [f'name: n{number}\nschedule: "0 9 * * *"\n{call}' for number in range(12)]
    (folder / "schedules" / "a.yaml").write_text("---\n".join(documents))
    found = json.loads(reconcile(folder, "lint", "--format", "json").out)["findings"]
    assert [finding["rule"] for finding in found] == [*odd, "crowded-minute"]
    assert all(f"a-{rule}: " in item["message"] for rule, item in zip(odd, found, strict=False))
    assert found[-1]["message"].startswith("13 schedules start at ")
    assert found[-1]["message"].endswith("Fewer start at :01, :02, :03 past the hour.")


def test_next_looks_a_year_ahead_at_most(folder: Path) -> None:
    done = reconcile(folder, "next", "--days", "367")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "reconcile: 366 days are the most that --days allows\n"
        "  Pass --days 366 or fewer; --after starts the list later.\n"
    )


def test_a_wrong_option_is_refused_with_what_was_expected(folder: Path) -> None:
    done = reconcile(folder, "next", "--after", "soon")
    assert done.code == 1, "2 would say that there are changes"
    assert done.err == (
        "reconcile next: argument --after: 'soon' is not a time such as 2026-11-23T09:00Z, "
        "now, -2h, yesterday or 07:50\n  See reconcile next --help\n"
    )


@pytest.mark.parametrize("time", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_at_the_ends_of_the_calendar_is_refused(folder: Path, time: str) -> None:
    done = reconcile(folder, "next", "--after", time)
    assert done.err == (
        f"reconcile next: argument --after: {time!r} is not in the years 1900 to 2999\n"
        "  See reconcile next --help\n"
    )


def test_a_time_without_an_offset_is_read_as_utc_and_that_is_said_once(folder: Path) -> None:
    said = reconcile(folder, "next", "daily", "--after", "2026-11-20T06:00Z", "--format", "json")
    silent = reconcile(folder, "next", "daily", "--after", "2026-11-20T06:00", "--format", "json")
    assert silent.out == said.out
    assert said.err == ""
    assert silent.err == "2026-11-20T06:00 has no offset and is read as UTC.\n"


def test_a_time_with_another_offset_says_which_instant_it_means(folder: Path) -> None:
    utc = reconcile(folder, "next", "daily", "--after", "2026-11-20T06:00Z")
    berlin = reconcile(folder, "next", "daily", "--after", "2026-11-20T07:00+01:00")
    assert (berlin.out, berlin.err) == (utc.out, "")


def test_a_date_alone_is_its_midnight_in_utc(folder: Path) -> None:
    done = reconcile(folder, "next", "daily", "--after", "2026-11-20")
    assert done.err == "2026-11-20T00:00 has no offset and is read as UTC.\n"


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m reconciler next --count 100000 --days 300 | head -1",
        shell=True,
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""


def test_an_engine_whose_port_is_in_use_says_so(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = reconcile(folder, "engine", "--port", str(port))
    assert done.code == 1
    assert done.err.splitlines() == [
        f"reconcile: the embedded engine did not start: port {port} is in use",
        "  Leave --port out to get a free one.",
    ]


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_what_is_no_port_is_refused(folder: Path, port: str) -> None:
    done = reconcile(folder, "engine", "--port", port)
    assert done.code == 1
    assert done.err.splitlines() == [
        f"reconcile: the embedded engine did not start: {port} is not a port",
        "  Ports are 1 to 65535. Leave --port out to get a free one.",
    ]


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell where output knows Latin characters alone."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_output_goes_where_not_all_of_its_characters_are_known(folder: Path) -> None:
    (folder / "schedules" / "€.yaml").write_text(
        'name: e\nschedule: "*/7 * * * *"\nfunction: a/b\n'
    )
    done = shell(folder, f"{sys.executable} -m reconciler lint")
    assert "schedules/\\u20ac.yaml:1:1: uneven-step" in done.stdout, done.stderr


def test_output_that_is_closed_is_no_defect(folder: Path) -> None:
    done = shell(folder, f"{sys.executable} -m reconciler validate >&-")
    assert (done.returncode, done.stderr) == (0, "")
    done = shell(folder, f"{sys.executable} -m reconciler validate --schedules x 2>&-")
    assert done.returncode == 1
