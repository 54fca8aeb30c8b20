"""Failures of files, streams and arguments: each has its message, its remedy and its exit code.

None is called a defect, none takes long, and none says more than a person can read.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.forked import Done, Forked

GOOD = 'name: a\nschedule: "0 6 * * *"\nfunction: shop/sync\n'
BAD = "---\nname: BAD\nschedule: nonsense\nfuntcion: shop/sync\n"
SHORT = 5_000
"""Characters that a message may have."""


@dataclass(frozen=True)
class Case:
    """A failure.

    Attributes:
        make: brings it about, in the folder.
        command: what is called.
        says: what the message names.
        remedy: what it says to do.
    """

    make: Callable[[Path], object]
    command: tuple[str, ...]
    says: str
    remedy: str


def nothing(_folder: Path) -> None:
    """The arguments are what is wrong."""


def manifest(content: str | bytes, name: str | bytes = "b.yaml") -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        path = os.path.join(os.fsencode(folder / "schedules"), os.fsencode(name))  # noqa: PTH118
        with open(path, "wb") as file:  # noqa: PTH123 - a name that pathlib cannot have
            file.write(content if isinstance(content, bytes) else content.encode())

    return make


def deep(folder: Path) -> None:
    here = os.open(folder / "schedules", os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def long_path(folder: Path) -> None:
    here = os.open(folder / "schedules", os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def listening(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("schedules/b.yaml")
    finally:
        os.chdir(here)


def imported(content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "given").write_text(content)


def state(content: str | None) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        path = folder / ".reconciler" / "engine"
        path.mkdir(parents=True)
        if content is None:
            (path / "server.json").mkdir()
        else:
            path.rmdir()
            path.write_text(content)

    return make


LAUGHS = "a: &a [x]\n" + "".join(
    f"{chr(n)}: &{chr(n)} [{','.join([f'*{chr(n - 1)}'] * 9)}]\n" for n in range(98, 112)
)
VALIDATE = ("validate",)
CASES = {
    "folders 1,000 deep": Case(
        deep, VALIDATE, "schedules/d/d/d/…: nested in more than 64 folders", "move the manifests"
    ),
    "a path beyond the system's bound": Case(
        long_path, VALIDATE, "cannot be read: file name too long", "check the path"
    ),
    "a FIFO": Case(
        lambda folder: os.mkfifo(folder / "schedules" / "b.yaml"),
        VALIDATE,
        "schedules/b.yaml: not a regular file",
        "replace it with a file",
    ),
    "a socket": Case(listening, VALIDATE, "b.yaml: not a regular file", "replace it with a file"),
    "a folder": Case(
        lambda folder: (folder / "schedules" / "b.yaml").mkdir(),
        VALIDATE,
        "b.yaml: expected a file, found a folder",
        "rename or move the folder",
    ),
    "a file as the folder": Case(
        lambda folder: (folder / "x").touch(),
        ("validate", "--schedules", "x"),
        "x: expected a folder, found a file",
        "name a folder",
    ),
    "a name that is not UTF-8": Case(
        manifest(BAD, b"caf\xe9.yaml"), VALIDATE, "schedules/caf\\xe9.yaml:2:7", "did you mean"
    ),
    "content that is not UTF-8": Case(
        manifest(b"name: caf\xe9\n"), VALIDATE, "b.yaml:1:10: not UTF-8", "save the file as UTF-8"
    ),
    "a NUL": Case(manifest("name: a\0b"), VALIDATE, "U+0000 is not allowed", "delete it"),
    "a lone surrogate": Case(
        manifest('name: "\\ud800"'), VALIDATE, "half of a surrogate pair", "write the character"
    ),
    "200 brackets": Case(
        manifest("[" * 200),
        VALIDATE,
        "b.yaml:1:32: nested deeper than 32 levels",
        "reduce the nesting",
    ),
    "a million brackets": Case(
        manifest("{a: " * 1_000_000), VALIDATE, "nested deeper than 32 levels", "reduce the nesting"
    ),
    "billion laughs": Case(
        manifest(LAUGHS), VALIDATE, "aliases repeat more than 1,000 values", "write the values out"
    ),
    "a huge number": Case(manifest("name: 1" + "0" * 100_000), VALIDATE, "is too large", "64 bits"),
    "a tag that runs code": Case(
        manifest("!!python/object/apply:os.system [x]"), VALIDATE, "YAML tag", "remove the tag"
    ),
    "50,000 wrong documents": Case(
        manifest(BAD * 50_000), VALIDATE, "1,001 problems in 1 file", "and 951 more"
    ),
    "a document with 20,000 wrong keys": Case(
        manifest("".join(f"nane{n}: 1\n" for n in range(20_000))),
        VALIDATE,
        "problems in 1 file",
        " more; `reconcile validate --format json` lists them",
    ),
    "settings that are a FIFO": Case(
        lambda folder: os.mkfifo(folder / "reconciler.yaml"),
        VALIDATE,
        "reconciler.yaml: not a regular file",
        "replace it with a file",
    ),
    "the engine's state is a file": Case(
        state("x"), ("status",), "cannot be started: ", "that folder, which has to be writable"
    ),
    "the engine's record is a folder": Case(
        state(None), ("status",), "server.json: cannot be read: is a directory", "access to it"
    ),
    "a plan that is a folder": Case(
        nothing, ("--plan", "/"), "/: cannot be read: is a directory", "Check the path."
    ),
    "a plan without an end": Case(
        nothing, ("--plan", "/dev/zero"), "/dev/zero: larger than 64 MiB", "Check the path."
    ),
    "a plan with a name that no file has": Case(
        nothing, ("--plan", "x" * 5_000), "cannot be read: file name too long", "Check the path."
    ),
    "brackets for wrangler": Case(
        imported("[" * 100_000), ("import", "wrangler", "given"), "nested too deeply", "Check"
    ),
    "brackets for Kubernetes": Case(
        imported("[" * 10_000), ("import", "kubernetes", "given"), "nested too deeply", "Check"
    ),
    "arguments that are brackets": Case(
        nothing, ("submit", "a/b", "--args", "[" * 100_000), "--args is not JSON", "For example"
    ),
    "an argument that is not UTF-8": Case(
        nothing,
        ("next", os.fsdecode(b"caf\xe9")),
        "there is no schedule `caf\ufffd`",
        "There is one: a",
    ),
    "init where a file is in the way": Case(
        lambda folder: (folder / "schema").touch(),
        ("init",),
        "schema: cannot be written: file exists",
        "Name a file that can be written.",
    ),
    "a calendar on a full disk": Case(
        nothing,
        ("next", "--ics", "/dev/full"),
        "/dev/full: cannot be written: no space is left on the disk",
        "Free some space or choose another place",
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "a.yaml").write_text(GOOD)
    yield tmp_path
    # Python's own way to remove a tree takes a level of its stack for each folder.
    subprocess.run(["rm", "-rf", str(tmp_path / "schedules")], check=True)


def reconcile(folder: Path, *arguments: str, **more: str) -> Done:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **more}
    return Forked(folder, variables).reconcile(*arguments)


@pytest.mark.parametrize("name", CASES)
def test_an_expected_failure_says_what_to_do(folder: Path, name: str) -> None:
    case = CASES[name]
    case.make(folder)
    done = reconcile(folder, *case.command)
    assert done.code == 1, done.out
    assert case.says in done.err
    assert case.remedy in done.err
    assert "defect" not in done.err
    assert "Traceback" not in done.err
    assert len(done.err) < SHORT * 2


@pytest.mark.parametrize(
    "command", [("validate",), ("next",), ("next", "--ics", "-"), ("lint",), ("--help",)]
)
def test_a_full_disk_behind_standard_output_is_named(folder: Path, command: tuple[str]) -> None:
    program = f"{sys.executable} -m reconciler {' '.join(command)} > /dev/full"
    done = subprocess.run(
        program,
        shell=True,
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "reconcile: standard output cannot be written: no space left on device\n"
        "  Free some disk space, or send the output elsewhere.\n"
    )
    assert "Exception" not in done.stderr


@pytest.mark.parametrize(
    "command", [("init",), ("import", "crontab", "given"), ("next", "--ics", "x.ics")]
)
def test_a_file_that_cannot_be_written_whole_is_not_left_behind(
    folder: Path, command: tuple[str, ...]
) -> None:
    """A bound on the size of files does what a full disk does, after some bytes."""
    (folder / "given").write_text("0 9 * * * /usr/bin/job --with words\n")
    before = sorted(folder.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *command],
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be written: the file would be larger than is allowed" in done.stderr
    assert "Free some space or choose" in done.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_current_folder_that_was_deleted_is_named(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    for command in ("validate", "--dry-run", "init", "engine", "history"):
        program = f"rmdir {gone}; {sys.executable} -P -m reconciler {command}"
        done = subprocess.run(
            program, shell=True, cwd=gone, capture_output=True, text=True, check=False
        )
        gone.mkdir()
        assert done.returncode == 1
        assert "the current folder cannot be read: no such file or directory" in done.stderr
        assert "Change to a folder that exists." in done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"TZ": "Nowhere/Odd"},
        {"TZ": os.fsdecode(b"\xff")},
        {"TMPDIR": "/nonexistent"},
        {"HOME": "/nonexistent"},
        {"COLUMNS": "nonsense"},
    ],
)
def test_an_odd_environment_fails_nothing(folder: Path, variables: dict[str, str]) -> None:
    for command in ("validate", "lint", "next"):
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
