"""Which tests run a line, as coverage.py recorded it with a context per test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from coverage import CoverageData

SUITES: Final = (
    "cron",
    "plan",
    "model",
    "dispatch",
    "deploy",
    "render",
    "query",
    "pack",
    "client",
    "contracts",
    "cloudflare/test_worker_deployment.py",
    "github/test_committed_code.py",
    "github/test_git_refuses.py",
    "github/test_checkouts.py",
    "github/test_linked_checkouts.py",
    "github/test_old_checkouts.py",
    "github/test_opening.py",
    "github/test_past_renames.py",
    "github/test_revisions.py",
    "github/test_history.py",
    "github/test_saved_plan.py",
    "simulation",
)
"""Tests that run the code in pytest's own process, where coverage.py sees it."""
_ELSEWHERE: Final = (
    "tests/simulation/test_simulation.py::test_a_core_that_is_broken_on_purpose_is_found_out"
)
"""A test among them that runs the code in processes of its own, for minutes: it covers nothing."""
SLOW: Final = {
    "tests/contracts/": ("dispatch", "deploy"),
    "tests/simulation/": ("dispatch", "model"),
}
"""Suites of which a test takes longer than many others together, the slowest last, and the folders
whose changes they are to notice: those of the others are for the tests of their own folders."""
_REACH: Final = 40
"""Lines that a statement may have: coverage.py records some lines of a statement only."""


@dataclass(frozen=True, slots=True)
class Covering:
    """For each module, the tests that run each line."""

    by_line: Mapping[str, Mapping[int, frozenset[str]]]

    def of(self, path: str, line: int) -> Sequence[Sequence[str]]:
        """The ids of the tests that run a line; of all lines when it runs at import.

        Returns:
            One run of tests after the other. Those of the module's own folder come first, and of
            them those that run most of the module: they are the likeliest to notice a change of it.
            The slow ones come last, where they count.
        """
        lines, folder = self.by_line.get(path, {}), Path(path).parts[1]
        others = tuple(suite for suite, folders in SLOW.items() if folder not in folders)
        of_module = Counter(test for tests in lines.values() for test in tests)

        def turn(test: str) -> tuple[int, bool]:
            slow = next((n for n, suite in enumerate(SLOW, 1) if test.startswith(suite)), 0)
            return slow, not test.startswith(f"tests/{folder}/")

        for at in range(line, line - _REACH, -1):
            if at in lines:
                found = [test for test in lines[at] or of_module if not test.startswith(others)]
                tests = sorted(found, key=lambda test: (-of_module[test], test))
                return [list(run) for _, run in groupby(sorted(tests, key=turn), key=turn)]
        return ()


def record(root: Path, data: Path) -> None:
    """Run the tests once and write down what each of them covers.

    Raises:
        subprocess.CalledProcessError: a test fails without any change.
    """
    tests = [str(Path("tests", suite)) for suite in SUITES]
    plugin = ("-p", "tests.mutants.fresh_caches")
    covering = ("--cov=reconciler", "--cov-context=test", "--cov-report=")
    options = ("-q", "-n", "2", *plugin, *covering, "--deselect", _ELSEWHERE)
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=root,
        env=environment(root) | {"COVERAGE_FILE": str(data)},
        check=True,
    )


def is_current(root: Path, data: Path) -> bool:
    """Whether coverage was recorded after the last change of a module or a test."""
    if not data.exists():
        return False
    recorded = data.stat().st_mtime
    files = [path for folder in ("reconciler", "tests") for path in (root / folder).rglob("*.py")]
    return all(path.stat().st_mtime < recorded for path in files)


def read(data: Path) -> Covering:
    """Read what :func:`record` wrote."""
    found = CoverageData(str(data))
    found.read()
    return Covering(
        {
            file: {
                line: frozenset(context.rpartition("|")[0] for context in contexts if context)
                for line, contexts in found.contexts_by_lineno(file).items()
            }
            for file in found.measured_files()
        }
    )


def environment(root: Path) -> dict[str, str]:
    """The variables with which Python runs the code below ``root``, and no other copy of it.

    It keeps bytecode there: to compile the tests takes most of the time of a short run.
    """
    return dict(os.environ) | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
