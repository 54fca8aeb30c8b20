"""State of format 1, as it was first released, is read for ever, and so is every later one.

These files are never written again. When a format changes, its files join them, and the readers
have to read all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.decide.due import find_due
from reconciler.dispatch.decide.nominal_times import nominal_times
from reconciler.model.cursor import Cursor, Lookback
from reconciler.model.formats import FORMAT, NewerFormatError
from reconciler.model.generation import GENERATION_FORMAT, Clocks, Generation, Retired, Slot, Worker
from reconciler.model.pointer import decode_pointer
from reconciler.model.runs_file import RunState, decode_compacted, decode_wake_log
from reconciler.model.schedule_record import ScheduleRecord, Upstream
from reconciler.model.stored_generation import decode_generation, open_generation
from reconciler.model.task import Ending, Task, decode_settled, decode_task
from reconciler.policies import Catchup, Condition, Delivery, Overlap
from tests.dispatch.scenario import at

GOLDEN = Path(__file__).parent / "golden"


def content(name: str, form: int = 1) -> bytes:
    return (GOLDEN / f"format-{form}" / name).read_bytes()


@pytest.mark.parametrize("form", [1, 2])
@pytest.mark.parametrize("read", [decode_generation, open_generation])
def test_the_generation(read: Callable[[bytes, str], Generation], form: int) -> None:
    generation = read(content("generation.jsonl", form), "golden")
    assert (generation.punctuality, generation.history_days) == (300, 30)
    assert generation.slots == (
        Slot("full", "0 9 * * 1", "Europe/Paris"),
        Slot("poller", "*/30 * * * *"),
    )
    assert generation.served == {"full": ("full",), "poller": ("plain", "task")}
    assert (generation.find("plain"), generation.find("else")) == (generation.records[1], None)
    assert generation.named("old") == generation.records[0]
    full, plain, task = generation.records
    assert full == ScheduleRecord(
        name="full",
        app="shop",
        function="Mailer.send",
        anchor=minute(at("08:30")),
        when=("0 9 * * 1", "30 12 * * *"),
        timezone="Europe/Paris",
        args={"id": "${occurrence.id}", "n": [1, 2]},
        catchup=Catchup.ALL,
        deadline=3600,
        tolerance=15,
        delivery=Delivery.AT_MOST_ONCE,
        suspended="moving",
        resumes=minute(at("12:00")),
        start=minute(at("09:00")),
        end=minute(at("2027-01-01T00:00")),
        exclude=("2026-12-24..2026-12-26", "* * * * 6"),
        overlap=Overlap.QUEUE,
        retries=3,
        backoff=30.0,
        factor=1.5,
        timeout=600,
        formerly=(("old", minute(at("08:40"))),),
        protect=True,
        description="all keys",
        owner="data",
        labels={"tier": "1"},
    )
    assert (plain.when, task.at) == (("0 * * * *",), minute(at("10:17")))


@pytest.mark.parametrize("read", [decode_generation, open_generation])
def test_the_second_wake_source(read: Callable[[bytes, str], Generation]) -> None:
    generation = read(content("generation-worker.jsonl", 2), "golden")
    assert generation.worker == Worker(
        "cloudflare/wakes", minute(at("08:30")), alone=True, leaving=minute(at("09:30"))
    )


@pytest.mark.parametrize("form", [1, 2, 3])
def test_a_generation_of_before_the_second_wake_source_has_none(form: int) -> None:
    assert decode_generation(content("generation.jsonl", form), "golden").worker is None


def test_the_edition_of_the_tz_database_and_what_clocks_do() -> None:
    generation = decode_generation(content("generation-tz.jsonl", 2), "golden")
    assert generation.tz == "2026f"
    assert generation.clocks == Clocks(
        until=minute(at("2029-01-01T00:00")),
        offsets={
            "Europe/Paris": (
                (minute(at("2026-01-01T00:00")), 60),
                (minute(at("2026-03-29T01:00")), 120),
                (minute(at("2026-10-25T01:00")), 60),
            )
        },
    )
    before = decode_generation(content("generation.jsonl", 2), "golden")
    assert (before.tz, before.clocks, before.records) == ("", None, generation.records)


def test_the_pointer() -> None:
    pointer = decode_pointer(content("pointer.json"))
    assert (pointer.generation, pointer.by, pointer.previous) == ("ab" * 32, "ci", None)
    assert pointer.number == 0, "of before there were apply numbers"


def test_a_wakes_file() -> None:
    log = decode_wake_log(content("run.jsonl"), "golden")
    assert (log.wake, log.slot, log.part, log.through) == (
        "fc-1",
        "poller",
        2,
        minute(at("10:00")),
    )
    assert log.pending == {"plain@2026-11-20T09:00Z": 2}
    missed, started, failed, succeeded = log.records
    assert (missed.state, missed.count, len(missed.times)) == (RunState.MISSED, 7, 2)
    assert (started.state, started.attempt, started.call) == (RunState.STARTED, 2, "fc-2")
    assert failed.tries == ("1: fc-4 failed ValueError: no",)
    assert succeeded.result == "42"


def test_a_days_compacted_file() -> None:
    log = decode_wake_log(content("run.jsonl"), "golden")
    assert decode_compacted(content("compacted.jsonl"), "golden") == [log, log]


@pytest.mark.parametrize(
    ("name", "took", "known"),
    [
        ("cursor", (), None),
        ("cursor-took", (0.412, 1.5), None),
        ("cursor-known", (0.412, 1.5), minute(at("08:30"))),
    ],
)
def test_the_cursor(name: str, took: tuple[float, ...], known: int | None) -> None:
    cursor = Cursor.from_json(json.loads(content(f"{name}.json")))
    assert (cursor.took, cursor.known) == (took, known)
    assert cursor.through == minute(at("10:00"))
    assert cursor.generation == "ab" * 32
    assert cursor.calls == {"fc-2": "plain@2026-11-20T10:00Z"}
    assert cursor.wakes == {"poller": "2026-11-20T10:00:03Z"}


def test_a_task_and_its_outcome() -> None:
    path = "tasks/2026-12-20/15/renewal-7~2.json"
    assert decode_task(content("task.json"), path) == Task(
        id="renewal-7",
        at=minute(at("2026-12-20T15:04")),
        app="shop",
        function="Mailer.send",
        created=minute(at("12:00")),
        args={"customer": 7, "text": "é ${x}"},
        delivery=Delivery.AT_MOST_ONCE,
        edition=2,
    )
    settled = decode_settled(content("settled-task.json"), "settled/renewal-7.json")
    assert (settled.task.function, settled.task.edition) == ("sync", 1)
    assert (settled.ending, settled.call) == (Ending.STARTED, "fc-7")
    assert settled.at == "2026-12-20T15:05:01Z"


def test_a_generation_from_before_the_agenda_is_decided_upon_like_any_other() -> None:
    old, new = (open_generation(content("generation.jsonl", form), "golden") for form in (1, 2))
    lookback, now = Lookback(minute(at("08:00"))), minute(at("12:45"))
    assert find_due(old, lookback, now) == find_due(new, lookback, now) != []


def test_a_file_keeps_the_name_that_it_bears() -> None:
    for form in (1, 2):
        read = content("generation.jsonl", form)
        assert open_generation(read, "golden").digest == sha256(read).hexdigest()


@pytest.mark.parametrize("form", [2, 3, 4, 5, GENERATION_FORMAT])
def test_a_generation_is_written_in_the_oldest_format_that_can_say_it(form: int) -> None:
    read = content("generation.jsonl", form)
    assert decode_generation(read, "golden").encoded == read


def test_an_interval_of_several_days_is_read_from_format_3() -> None:
    (record,) = decode_generation(content("generation.jsonl", 3), "golden").records
    assert record.when == ("2w from 2026-12-02T09:00",)
    first = minute(at("2026-12-02T08:00"))
    assert nominal_times(record, first - 1, first + 28 * 1440) == (
        first,
        first + 14 * 1440,
        first + 28 * 1440,
    )


def test_the_resources_of_runs_are_read_from_format_4() -> None:
    (record,) = decode_generation(content("generation-resources.jsonl", 4), "golden").records
    assert record.resources == {
        "cpu": [2, 8],
        "memory": 16384,
        "gpu": "L4",
        "env": {"MODE": "full"},
        "secrets": ["warehouse", {"name": "mail", "keys": ["TOKEN"]}],
        "volumes": {"/data": "reports"},
        "region": ["us-east"],
    }


def test_a_code_target_is_read_from_format_4() -> None:
    generation = decode_generation(content("generation.jsonl", 4), "golden")
    (record,) = generation.records
    (target,) = generation.targets
    assert (record.app, record.function, record.tries) == ("jobs-rates-refresh", "refresh", 3)
    assert (target.app, target.code) == (record.app, record.code)
    assert target.options["memory"] == ["512Mi", "1Gi"]
    assert target.files == {"jobs/rates.py": "a" * 64}
    assert (target.image_files, target.lingers) == ({"requirements.txt": "b" * 64}, 10)
    assert generation.retiring == {"jobs-old-run": Retired(minute(at("08:10")), "jobs/old.py::run")}


def test_dependencies_are_read_from_format_5() -> None:
    extract, load, report = decode_generation(content("generation.jsonl", 5), "golden").records
    assert (extract.after, extract.dependants) == ((), ("load", "report"))
    assert (load.after, load.follows) == ((Upstream("extract", within=1),), True)
    assert (load.when, load.timezone) == (extract.when, extract.timezone)
    assert report.after == (
        Upstream("extract", within=720, on=Condition.ENDED, by=585),
        Upstream("load", within=1440, on=Condition.SUCCEEDED),
    )


def _newer(data: Any, newest: int) -> bytes:
    return json.dumps({**data, "format": newest + 1}).encode()


def test_what_a_newer_version_wrote_is_refused_by_name() -> None:
    for name, newest, read in (
        ("pointer.json", FORMAT, decode_pointer),
        ("cursor.json", FORMAT, lambda text: Cursor.from_json(json.loads(text))),
        ("run.jsonl", FORMAT, lambda text: decode_wake_log(text, "runs/x")),
        ("task.json", FORMAT, lambda text: decode_task(text, "tasks/x")),
        ("settled-task.json", FORMAT, lambda text: decode_settled(text, "settled/x")),
        ("generation.jsonl", GENERATION_FORMAT, lambda text: decode_generation(text, "x")),
    ):
        first = content(name).splitlines()[0] if name.endswith("l") else content(name)
        with pytest.raises(NewerFormatError, match=f"reads up to format {newest}"):
            read(_newer(json.loads(first), newest))
