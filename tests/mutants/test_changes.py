"""What is changed, and that every listed equivalent change still exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.changes import changes_of
from tests.mutants.equivalents import identity, read_equivalents

REPOSITORY = Path(__file__).parents[2]


def changed(source: str) -> set[tuple[str, str]]:
    """The kind of each change, and the whole module with the change made."""
    code = source.encode()
    return {(change.kind, change.applied(code).decode()) for change in changes_of("m.py", code)}


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("x = a < b\n", "comparison", "x = (a <= b)\n"),
        ("x = a < b < c\n", "comparison", "x = (a < b <= c)\n"),
        ("x = a and b\n", "and-or", "x = (a or b)\n"),
        ("x = a and b\n", "clause-dropped", "x = (a)\n"),
        ("x = not a\n", "operator-dropped", "x = (a)\n"),
        ("x = a + 1\n", "arithmetic", "x = (a - 1)\n"),
        ("x = 1\n", "number", "x = (0)\n"),
        ("x = True\n", "boolean", "x = (False)\n"),
        ("if a:\n    b()\n", "condition", "if (False):\n    b()\n"),
        ("if a:\n    b()\n", "statement-removed", "if a:\n    pass\n"),
        ("for a in b:\n    c()\n", "loop-once", "for a in ([*b][:1]):\n    c()\n"),
        ("x = [a for a in b if c]\n", "filter", "x = [a for a in b if (True)]\n"),
        ("def f():\n    raise E\n", "raise-removed", "def f():\n    pass\n"),
        ("def f():\n    return a\n", "returns-none", "def f():\n    return (None)\n"),
        ("x = f(a, b)\n", "arguments-swapped", "x = (f(b, a))\n"),
        ("x = min(a)\n", "call", "x = (max)(a)\n"),
        ("x = 'ä', a < b\n", "comparison", "x = 'ä', (a <= b)\n"),
    ],
)
def test_a_change_replaces_one_node(source: str, kind: str, expected: str) -> None:
    assert (kind, expected) in changed(source)


def test_a_constant_is_shown_with_what_is_around_it() -> None:
    shown = {
        (change.before, change.after)
        for change in changes_of("m.py", b"x = f(n,\n  ok=True)\ny = n + 1\nz = {'a': b, 'c': 3}\n")
        if change.kind in {"boolean", "number"}
    }
    assert shown == {
        ("f(n, ok=True)", "f(n, ok=False)"),
        *{("n + 1", "n + 2"), ("n + 1", "n + 0")},
        *{("'c': 3", "'c': 4"), ("'c': 3", "'c': 2")},
    }


@pytest.mark.parametrize(
    "source",
    [
        "x: Final[int] = y\n",
        "assert a < b\n",
        "x = f'{a + 1}'\n",
        "def f(a: Literal[1]) -> Literal[1]:\n    pass\n",
        "x = zip(*a, strict=True)\n",
        "if TYPE_CHECKING:\n    import x\n",
        "@dataclass(frozen=True)\nclass C:\n    x: int\n",
    ],
)
def test_what_is_not_executed_or_only_words_a_message_stays(source: str) -> None:
    assert changed(source) == set()


def test_the_order_of_what_min_and_max_compare_does_not_count() -> None:
    assert changed("x = max(a, b)\n") == {("call", "x = (min)(a, b)\n")}


def test_every_changed_module_is_python() -> None:
    path = "reconciler/dispatch/decide/overlap.py"
    source = (REPOSITORY / path).read_bytes()
    changes = changes_of(path, source)
    assert changes
    for change in changes:
        ast.parse(change.applied(source))


def test_every_listed_equivalent_is_still_a_change_of_the_code() -> None:
    listed = read_equivalents()
    existing = {
        identity(change)
        for path in {path for path, _before, _after in listed}
        for change in changes_of(path, (REPOSITORY / path).read_bytes())
    }
    assert set(listed) <= existing
    assert all(listed.values()), "each has a reason"
