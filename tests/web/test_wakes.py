"""``/wake`` and ``/trigger``: they start the dispatcher, and claim nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import StartUnknownError
from reconciler.web.refusals import KEY as REFUSALS
from tests.dispatch.scenario import at
from tests.plan.scenario import schedules
from tests.web.site import RunRecord, RunState, TestSite, problem, wake_log


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(
        *schedules(
            """
            name: hourly
            schedule: "0 * * * *"
            ---
            name: daily
            schedule: "30 6 * * *"
            """
        )
    )
    site.world.later(hours=2, minutes=30, seconds=20)
    return site


def post(site: TestSite, path: str, body: Any) -> httpx.Response:
    before = set(site.world.claims.entries)
    answer = site.ask(path, "POST", json=body)
    assert set(site.world.claims.entries) - before <= {REFUSALS}, "nothing is claimed"
    return answer


def trigger(site: TestSite, **body: Any) -> httpx.Response:
    return post(site, "/trigger", body)


def ended(site: TestSite, time: str, state: RunState = RunState.SUCCEEDED) -> None:
    stamp = f"{time}:00Z"
    line = RunRecord(name="hourly", times=(minute(at(time)),), state=state, at=stamp, call="fc-old")
    site.write(wake_log(stamp, line))


def test_a_wake_starts_the_dispatcher(site: TestSite) -> None:
    answer = post(site, "/wake", {"minute": "2026-11-20T17:30Z", "source": "cloudflare"})
    assert answer.status_code == 202
    assert answer.json() == {"wake": "fc-1", "minute": "2026-11-20T17:30Z"}
    (started,) = site.caller.calls
    assert (started.app, started.function) == ("schedule-reconciler", "on_demand")
    assert started.args == {"minute": "2026-11-20T17:30Z", "source": "cloudflare"}


@pytest.mark.parametrize(
    ("header", "recorded"),
    [
        ("2026-11-20T17:30:03.250Z", "2026-11-20T17:30:03Z"),
        ("2026-11-20T18:30:03+01:00", "2026-11-20T17:30:03Z"),
        ("2026-11-19T17:30:21Z", "2026-11-19T17:30:21Z"),
        ("2026-11-19T17:30:19Z", None),  # more than a day ago
        ("2026-11-20T17:32:00Z", None),  # ahead
        ("2026-11-20T17:30:03", None),  # of no zone
        ("0001-01-01T00:00:00+23:59", None),
        ("soon", None),
        ("", None),
    ],
)
def test_when_the_sender_was_triggered_goes_into_the_history(
    site: TestSite, header: str, recorded: str | None
) -> None:
    body = {"jobs": [{"job": "hourly"}]}
    for path, json in (("/wake", {}), ("/trigger", body)):
        assert site.ask(path, "POST", headers={"Triggered-At": header}, json=json).is_success
    assert [one.args.get("triggered") for one in site.caller.calls] == [recorded] * 2


def test_without_a_minute_the_present_one_is_meant_and_the_sender_is_the_source(
    site: TestSite,
) -> None:
    assert post(site, "/wake", {}).json()["minute"] == "2026-11-20T17:30Z"
    assert site.caller.calls[0].args["source"] == "token:start"


@pytest.mark.parametrize(
    ("minute_", "status"),
    [("2026-11-20T17:31Z", 202), ("2026-11-20T17:32Z", 422), ("2026-11-01T00:00Z", 202)],
)
def test_a_minute_at_most_sixty_seconds_ahead_is_waited_for(
    site: TestSite, minute_: str, status: int
) -> None:
    assert post(site, "/wake", {"minute": minute_}).status_code == status
    assert len(site.caller.calls) == (status == 202)


@pytest.mark.parametrize(
    "body",
    [
        {"minute": "17:30"},
        {"minute": 5},
        {"minute": "2026-13-20T17:30Z"},
        {"source": "a\nb"},
        {"source": "x" * 65},
        [],
    ],
)
def test_a_wake_that_makes_no_sense_is_422(site: TestSite, body: Any) -> None:
    assert problem(post(site, "/wake", body))["status"] == 422
    assert not site.caller.calls


def test_a_trigger_that_names_its_occurrence(site: TestSite) -> None:
    answer = trigger(site, job="hourly", execution_id="hourly@2026-11-20T17:00Z")
    assert answer.status_code == 202
    assert answer.json()["occurrence"] == "hourly@2026-11-20T17:00Z"
    assert answer.json()["wake"] == "fc-1"
    (started,) = site.caller.calls
    assert started.args["minute"] == "2026-11-20T17:00Z"


@pytest.mark.parametrize(
    ("triggered", "occurrence"),
    [
        ("2026-11-20T17:00:00Z", "17:00"),
        ("2026-11-20T17:00:59Z", "17:00"),
        ("2026-11-20T16:59:59Z", "16:00"),
        ("2026-11-20T18:59:00+02:00", "16:00"),
        (None, "17:00"),
    ],
)
def test_else_the_newest_nominal_time_up_to_the_trigger_is_meant(
    site: TestSite, triggered: str | None, occurrence: str
) -> None:
    body = {"job": "hourly", "execution_id": "8d1f3b", "cron": "0 * * * *"}
    if triggered is not None:
        body["triggered_at"] = triggered
    assert trigger(site, **body).json()["occurrence"] == f"hourly@2026-11-20T{occurrence}Z"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            {"job": "hourly", "execution_id": "hourly@2026-11-20T17:01Z"},
            "2026-11-20T17:01Z is not a time of hourly",
        ),
        (
            {"job": "hourly", "execution_id": "hourly@2026-11-20T15:00Z"},
            "2026-11-20T15:00Z is not a time of hourly",
        ),
        (
            {"job": "hourly", "execution_id": "daily@2026-11-20T17:00Z"},
            "execution_id names daily, and job hourly",
        ),
        (
            {"job": "hourly", "execution_id": "hourly@2026-11-20T18:00Z"},
            "the occurrence is that of 2026-11-20T18:00Z, more than 60 s ahead of this clock",
        ),
        (
            {"job": "hourly", "triggered_at": "2026-11-20T17:31:30Z"},
            "it was triggered at 2026-11-20T17:31:30+00:00, more than 60 s ahead of this clock",
        ),
        ({"job": "daily"}, "daily has no occurrence up to 2026-11-20T17:30Z"),
    ],
)
def test_a_time_that_is_not_the_schedules_is_422(
    site: TestSite, body: dict[str, Any], detail: str
) -> None:
    answer = trigger(site, **body)
    assert (answer.status_code, problem(answer)["detail"]) == (422, detail)
    assert not site.caller.calls, "refused before anything is started"


def test_an_unknown_job_is_404_with_the_nearest_names(site: TestSite) -> None:
    answer = trigger(site, job="hourli")
    assert (answer.status_code, problem(answer)["remedy"]) == (404, "Did you mean hourly?")
    assert not site.caller.calls


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED, RunState.MISSED])
def test_an_occurrence_that_has_its_outcome_is_200_with_it(site: TestSite, state: RunState) -> None:
    ended(site, "2026-11-20T17:00", state)
    answer = trigger(site, job="hourly", execution_id="hourly@2026-11-20T17:00Z")
    assert (answer.status_code, answer.json()["state"]) == (200, state.value)
    assert not site.caller.calls


def test_an_occurrence_that_runs_is_accepted_and_a_wake_does_no_harm(site: TestSite) -> None:
    ended(site, "2026-11-20T17:00", RunState.STARTED)
    assert trigger(site, job="hourly").status_code == 202


def test_jobs_that_were_triggered_together_take_one_wake(site: TestSite) -> None:
    ended(site, "2026-11-20T16:00")
    jobs = [
        {"job": "hourly"},
        {"job": "hourly", "execution_id": "hourly@2026-11-20T16:00Z"},
        {"job": "daily"},
        {"job": "gone"},
    ]
    answer = trigger(site, jobs=jobs)
    assert answer.status_code == 202
    assert [job["status"] for job in answer.json()["jobs"]] == [202, 200, 422, 404]
    assert len(site.caller.calls) == 1


@pytest.mark.parametrize(
    ("jobs", "status"), [([{"job": "gone"}], 404), ([{"job": "gone"}, {"job": "daily"}], 422)]
)
def test_of_jobs_together_of_which_none_can_be_started(
    site: TestSite, jobs: list[dict[str, str]], status: int
) -> None:
    assert trigger(site, jobs=jobs).status_code == status
    assert not site.caller.calls


def test_a_dispatcher_that_cannot_be_started_is_named(site: TestSite) -> None:
    site.caller.missing.add("schedule-reconciler/on_demand")
    assert problem(post(site, "/wake", {}))["status"] == 503


def test_a_start_that_is_unknown_may_be_sent_again(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_given: object) -> str:
        raise StartUnknownError("the connection broke off")

    monkeypatch.setattr(site.caller, "start", lost)
    assert problem(post(site, "/wake", {}))["remedy"] == "Send it again; that does no harm."
