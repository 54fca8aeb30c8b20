"""``reconcile engine`` before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.engine import serve
from reconciler.cli.options.parser import parser
from reconciler.errors import ReconcileError


def test_a_python_that_is_not_there_is_refused_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReconcileError, match="--python: there is no program /no/python"):
        serve(port=0, crons="5", python="/no/python", quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_it_prints_what_happens_unless_it_is_to_be_quiet() -> None:
    assert not vars(parser().parse_args(["engine"]))["quiet"]
    assert vars(parser().parse_args(["engine", "--quiet"]))["quiet"]
