"""The engine's own account of what runs: outcome, time, processor time and memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.engine_fixture import RunningEngine, until

APP = """
import modal, time
app = modal.App("worked")

@app.function(serialized=True, max_containers=1, gpu="L4")
def work(mebibytes: int, seconds: float):
    held = bytearray(b"x") * (mebibytes << 20)
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

@app.function(serialized=True, retries=modal.Retries(max_retries=1, initial_delay=0.0))
def fail():
    raise ValueError("no rows \\x1b[31m ::error::")

@app.function(serialized=True)
def notify():
    print("other output")
    print("alert failures/nightly to https://x/…: sent")
"""
LINE = re.compile(r"worked/work  succeeded after [\d.]+ s \(([\d.]+) s of CPU, at most (\d+) MiB\)")


def deployed(engine: RunningEngine, folder: Path) -> None:
    path = folder / "worked.py"
    path.write_text(APP)
    engine.modal("deploy", str(path))


def called(engine: RunningEngine, function: str, *arguments: float) -> None:
    code = f"import modal; modal.Function.from_name('worked', {function!r}).remote(*{arguments!r})"
    engine.python("-c", code, check=False)


def test_a_run_is_listed_with_what_it_used_itself(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine("--events")
    deployed(engine, tmp_path)
    assert "work  not emulated: gpu L4" in engine.output
    called(engine, "work", 200, 0.3)
    called(engine, "work", 1, 0.0)
    until(lambda: len(LINE.findall(engine.output)) == 2)
    (much, peak), (little, later) = [
        (float(cpu), int(peak)) for cpu, peak in LINE.findall(engine.output)
    ]
    assert much >= 0.3
    assert peak >= 200
    assert little < 0.3
    assert later < peak - 100, "the peak of a run is not that of the one before it"


def test_each_attempt_is_listed_and_foreign_text_is_harmless(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine("--events")
    deployed(engine, tmp_path)
    called(engine, "fail")
    called(engine, "notify")
    until(lambda: engine.output.count("worked/fail  failed") == 2)
    until(lambda: "worked/notify  alert failures/nightly to https://x/…: sent\n" in engine.output)
    assert "other output" not in engine.output
    assert "worked/fail  failed in attempt 2" in engine.output
    assert "no rows" in engine.output
    assert "\x1b" not in engine.output


def test_without_the_option_nothing_is_listed(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine()
    deployed(engine, tmp_path)
    called(engine, "work", 1, 0.0)
    assert "worked" not in engine.output
