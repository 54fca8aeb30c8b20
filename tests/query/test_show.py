"""What is known of one schedule, and the order and the groups of a list."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from reconciler.cron import instant, minute
from reconciler.deploy.fakes import FakeOutput
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeTaskFiles
from reconciler.manifest import Location
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.query.explain import explain
from reconciler.query.nothing_found import NothingFoundError
from reconciler.query.ordering import SortKey, in_order_of
from reconciler.query.ports import QueryPorts
from reconciler.query.run_groups import fold
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.show import show
from reconciler.query.shown_schedule import ShownSchedule
from reconciler.query.status import ScheduleStatus
from reconciler.render.explanation import explanation_lines
from reconciler.render.listing import list_document, list_text
from reconciler.render.output_schema import output_schemas
from reconciler.render.show import show_document, show_text
from reconciler.render.style import Style
from tests.deploy.scenario import World
from tests.dispatch.scenario import hourly
from tests.plan.scenario import NOW, desired, schedules

PLAIN = Style(colour=False)
GIVEN = """
    name: job
    schedule: "0 * * * *"
    timezone: Europe/Paris
    owner: data
    overlap: skip
    args: {password: "hidden"}
    """


def world_with(text: str = GIVEN) -> tuple[World, QueryPorts]:
    world = World()
    world.apply(schedules(text))
    ports = QueryPorts(
        apps=world.apps,
        files=world.files,
        claims=world.claims,
        caller=FakeCaller(),
        output=FakeOutput(),
        tasks=FakeTaskFiles(world.files.files),
        clock=world.clock,
    )
    return world, ports


def wrote(world: World, *lines: tuple[int, RunState, str | None], seen: int = 0) -> None:
    """A wake that saw these minutes of the job, so many seconds after it began."""
    for number, (at, state, reason) in enumerate(lines):
        began = instant(at)
        records = []
        if state.ended:
            records.append(
                RunRecord(name="job", times=(at,), state=RunState.STARTED, at=format_time(began))
            )
        end = format_time(instant(at).replace(second=seen))
        records.append(RunRecord(name="job", times=(at,), state=state, at=end, reason=reason))
        log = WakeLog(
            wake=f"fc-{at}-{number}",
            slot="job",
            started=format_time(began),
            now=at,
            generation="0" * 64,
            through=at,
            pending={},
            records=tuple(records),
        )
        world.files.files[log.path] = log.encode()


def shown(ports: QueryPorts, name: str = "job") -> ShownSchedule:
    return asyncio.run(show(ports, desired(()).settings, name))


def test_a_schedule_is_shown_with_its_next_occurrences_and_last_runs() -> None:
    world, ports = world_with()
    wrote(world, *((NOW - 60 * hour, RunState.SUCCEEDED, None) for hour in range(1, 30)), seen=42)
    found = shown(ports)
    assert found.following == tuple(NOW + 60 * hour for hour in range(1, 11))
    assert [run.occurrence.at for run in found.runs] == [
        NOW - 60 * hour for hour in range(20, 0, -1)
    ]
    assert [slot.name for slot in found.slots] == ["job"]
    lines = show_text(found, Location("schedules/job.yaml", 3, 1), PLAIN).splitlines()
    assert lines[0] == "job"
    assert "  when        every hour (0 * * * *) in Europe/Paris" in lines
    assert "  overlap     skip" in lines
    assert "  args        password (values are not shown)" in lines
    assert "  manifest    schedules/job.yaml:3:1" in lines
    assert lines[-1] == f"  {format_minute(NOW - 60)}  job   succeeded  14:00:42  ≤42s"


def test_the_json_of_a_schedule_is_as_its_schema_says_and_shows_no_value_of_an_argument() -> None:
    world, ports = world_with()
    wrote(world, (NOW - 60, RunState.FAILED, "no rows"))
    document = json.loads(show_document(shown(ports), None).model_dump_json())
    jsonschema.validate(document, json.loads(output_schemas()["show.schema.json"]))
    assert document["definition"]["arguments"] == ["password"]
    assert "hidden" not in json.dumps(document)
    assert [run["state"] for run in document["runs"]] == ["failed"]
    assert document["file"] is None


def test_a_schedule_that_is_not_live_is_answered_with_the_nearest() -> None:
    _, ports = world_with()
    with pytest.raises(NothingFoundError, match="there is no schedule `jbo`") as caught:
        shown(ports, "jbo")
    assert caught.value.remedy == "Did you mean job?"


@pytest.mark.parametrize("width", range(60, 201, 10))
def test_no_word_is_broken_and_no_line_is_too_long(width: int) -> None:
    world, ports = world_with()
    reason = "ValueError: no rows in the table of rates, which the import should have filled"
    wrote(world, (NOW - 60, RunState.FAILED, reason))
    text = show_text(shown(ports), None, PLAIN, width)
    assert max(map(len, text.splitlines())) <= width
    assert set(reason.split()) <= set(text.split())


def explained(ports: QueryPorts, at: int | None = None) -> list[str]:
    found = asyncio.run(explain(ports, desired(()).settings, "job", at, days=30))
    return list(explanation_lines(found, None))


def test_without_a_time_the_last_and_the_next_occurrence_are_explained() -> None:
    world, ports = world_with()
    world.clock.time = instant(NOW + 150)
    wrote(world, (NOW + 120, RunState.SKIPPED, "still running"))
    lines = explained(ports)
    assert lines[0].startswith(f"job@{format_minute(NOW + 120)} did not run: it was skipped")
    assert f"job@{format_minute(NOW + 180)} is still to come." in lines


def test_a_run_that_was_triggered_since_the_last_occurrence_is_the_last_one() -> None:
    world, ports = world_with()
    world.clock.time = instant(NOW + 150)
    wrote(world, (NOW + 120, RunState.SKIPPED, "still running"))
    wrote(world, (NOW + 130, RunState.FAILED, "ValueError: no rows"))
    lines = explained(ports)
    assert lines[0] == f"job@{format_minute(NOW + 130)} ran; failed."
    assert f"job@{format_minute(NOW + 180)} is still to come." in lines


def test_before_its_first_occurrence_only_the_next_is_explained() -> None:
    _, ports = world_with()
    assert explained(ports)[0] == f"job@{format_minute(NOW + 60)} is still to come."


def run_at(at: int, state: RunState = RunState.SKIPPED, reason: str = "suspended") -> Run:
    return Run(
        occurrence=hourly("job").occurrence(at),
        state=state,
        seen=format_time(instant(at)),
        reason=reason,
        wake="w",
        slot="s",
    )


def test_occurrences_that_are_skipped_alike_are_one_group() -> None:
    skipped = [run_at(NOW + number) for number in range(60)]
    other = replace(run_at(NOW + 30), occurrence=hourly("b").occurrence(NOW + 30))
    failed = run_at(NOW + 60, RunState.FAILED)
    later = [run_at(NOW + 61), run_at(NOW + 62, reason="excluded")]
    groups = fold([*skipped[:31], other, *skipped[31:], failed, *later])
    assert [(group[-1].occurrence.id, len(group)) for group in groups] == [
        (other.occurrence.id, 1),
        (skipped[-1].occurrence.id, 60),
        (failed.occurrence.id, 1),
        (later[0].occurrence.id, 1),
        (later[1].occurrence.id, 1),
    ]


def test_a_group_counts_as_one_of_the_runs_that_are_asked_for() -> None:
    world, ports = world_with()
    wrote(world, (NOW - 600, RunState.FAILED, "no rows"))
    wrote(world, *((NOW - 100 + number, RunState.SKIPPED, "suspended") for number in range(90)))

    def listed(*, folded: bool) -> int:
        wanted = RunsWanted(count=2, folded=folded)
        return len(asyncio.run(list_runs(ports, desired(()).settings, wanted)).runs)

    assert listed(folded=False) == 2
    assert listed(folded=True) == 91


def row(name: str, **values: Any) -> ScheduleStatus:
    given: dict[str, Any] = {"last": None, "following": None, "overdue": None, **values}
    owner = given.pop("owner", None)
    return ScheduleStatus(record=hourly(name, owner=owner), **given)


ROWS = (
    row("a", last=run_at(NOW, RunState.SUCCEEDED), following=NOW + 9, owner="x"),
    row("b", last=run_at(NOW - 60, RunState.FAILED), following=NOW + 5),
    row("c", suspended=True, owner="data"),
)


@pytest.mark.parametrize(
    ("key", "names"),
    [("name", "abc"), ("state", "bca"), ("last", "abc"), ("duration", "abc"), ("next", "bac"),
     ("owner", "cab")],
)  # fmt: skip
def test_a_list_is_sorted_and_what_has_no_value_comes_last(key: str, names: str) -> None:
    assert "".join(one.record.name for one in in_order_of(ROWS, SortKey(key))) == names


def test_a_list_has_a_line_for_each_schedule() -> None:
    assert list_text(ROWS, PLAIN).splitlines() == [
        "NAME  STATE      LAST               OUTCOME    NEXT               OWNER",
        "a     succeeded  2026-11-20T15:00Z  succeeded  2026-11-20T15:09Z  x",
        "b     failed     2026-11-20T14:00Z  failed     2026-11-20T15:05Z",
        "c     suspended                                                   data",
    ]


def test_a_narrow_list_leaves_out_what_matters_least() -> None:
    headings = [list_text(ROWS, PLAIN, width).splitlines()[0].split() for width in (80, 65, 50)]
    assert headings == [
        ["NAME", "STATE", "LAST", "OUTCOME", "NEXT", "OWNER"],
        ["NAME", "STATE", "LAST", "OUTCOME", "NEXT"],
        ["NAME", "STATE", "OUTCOME", "NEXT"],
    ]


def test_the_json_of_a_list_is_as_its_schema_says() -> None:
    document = json.loads(list_document(ROWS).model_dump_json())
    jsonschema.validate(document, json.loads(output_schemas()["list.schema.json"]))
    assert [one["needs_attention"] for one in document["schedules"]] == [False, True, False]
    assert document["schedules"][0]["last"]["time"] == format_minute(minute(instant(NOW)))
