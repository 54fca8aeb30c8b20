"""Make one change in a copy of the repository and run the tests that cover it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.changes import Change
from tests.mutants.covering import SLOW, environment

LIMIT: Final = 180
LIMIT_OF_SLOW: Final = 600
"""Seconds that a single test may take, also on a busy machine. A change that makes the code run
without end is noticed by that."""
MOST: Final = 20
"""Times that, for one run of tests: an import that never ends is part of no test."""


class Verdict(Enum):
    """What became of a change."""

    NOTICED = "noticed"
    ENDLESS = "noticed, since a test took too long"
    SURVIVED = "survived"
    UNCOVERED = "no test runs this line"

    @property
    def noticed(self) -> bool:
        """Whether a test noticed the change."""
        return self in (Verdict.NOTICED, Verdict.ENDLESS)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the files that git tracks, or would track, in a folder of its own."""

    root: Path

    @classmethod
    def of(cls, repository: Path, root: Path) -> Copy:
        """Copy a repository's work tree to a new folder."""
        listed = ("ls-files", "--cached", "--others", "--exclude-standard", "-z")
        names = subprocess.run(
            ["git", *listed], cwd=repository, capture_output=True, check=True, text=True
        ).stdout.split("\0")
        for name in filter(None, names):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository / name, target)
        return cls(root)

    def play(self, change: Change, runs: Sequence[Sequence[str]]) -> Verdict:
        """Run the tests over the changed code, until a run of them notices; the copy is whole again
        afterwards.

        Raises:
            RuntimeError: pytest itself has failed, so that nothing is known.
        """
        if not runs:
            return Verdict.UNCOVERED
        module = self.root / change.path
        before = module.read_bytes()
        _write(module, change.applied(before))
        try:
            verdicts = (self._verdict(tests) for tests in runs)
            return next((one for one in verdicts if one.noticed), Verdict.SURVIVED)
        except RuntimeError as error:
            raise RuntimeError(f"{change}: {error}") from error
        finally:
            _write(module, before)

    def _verdict(self, tests: Sequence[str]) -> Verdict:
        """Whether one of these tests fails.

        Raises:
            RuntimeError: pytest itself has failed.
        """
        listing = self.root / "chosen-tests"
        listing.write_text("".join(f"{test}\n" for test in tests))
        seconds = LIMIT_OF_SLOW if tests[0].startswith(tuple(SLOW)) else LIMIT
        # By a thread, which ends the process: no exception ends a loop that never waits.
        limit = ("-o", f"timeout={seconds}", "-o", "timeout_method=thread")
        profile = ("--hypothesis-profile", "unshrunk")
        options = ("-q", "-x", "-p", "no:cacheprovider", *profile, *limit, f"@{listing}")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *options],
                cwd=self.root,
                env=environment(self.root),
                capture_output=True,
                text=True,
                timeout=seconds * MOST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict.ENDLESS
        if done.returncode == pytest.ExitCode.INTERNAL_ERROR:
            raise RuntimeError(f"{done.stdout}{done.stderr}")
        gone = set(re.findall(rf"^ERROR: not found: {self.root}/(.+)$", done.stderr, re.MULTILINE))
        if gone:
            rest = [_without(test, gone) for test in tests if test not in gone]
            return self._verdict(list(dict.fromkeys(rest))) if rest else Verdict.SURVIVED
        if done.returncode == pytest.ExitCode.OK:
            return Verdict.SURVIVED
        return Verdict.ENDLESS if "+ Timeout +" in done.stdout else Verdict.NOTICED


def _write(module: Path, code: bytes) -> None:
    """Write a module, and remove its bytecode: Python tells two versions of one size apart by the
    second in which they were written."""
    module.write_bytes(code)
    Path(cache_from_source(str(module))).unlink(missing_ok=True)


def _without(test: str, gone: Collection[str]) -> str:
    """The test, with whatever parameters it has if the change has taken away one of them."""
    function = test.partition("[")[0]
    return function if function in gone else test
