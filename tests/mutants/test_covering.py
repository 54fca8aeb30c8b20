"""Which tests are played over a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.changes import changes_of
from tests.mutants.covering import Covering
from tests.mutants.playing import Copy, Verdict

OWN = "tests/dispatch/test_wake.py::test_a"
BROAD = "tests/dispatch/test_wake.py::test_b"
OTHER = "tests/plan/test_drift.py::test_c"
CONTRACT = "tests/contracts/test_dispatch_ports.py::test_d"
SEEDS = "tests/simulation/test_simulation.py::test_e"
EVERY = frozenset({OWN, BROAD, OTHER, CONTRACT, SEEDS})


def covering(path: str) -> Covering:
    """Of a module in which one line more is run by one of the tests."""
    return Covering({path: {1: EVERY, 2: frozenset({BROAD}), 9: frozenset()}})


def test_a_modules_own_tests_come_first_and_slow_ones_last() -> None:
    path = "reconciler/dispatch/decide/due.py"
    assert covering(path).of(path, 1) == [[BROAD, OWN], [OTHER], [CONTRACT], [SEEDS]]


@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("reconciler/model/cursor.py", [[SEEDS]]),
        ("reconciler/deploy/lease.py", [[CONTRACT]]),
        ("reconciler/cron/days.py", []),
        ("reconciler/plan/drift.py", []),
    ],
)
def test_a_slow_suite_is_played_for_the_code_that_it_is_about(path: str, slow: list[str]) -> None:
    suites = [run for run in covering(path).of(path, 1) if run[0] in (CONTRACT, SEEDS)]
    assert suites == slow


def test_a_line_without_a_test_of_its_own_has_those_of_its_statement_or_of_the_import() -> None:
    path = "reconciler/dispatch/decide/due.py"
    assert covering(path).of(path, 4) == [[BROAD]]
    assert covering(path).of(path, 9) == covering(path).of(path, 1)
    assert covering(path).of("reconciler/dispatch/decide/other.py", 1) == ()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Of a repository with one module and one test of each of its numbers."""
    (tmp_path / "conftest.py").write_text(
        'from hypothesis import settings\nsettings.register_profile("unshrunk")\n'
    )
    (tmp_path / "counting.py").write_text(
        "numbers = [3, 4]\nfirst = [3][0]\n"
        "def count(n):\n    k = 0\n    while k < n:\n        k += 1\n    return k\n"
    )
    (tmp_path / "test_counting.py").write_text(
        "import counting, pytest\n"
        "@pytest.mark.parametrize('number', counting.numbers)\n"
        "def test_n(number):\n    assert counting.count(number) == number\n"
    )
    return Copy(tmp_path)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ("[3][1]", Verdict.NOTICED),  # the module cannot be imported
        ("pass", Verdict.ENDLESS),
        ("[3, 5]", Verdict.SURVIVED),  # there is no test of the number 4 any more
    ],
)
def test_a_change_is_played_and_taken_back(
    copy: Copy, after: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.mutants.playing.LIMIT", 3)
    module = copy.root / "counting.py"
    whole = module.read_bytes()
    change = next(one for one in changes_of("counting.py", whole) if one.after == after)
    tests = ["test_counting.py::test_n[3]", "test_counting.py::test_n[4]"]
    assert copy.play(change, [tests]) is verdict
    assert module.read_bytes() == whole
