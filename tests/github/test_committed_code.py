"""The files of code targets as a commit has them, whatever the work tree holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.deploy.committed_code import CommitFiles, head_of, uncommitted_code
from reconciler.manifest import Settings, load_contents
from tests.github.repository import GitRepository

JOB = b"name: say\nschedule: 1h\ncode: jobs/say.py::say\n"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "origin")
    made.write("jobs/say.py", "def say(): ...\n")
    made.write("other/readme.txt", "é\n")
    made.commit()
    return made


def test_a_commit_is_read_and_not_the_work_tree(repository: GitRepository) -> None:
    commit = head_of(repository.root)
    assert commit is not None
    repository.write("jobs/say.py", "changed\n")
    repository.write("jobs/new.py", "")
    files = CommitFiles(repository.root, commit)
    assert files.read("jobs/say.py") == b"def say(): ...\n"
    assert files.read("jobs/new.py") is None
    assert sorted(files.paths()) == ["jobs/say.py", "other/readme.txt"]
    assert files.place == f"commit {commit[:12]}"
    assert files.year == datetime.now(UTC).year


def test_paths_are_those_below_the_folder_of_the_settings(repository: GitRepository) -> None:
    commit = head_of(repository.root)
    assert commit is not None
    files = CommitFiles(repository.root / "jobs", commit)
    assert list(files.paths()) == ["say.py"]
    assert files.read("say.py") == b"def say(): ...\n"


def test_a_symbolic_link_is_not_there(repository: GitRepository) -> None:
    (repository.root / "jobs" / "link.py").symlink_to("say.py")
    files = CommitFiles(repository.root, repository.commit())
    assert files.read("jobs/link.py") is None


def test_outside_git_and_before_the_first_commit_there_is_no_commit(tmp_path: Path) -> None:
    assert head_of(tmp_path) is None
    assert head_of(GitRepository.create(tmp_path / "new").root) is None


def test_a_file_that_differs_from_the_commit_is_named(repository: GitRepository) -> None:
    commit = head_of(repository.root)
    assert commit is not None
    manifests = load_contents(
        [("schedules/say.yaml", JOB)],
        settings=Settings(),
        code=CommitFiles(repository.root, commit),
    )

    def warned() -> list[str]:
        return list(uncommitted_code(manifests.schedules, manifests.code, repository.root))

    assert warned() == []
    repository.write("jobs/say.py", "def say():\n    return 1\n")
    assert warned() == [
        (
            f"jobs/say.py differs from commit {commit[:12]}, and what the commit has is deployed; "
            "commit it to deploy it"
        )
    ]


def test_line_ends_of_the_commit_are_no_difference(repository: GitRepository) -> None:
    repository.write("jobs/say.py", "def say():\r\n    return 1\r\n")
    manifests = load_contents(
        [("schedules/say.yaml", JOB)],
        settings=Settings(),
        code=CommitFiles(repository.root, repository.commit()),
    )
    assert b"\r\n" in (repository.root / "jobs/say.py").read_bytes()
    assert list(uncommitted_code(manifests.schedules, manifests.code, repository.root)) == []


def test_each_file_that_differs_is_named_once(repository: GitRepository) -> None:
    repository.write("jobs/say.py", "from jobs import words\ndef say(): ...\n")
    repository.write("jobs/words.py", "hello = 1\n")
    manifests = load_contents(
        [
            ("schedules/say.yaml", JOB),
            ("schedules/again.yaml", JOB.replace(b"name: say", b"name: b")),
        ],
        settings=Settings(),
        code=CommitFiles(repository.root, repository.commit()),
    )
    repository.write("jobs/say.py", "def say(): ...\n")
    repository.write("jobs/words.py", "hello = 2\n")
    warned = uncommitted_code(manifests.schedules, manifests.code, repository.root)
    assert [text.partition(" ")[0] for text in warned] == ["jobs/say.py", "jobs/words.py"]


CALENDAR = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20261225
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_that_of_the_commit_and_a_difference_is_named(
    repository: GitRepository,
) -> None:
    repository.write("days.ics", CALENDAR)
    commit = repository.commit()
    repository.write("days.ics", CALENDAR.replace("1225", "1226"))
    text = b"name: say\nschedule: 1h\nfunction: a/b\nexclude: [{calendar: days.ics}]\n"

    manifests = load_contents(
        [("schedules/say.yaml", text)],
        settings=Settings(),
        code=CommitFiles(repository.root, commit),
    )

    (calendar,) = manifests.schedules[0].calendars
    assert [day.first.day for day in calendar.days] == [25]
    (warning,) = uncommitted_code(manifests.schedules, manifests.code, repository.root)
    assert warning.startswith(f"days.ics differs from commit {commit[:12]}")
