"""What is read once, and what is read anew."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.cron import minute
from reconciler.deploy.fakes import FakeFiles
from reconciler.dispatch.adapters.in_memory import FakeClock
from reconciler.web import kept_files
from reconciler.web.kept_files import KeptFiles
from reconciler.web.recent import LIFE, Recent
from tests.dispatch.scenario import at
from tests.query.test_status_reach import ReadFiles
from tests.web.site import RunRecord, RunState, TestSite, wake_log
from tests.web.test_questions import with_runs

RUNS = "runs/2026-11-20"


def test_a_second_question_reads_no_runs_file_again() -> None:
    site = with_runs()
    files = ReadFiles(files=site.world.files.files, id=site.world.files.id)
    site.world.files = files
    site.world.apps.files = files
    site.ask("/api/v1/runs")
    first = [path for path in files.asked if path.startswith(RUNS)]
    files.asked.clear()
    site.ask("/api/v1/runs")
    assert first
    assert not [path for path in files.asked if path.startswith(RUNS)]


def test_what_came_since_is_seen_at_once() -> None:
    site = with_runs()
    before = len(site.ask("/api/v1/runs").json()["runs"])
    time = "2026-11-20T18:30:00Z"
    line = RunRecord(name="c", times=(minute(at("18:02")),), state=RunState.FAILED, at=time)
    site.write(wake_log(time, line))
    assert len(site.ask("/api/v1/runs").json()["runs"]) == before + 1


def test_a_file_that_compaction_has_replaced_is_read_anew() -> None:
    files = FakeFiles(files={f"{RUNS}/compacted.jsonl": b"a\n", f"{RUNS}/gone.jsonl": b"b\n"})
    kept = KeptFiles(files)
    for path in files.files:
        asyncio.run(kept.read(path))
    files.files = {f"{RUNS}/compacted.jsonl": b"a\nb\n"}
    asyncio.run(kept.sizes("runs"))
    assert asyncio.run(kept.read(f"{RUNS}/compacted.jsonl")) == b"a\nb\n"
    assert asyncio.run(kept.read(f"{RUNS}/gone.jsonl")) is None


@pytest.mark.parametrize("path", ["current.json", f"{RUNS}/summary.ndjson"])
def test_what_is_written_again_is_read_again(path: str) -> None:
    files = FakeFiles(files={path: b"1"})
    kept = KeptFiles(files)
    asyncio.run(kept.read(path))
    files.files[path] = b"2"
    assert asyncio.run(kept.read(path)) == b"2"


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_files, "MOST", 10)
    files = FakeFiles(files={f"{RUNS}/{n}.jsonl": b"1234" for n in range(9)})
    kept = KeptFiles(files)
    for path in files.files:
        asyncio.run(kept.read(path))
    files.files = dict.fromkeys(files.files, b"new!")
    found = [asyncio.run(kept.read(path)) for path in files.files]
    assert found.count(b"1234") <= 2


def test_requests_at_the_same_time_share_an_answer_and_later_ones_do_not() -> None:
    clock = FakeClock(at("09:00"))
    asked: list[int] = []

    async def ask() -> int:
        asked.append(1)
        await asyncio.sleep(0)
        return len(asked)

    recent = Recent(ask, clock)

    async def play() -> list[list[int]]:
        found = []
        for step in (LIFE, -2 * LIFE, LIFE):
            found.append(await asyncio.gather(*(recent.get() for _ in range(5))))
            clock.time += step
        return found

    # A clock that was set back keeps no answer alive.
    assert asyncio.run(play()) == [[1] * 5, [2] * 5, [3] * 5]


def test_an_error_is_not_kept() -> None:
    site = TestSite()
    assert site.ask("/api/v1/status").status_code == 404
    answers: list[int] = []

    async def ask() -> int:
        answers.append(1)
        if len(answers) == 1:
            raise TimeoutError
        return 7

    recent = Recent(ask, FakeClock(at("09:00")))
    with pytest.raises(TimeoutError):
        asyncio.run(recent.get())
    assert asyncio.run(recent.get()) == 7
