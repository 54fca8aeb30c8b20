"""Make one change in a copy of the repository and run the tests that cover it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.changes import Change
from tests.mutants.covering import environment

PATIENCE: Final = 900
"""Seconds for one run of the tests of a change; each single test has a minute. A change that makes
the code run without end is noticed by that."""


class Verdict(Enum):
    """What became of a change."""

    NOTICED = "noticed"
    SURVIVED = "survived"
    UNCOVERED = "no test runs this line"


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
            RuntimeError: pytest has not found the tests, so that nothing is known.
        """
        if not runs:
            return Verdict.UNCOVERED
        module = self.root / change.path
        before = module.read_bytes()
        module.write_bytes(change.applied(before))
        try:
            return Verdict.NOTICED if any(map(self._notice, runs)) else Verdict.SURVIVED
        except RuntimeError as error:
            raise RuntimeError(f"{change}: {error}") from error
        finally:
            module.write_bytes(before)

    def _notice(self, tests: Sequence[str]) -> bool:
        """Whether one of these tests fails.

        Raises:
            RuntimeError: pytest has not found them.
        """
        listing = self.root / "chosen-tests"
        listing.write_text("".join(f"{test}\n" for test in tests))
        # By a thread, which ends the process: no exception ends a loop that never waits.
        limit = ("-o", "timeout=60", "-o", "timeout_method=thread")
        profile = ("--hypothesis-profile", "unshrunk")
        options = ("-q", "-x", "-p", "no:cacheprovider", *profile, *limit, f"@{listing}")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *options],
                cwd=self.root,
                env=environment(self.root),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True
        if done.returncode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            raise RuntimeError(f"{done.stdout}{done.stderr}")
        return done.returncode != 0
