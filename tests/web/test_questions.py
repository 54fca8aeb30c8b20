"""Status, schedules and runs over HTTP."""

from __future__ import annotations

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.backfill import BackfillState
from tests.dispatch.backfill_scenario import backfill_of
from tests.dispatch.scenario import at
from tests.plan.scenario import hourly, schedules
from tests.web.site import RunRecord, RunState, TestSite, problem, wake_log


def with_runs() -> TestSite:
    """Three schedules, two of which have run three times."""
    site = TestSite()
    site.apply(*hourly("a", "b", "c"))
    for hour, state in ((16, RunState.SUCCEEDED), (17, RunState.FAILED), (18, RunState.SUCCEEDED)):
        time = f"2026-11-20T{hour}:00:00Z"
        for name, after in (("a", 0), ("b", 1)):
            nominal = minute(at(f"2026-11-20T{hour}:00")) + after
            line = RunRecord(name=name, times=(nominal,), state=state, at=time, call="fc-1")
            site.write(wake_log(time, line, wake=f"fc-{name}-{hour}"))
    site.world.later(hours=3, minutes=30)
    return site


@pytest.fixture
def site() -> TestSite:
    return with_runs()


def test_the_status_is_that_of_the_command_line(site: TestSite) -> None:
    found = site.ask("/api/v1/status").json()
    assert found["format"] == 2
    assert [one["name"] for one in found["schedules"]] == ["a", "b", "c"]


def test_the_status_has_the_backfills_that_are_not_over(site: TestSite) -> None:
    backfill = backfill_of(48, name="a")
    site.backfill(backfill, started=14, state=BackfillState.PAUSED)
    (found,) = site.ask("/api/v1/status").json()["backfills"]
    assert found["digest"] == backfill.digest
    assert (found["name"], found["state"]) == ("a", "paused")
    assert (found["runs"], found["started"], found["open"]) == (48, 14, 0)


def test_before_the_first_apply_there_is_no_status() -> None:
    answer = TestSite().ask("/api/v1/status")
    assert answer.status_code == 404
    assert problem(answer)["type"] == "urn:reconcile:problem:nothing-applied"


def test_schedules_come_by_page(site: TestSite) -> None:
    first = site.ask("/api/v1/schedules?limit=2").json()
    second = site.ask(f"/api/v1/schedules?limit=2&cursor={first['cursor']}").json()
    assert [one["name"] for one in first["schedules"]] == ["a", "b"]
    assert [one["name"] for one in second["schedules"]] == ["c"]
    assert (first["total"], second["cursor"]) == (3, None)


def test_schedules_can_be_asked_for_by_state(site: TestSite) -> None:
    found = site.ask("/api/v1/schedules?state=succeeded").json()
    assert {one["name"] for one in found["schedules"]} <= {"a", "b"}
    answer = site.ask("/api/v1/schedules?state=sucseeded")
    assert answer.status_code == 400
    assert problem(answer)["remedy"] == "Did you mean succeeded or suspended?"


def test_one_schedule_shows_its_definition_without_the_values_of_its_arguments(
    site: TestSite,
) -> None:
    found = site.ask("/api/v1/schedules/a").json()
    assert found["definition"]["when"] == ["0 * * * *"]
    assert found["definition"]["arguments"] == []
    assert "args" not in found["definition"]


def test_a_schedule_names_what_it_waits_for_and_what_waits_for_it() -> None:
    site = TestSite()
    site.apply(
        *schedules(
            """
            name: extract
            schedule: "0 * * * *"
            ---
            name: load
            schedule: "30 * * * *"
            after: {extract: {within: 2h, on: ended}}
            """
        )
    )
    extract, load = (
        site.ask(f"/api/v1/schedules/{name}").json()["definition"] for name in ("extract", "load")
    )
    assert (extract["after"], extract["dependants"]) == ({}, ["load"])
    assert load["after"] == {"extract": {"within": 120, "on": "ended"}}
    assert load["dependants"] == []


def test_an_occurrence_that_waits_says_for_what(site: TestSite) -> None:
    reason = "waits for b@2026-11-20T21:00Z, which is running"
    time = minute(at("2026-11-20T21:00"))
    line = RunRecord(
        name="c", times=(time,), state=RunState.QUEUED, at="2026-11-20T21:00:05Z", reason=reason
    )
    site.write(wake_log("2026-11-20T21:00:05Z", line))
    last = site.ask("/api/v1/schedules/c").json()["last"]
    assert (last["state"], last["reason"]) == ("queued", reason)


def test_an_unknown_schedule_is_answered_with_similar_names(site: TestSite) -> None:
    answer = site.ask("/api/v1/schedules/aa")
    assert answer.status_code == 404
    assert problem(answer)["remedy"] == "Did you mean a?"


def test_runs_come_newest_first_by_page_and_none_twice(site: TestSite) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = site.ask(f"/api/v1/runs?limit=4{cursor and f'&cursor={cursor}'}").json()
        seen += [run["occurrence"] for run in page["runs"]]
        cursor = page["cursor"]
    assert seen == [
        f"{name}@2026-11-20T{hour}:0{after}Z"
        for hour in (18, 17, 16)
        for name, after in (("b", 1), ("a", 0))
    ]


def test_runs_of_one_schedule_that_failed(site: TestSite) -> None:
    found = site.ask("/api/v1/runs?schedule=a&failed=true").json()
    assert [run["occurrence"] for run in found["runs"]] == ["a@2026-11-20T17:00Z"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("cursor=x", "cursor"),
        ("cursor=WzEsMl0", "cursor"),
        ("since=yesterday", "time"),
        ("since=2026-11-20T06:00", "time"),
        ("failed=1", "flag"),
    ],
)
def test_a_wrong_parameter_is_named(site: TestSite, query: str, kind: str) -> None:
    answer = site.ask(f"/api/v1/runs?{query}")
    assert answer.status_code == 400
    assert problem(answer)["type"] == f"urn:reconcile:problem:{kind}"


def test_the_next_occurrences_come_by_page_and_none_twice(site: TestSite) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = site.ask(f"/api/v1/next?limit=4&hours=3{cursor and f'&cursor={cursor}'}").json()
        seen += [f"{one['name']}@{one['time']}" for one in page["next"]]
        cursor = page["cursor"]
    assert seen == [
        f"{name}@2026-11-20T{hour}:0{after}Z"
        for hour in (19, 20, 21)
        for name, after in (("a", 0), ("b", 1), ("c", 2))
    ]


def test_the_applies_come_newest_first_by_page(site: TestSite) -> None:
    for number in range(3):
        site.world.later(minutes=1)
        site.apply(*hourly("a", "b", "c", f"d{number}"))
    first = site.ask("/api/v1/history?limit=3").json()
    site.world.later(minutes=1)
    site.apply(*hourly("a", "b"))
    second = site.ask(f"/api/v1/history?limit=3&cursor={first['cursor']}").json()
    times = [one["at"] for page in (first, second) for one in page["applies"]]
    assert len(times) == 4, "the apply that came meanwhile is before the first page"
    assert times == sorted(times, reverse=True)
    assert second["cursor"] is None


def test_a_client_that_polls_gets_what_has_changed(site: TestSite) -> None:
    first = site.ask("/api/v1/status")
    again = site.ask("/api/v1/status", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    weak = site.ask("/api/v1/status", headers={"If-None-Match": f"W/{first.headers['etag']}"})
    assert weak.status_code == 304, "a proxy that compresses makes the tag a weak one"
    time = "2026-11-20T18:02:00Z"
    line = RunRecord(
        name="c", times=(minute(at("18:02")),), state=RunState.FAILED, at=time, call="fc-9"
    )
    site.write(wake_log(time, line))
    site.world.later(seconds=5)
    changed = site.ask("/api/v1/status", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_silent_modal_is_503_with_the_time_to_try_again(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_key: str) -> None:
        raise UnavailableError("connection refused")

    monkeypatch.setattr(site.world.claims, "get", silent)
    answer = site.ask("/api/v1/status")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert problem(answer)["detail"] == "Modal did not answer: connection refused"


def test_a_defect_says_nothing_of_itself_to_the_client(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_key: str) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(site.world.claims, "get", broken)
    answer = site.ask("/api/v1/status")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert any("a secret" in line for line in site.logged), "the log of the server has it"
