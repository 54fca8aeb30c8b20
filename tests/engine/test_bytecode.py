"""Where the bytecode of deployed sources is, and that containers run wherever a user keeps his."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import SAMPLE
from tests.engine_fixture import RunningEngine

CALL = """
import modal
print(modal.Function.from_name("sample", "square").remote(5))
"""


def test_containers_start_where_bytecode_is_kept_in_another_folder(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    start_engine: Callable[..., RunningEngine],
) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "bytecode"))
    engine = start_engine()
    engine.modal("deploy", str(SAMPLE))
    assert engine.python("-c", CALL).strip() == "25"
    compiled = list((engine.state / "sources").rglob("*.pyc"))
    assert compiled
    assert all(file.parent.name == "__pycache__" for file in compiled)
    assert not list((tmp_path / "bytecode").rglob(f"*{SAMPLE.stem}*"))
