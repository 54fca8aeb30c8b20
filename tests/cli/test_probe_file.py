"""What a plan takes from the file of a probe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.inputs import read_inputs
from reconciler.cli.probe_file import measured_startup

START = {"cold_seconds": 1.8, "warm_seconds": 0.3}


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        ({"environment": "production", "start": START}, 1.5),
        ({"environment": "staging", "start": START}, None),
        ({"environment": "production", "start": {"not_measured": "no answer"}}, None),
        ({"environment": "production", "start": START | {"cold_seconds": 0.1}}, None),
        ({"environment": "production", "start": START | {"cold_seconds": "x"}}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_time_of_a_start_is_that_of_a_probe_of_the_same_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: Any, seconds: float | None
) -> None:
    (tmp_path / "probe.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    assert measured_startup(read_inputs("production", None)) == seconds


def test_without_a_probe_no_time_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert measured_startup(read_inputs("production", None)) is None
