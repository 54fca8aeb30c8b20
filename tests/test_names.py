"""One name is one thing: no two classes of the package share one."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import reconciler

PACKAGE = Path(reconciler.__file__).parent
SHARED = {
    # What a function of the repository gets, which knows nothing of the dispatcher's.
    "Occurrence": {"container/occurrence.py", "model/occurrence.py"},
}


def test_no_two_classes_share_a_name() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(path.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == SHARED
