"""Prometheus's metrics, and the calendar."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families

from reconciler.cron import minute
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.outbox import EMPTY_OUTBOX, Notification, NotificationKind
from reconciler.web.auth.credentials import credentials_of, new_token, token_entry
from reconciler.web.auth.principal import Scope
from tests.dispatch.scenario import at
from tests.plan.scenario import hourly, schedules
from tests.web.site import RunRecord, RunState, TestSite, problem, wake_log
from tests.web.test_questions import with_runs


@pytest.fixture
def site() -> TestSite:
    return with_runs()


def figures(site: TestSite) -> Mapping[tuple[str, str], float]:
    """The value of each sample, by name and label."""
    answer = site.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name.removeprefix("reconcile_"), "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_parser_of_prometheus_reads_the_figures(site: TestSite) -> None:
    found = figures(site)
    shown = {one["state"] for one in site.ask("/api/v1/schedules").json()["schedules"]}
    assert {label for name, label in found if name == "schedules"} == shown
    assert sum(value for (name, _), value in found.items() if name == "schedules") == 3
    assert found["runs_24h", "succeeded"] == 4
    assert found["runs_24h", "failed"] == 2
    assert found["wakes_24h", "poller"] == 6
    assert found["schedule_failure_streak", "a"] == 0
    assert found["last_apply_timestamp_seconds", ""] == at("15:00").timestamp()


def test_what_is_not_known_is_left_out_and_never_0(site: TestSite) -> None:
    found = figures(site)
    assert ("schedule_last_success_timestamp_seconds", "c") not in found
    assert ("schedule_lateness_seconds", "c") not in found


def test_pending_notifications_are_counted_once_there_is_a_cursor(site: TestSite) -> None:
    assert ("pending_notifications", "") not in figures(site)
    waiting = Notification(
        kind=NotificationKind.FAILURES,
        name="a",
        subject="a@2026-11-20T17:00Z",
        raised="2026-11-20T17:00:00Z",
    )
    cursor = Cursor(outbox=EMPTY_OUTBOX.adding([waiting]))
    site.world.claims.entries[CURSOR_KEY] = cursor.to_json()
    site.world.later(seconds=30)
    assert figures(site)["pending_notifications", ""] == 1


def test_the_last_success_is_found_behind_later_failures() -> None:
    site = TestSite()
    site.apply(*hourly("a"))
    for hour, state in ((16, RunState.SUCCEEDED), (17, RunState.FAILED)):
        time = f"2026-11-20T{hour}:00:10Z"
        start = RunRecord(
            name="a",
            times=(minute(at(f"{hour}:00")),),
            state=RunState.STARTED,
            at=time,
            call=f"fc-{hour}",
        )
        end = RunRecord(
            name="a",
            times=start.times,
            state=state,
            at=f"2026-11-20T{hour}:01:00Z",
            call=start.call,
        )
        site.write(wake_log(time, start, end))
    site.world.later(days=3)
    found = figures(site)
    assert found["schedule_last_success_timestamp_seconds", "a"] == at("16:00").timestamp() + 10
    assert ("runs_24h", "failed") not in found
    assert found["schedule_failure_streak", "a"] == 1


def test_wakes_are_counted_by_who_asked_for_them(site: TestSite) -> None:
    log = wake_log(
        "2026-11-20T18:20:00Z",
        RunRecord(
            name="a",
            times=(minute(at("18:00")),),
            state=RunState.SUCCEEDED,
            at="2026-11-20T18:20:00Z",
        ),
    )
    from dataclasses import replace

    site.write(replace(log, slot="on_demand", source="cloudflare"))
    assert figures(site)["wakes_24h", "cloudflare"] == 1


def test_refused_requests_are_counted_by_reason(site: TestSite) -> None:
    site.ask("/metrics", token="wrong")
    assert figures(site)["refused_requests_48h", "token"] == 1


def test_a_name_that_would_break_the_format_is_escaped() -> None:
    site = TestSite()
    site.apply(*hourly("a"))
    log = wake_log("2026-11-20T15:30:00Z", wake="fc-x")
    from dataclasses import replace

    line = RunRecord(
        name="a", times=(minute(at("15:00")),), state=RunState.MISSED, at="2026-11-20T15:30:00Z"
    )
    site.write(replace(log, records=(line,), source='x"} 1\nreconcile_schedules{state="y'))
    site.world.later(hours=1)
    assert figures(site)["wakes_24h", 'x"} 1\nreconcile_schedules{state="y'] == 1


class TestTheCalendar:
    """``/next.ics``, with a token in the URL that can be revoked."""

    @pytest.fixture
    def tokens(self, site: TestSite) -> dict[str, str]:
        scopes = {"calendar": [Scope.CALENDAR], "all": list(Scope), "reader": [Scope.READ]}
        tokens = {name: new_token() for name in scopes}
        secret = dict(token_entry(name, tokens[name], scopes[name]) for name in scopes)
        site.serving = {"credentials": credentials_of(secret)}
        return tokens

    def test_a_calendar_subscribes_by_its_url(self, site: TestSite, tokens: dict[str, str]) -> None:
        answer = site.ask(f"/next.ics?token={tokens['calendar']}&days=1", token=None)
        assert answer.headers["content-type"].startswith("text/calendar")
        events = Calendar.from_ical(answer.content).walk("VEVENT")
        assert len(events) == 3 * 24
        assert events[0]["UID"] == "a@2026-11-20T19:00Z"

    def test_its_token_does_nothing_else(self, site: TestSite, tokens: dict[str, str]) -> None:
        assert site.ask("/api/v1/status", token=tokens["calendar"]).status_code == 403
        assert site.ask(f"/api/v1/status?token={tokens['calendar']}", token=None).status_code == 401

    @pytest.mark.parametrize("name", ["all", "reader"])
    def test_a_token_that_may_do_more_is_refused_in_a_url(
        self, site: TestSite, tokens: dict[str, str], name: str
    ) -> None:
        answer = site.ask(f"/next.ics?token={tokens[name]}", token=None)
        assert (answer.status_code, problem(answer)["title"]) == (403, "Scope")

    def test_a_revoked_token_is_401(self, site: TestSite, tokens: dict[str, str]) -> None:
        site.serving = {"credentials": credentials_of({})}
        answer = site.ask(f"/next.ics?token={tokens['calendar']}", token=None)
        assert answer.status_code == 401

    def test_the_token_is_not_logged(self, site: TestSite, tokens: dict[str, str]) -> None:
        site.ask(f"/next.ics?token={tokens['calendar']}", token=None)
        assert tokens["calendar"] not in site.logged[0]
        assert '"token:calendar"' in site.logged[0]

    def test_it_is_bounded(self) -> None:
        busy = TestSite()
        busy.apply(*schedules('name: busy\nschedule: "* * * * *"'))
        answer = busy.ask("/next.ics?days=366")
        assert answer.content.count(b"BEGIN:VEVENT") == 5_000
