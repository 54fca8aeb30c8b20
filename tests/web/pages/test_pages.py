"""The dashboard's pages over HTTP."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.backfill import BackfillEnd, BackfillState, ended_path
from tests.dispatch.backfill_scenario import backfill_of
from tests.plan.scenario import schedules
from tests.web.site import RunRecord, RunState, TestSite, wake_log

HOSTILE = "<img src=x onerror=alert(1)>"
NOMINAL = datetime(2026, 11, 20, 16, tzinfo=UTC)


def line(name: str, hour: int, state: RunState, reason: str | None = None) -> RunRecord:
    at = NOMINAL.replace(hour=hour)
    return RunRecord(
        name=name,
        times=(minute(at),),
        state=state,
        at=f"{at:%Y-%m-%dT%H:%M:30Z}",
        call=None if state is RunState.MISSED else "fc-1",
        reason=reason,
    )


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(
        *schedules(
            f"""
            name: failing
            schedule: "0 * * * *"
            owner: "{HOSTILE}"
            ---
            name: fine
            schedule: "0 * * * *"
            timezone: Europe/Berlin
            labels: {{team: data}}
            ---
            name: paused
            schedule: "@daily"
            suspend: {{reason: "{HOSTILE}"}}
            """
        )
    )
    live = site.ask("/api/v1/status").json()["generation"]
    for hour in (16, 17, 18):
        outcomes = {
            "failing": line("failing", hour, RunState.FAILED, f"HTTPError: {HOSTILE}"),
            "fine": line("fine", hour, RunState.SUCCEEDED),
        }
        for slot, record in outcomes.items():
            log = wake_log(f"2026-11-20T{hour}:00:10Z", record, wake=f"fc-{slot}-{hour}")
            site.write(replace(log, slot=slot, through=record.times[0], generation=live, number=1))
    site.world.later(hours=3, minutes=20)
    return site


def text_of(page: str) -> str:
    """What a person reads, without marks."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_first_view_says_what_needs_attention(site: TestSite) -> None:
    page = site.ask("/").text
    assert "<title>(1) Attention · production</title>" in page
    assert ">1 of 3 schedules needs attention</h1>" in page
    assert "reconcile logs failing@2026-11-20T18:00Z --env production" in page
    assert "Failed ×3" in text_of(page)


def test_a_hostile_text_is_only_a_text(site: TestSite) -> None:
    for path in ("/", "/schedules", f"/schedules?q={HOSTILE}"):
        answer = site.ask(path)
        assert HOSTILE not in answer.text
        assert "&lt;img src=x onerror=alert(1)&gt;" in answer.text


def test_no_page_has_a_style_or_a_script_of_its_own(site: TestSite) -> None:
    for path in ("/", "/schedules"):
        page = site.ask(path).text
        assert not re.search(r"<[^>]*\s(style|on\w+)=|<style|<script(?! src=)", page)
        assert not re.search(r"""(?:href|src)=["'](?:https?:)?//""", page)


def test_the_table_shows_state_times_and_the_last_day(site: TestSite) -> None:
    page = site.ask("/schedules").text
    assert ">3 schedules, 1 needs attention</h1>" in page
    read = text_of(page)
    assert "every hour UTC" in read
    assert "every hour Berlin" in read
    assert "2 occurrences" not in read
    assert 'aria-label="3 occurrences in the last 24 hours: 3 failed"' in page
    assert re.findall(r'<tr class="row" data-key="([^"]*)"', page) == ["failing", "fine", "paused"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?state=attention", ["failing"]),
        ("?state=failed", ["failing"]),
        ("?q=data", ["fine"]),
        ("?q=team%3Ddata", ["fine"]),
        ("?q=SUSPENDED", ["paused"]),
        ("?sort=name", ["failing", "fine", "paused"]),
        ("?page=99", ["failing", "fine", "paused"]),
        ("?page=-1", ["failing", "fine", "paused"]),
        ("?q=nothing", []),
    ],
)
def test_filter_state_sort_and_page_stand_in_the_url(
    site: TestSite, query: str, names: list[str]
) -> None:
    page = site.ask(f"/schedules{query}").text
    assert re.findall(r'<tr class="row" data-key="([^"]*)"', page) == names


def test_a_filter_that_matches_nothing_says_so(site: TestSite) -> None:
    assert "No schedule matches “nothing”. Clear the filter" in text_of(
        site.ask("/schedules?q=nothing").text
    )


def test_an_unknown_state_is_refused(site: TestSite) -> None:
    assert site.ask("/schedules?state=sad").status_code == 400


def test_a_page_that_has_not_changed_is_not_sent_again(site: TestSite) -> None:
    for path in ("/", "/schedules", "/assets/dashboard.css"):
        tag = site.ask(path).headers["etag"]
        assert site.ask(path, headers={"If-None-Match": tag}).status_code == 304


def test_who_has_not_signed_in_gets_the_form(site: TestSite) -> None:
    answer = site.ask("/schedules", token=None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_only_the_dashboards_own_files_are_served(site: TestSite) -> None:
    assert site.ask("/assets/dashboard.js").headers["content-type"].startswith("text/javascript")
    assert site.ask("/assets/..%2Fapp.py").status_code == 404
    assert site.ask("/assets/app.py").status_code == 404


def test_many_schedules_come_by_page_and_within_the_budget() -> None:
    site = TestSite()
    site.apply(
        *schedules(
            "\n---\n".join(
                f'name: job-{number:03}\nschedule: "{number % 60} * * * *"\nowner: team'
                for number in range(250)
            )
        )
    )
    first, last = site.ask("/schedules"), site.ask("/schedules?page=3")
    assert first.text.count('<tr class="row"') == 100
    assert last.text.count('<tr class="row"') == 50
    assert "Page 3 of 3" in last.text


def test_a_schedules_page_shows_its_runs_what_comes_and_its_rules(site: TestSite) -> None:
    page = site.ask("/schedules/failing").text
    read = text_of(page)
    assert "<h1>failing</h1>" in page
    assert "every hour, UTC time. Next Fri 20 Nov 19:00" in read
    assert page.count('<span class="state failed">') == 4
    assert "Fri 20 Nov 18:00" in read
    assert read.count("in 40 min") == 3
    assert "Function shop/sync" in read
    assert HOSTILE not in page


def test_a_schedule_that_never_ran_says_when_it_first_will() -> None:
    site = TestSite()
    site.apply(*schedules('name: new\nschedule: "0 16 * * *"'))
    assert "No run yet; first: 16:00Z." in text_of(site.ask("/schedules/new").text)


def test_an_earlier_name_leads_to_the_schedule() -> None:
    site = TestSite()
    site.apply(*schedules('name: old\nschedule: "@daily"'))
    site.world.later(hours=1)
    site.apply(*schedules('name: new\nformerly: old\nschedule: "@daily"'))
    answer = site.ask("/schedules/old")
    assert (answer.status_code, answer.headers["location"]) == (303, "/schedules/new")


def test_an_unknown_name_is_answered_with_the_nearest(site: TestSite) -> None:
    answer = site.ask("/schedules/failin")
    assert answer.status_code == 404
    assert "No schedule is named failin Nearest: failing, fine." in text_of(answer.text)


def test_before_the_first_apply_the_page_says_what_to_do() -> None:
    answer = TestSite().ask("/")
    assert answer.status_code == 404
    assert "<h1>Nothing is applied yet</h1>" in answer.text
    assert "reconcile plan --env production" in answer.text


def test_silence_of_modal_is_not_drawn_as_fine(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence(site, monkeypatch)
    site.world.later(minutes=5)
    answer = site.ask("/schedules")
    assert answer.status_code == 503
    assert "<h1>No answer from Modal</h1>" in answer.text
    assert answer.headers["retry-after"] == "30"


def silence(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_key: str) -> None:
        raise UnavailableError("connection refused")

    monkeypatch.setattr(site.world.claims, "get", silent)


def test_a_page_that_was_shown_before_is_shown_as_it_was_while_modal_is_silent(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.ask("/")
    silence(site, monkeypatch)
    site.world.later(minutes=11, seconds=26)
    site.ask("/")
    site.world.later(seconds=34)
    answer = site.ask("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    page = answer.text
    assert '<body class=" stale">' in page
    assert re.findall(r"<h1>(.*?)</h1>", page)[:1] == [
        'No answer<span id="who"> from Modal</span><span id="silent"> for 34 s</span>'
    ]
    read = text_of(page)
    assert "1 of 3 schedules needed attention" in read
    assert "needs attention" not in read
    assert "The other 2 schedules were as they should be." in read
    assert re.search(r"is the state of \d\d:\d\d:\d\dZ, 12 min ago \.", read)
    assert re.search(r"as of \d\d:\d\d:\d\dZ , 12 min old", read)


@pytest.mark.parametrize(
    "path", ["/schedules", "/timeline", "/slots", "/history", "/triggers", "/schedules/fine"]
)
def test_so_is_each_view(site: TestSite, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    headline = re.findall(r"<h1.*?</h1>", site.ask(path).text)[0]
    silence(site, monkeypatch)
    site.world.later(minutes=5)
    page = site.ask(path).text
    assert "No answer" in page
    assert headline not in page
    assert '<p class="was">' in page


def test_a_stale_page_is_shown_only_to_those_who_may_read(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.ask("/")
    silence(site, monkeypatch)
    site.world.later(minutes=5)
    assert site.ask("/", token=None).status_code == 303


def test_once_modal_answers_the_page_is_as_it_is_now(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.ask("/")
    with monkeypatch.context() as patch:
        silence(site, patch)
        site.world.later(minutes=5)
        assert site.ask("/").status_code == 503
    answer = site.ask("/")
    assert answer.status_code == 200
    assert "stale" not in answer.text.partition("<main")[0]


def test_a_backfill_that_is_not_over_shows_how_far_it_is(site: TestSite) -> None:
    site.backfill(backfill_of(48, name="fine"), started=14)
    assert "Backfills fine : 14 of 48 runs started Resolved" in text_of(site.ask("/").text)
    page = text_of(site.ask("/schedules/fine").text)
    assert (
        "Backfill [2026-11-19 01:00, 2026-11-21 01:00) Europe/Berlin: 14 of 48 runs started."
        in page
    )
    assert "Backfill" not in text_of(site.ask("/schedules/failing").text)


def test_a_paused_backfill_says_what_resumes_it(site: TestSite) -> None:
    backfill = backfill_of(48, name="fine")
    site.backfill(backfill, started=14, state=BackfillState.PAUSED)
    assert "14 of 48 runs started, paused" in text_of(site.ask("/").text)
    command = f"reconcile backfill resume {backfill.digest[:12]} --env production"
    assert command in site.ask("/schedules/fine").text


def test_a_backfill_that_is_over_is_not_shown(site: TestSite) -> None:
    backfill = backfill_of(48, name="fine")
    site.backfill(backfill, started=48)
    over = BackfillEnd(cancelled=False, at="2026-11-20T15:00:00Z")
    site.world.files.files[ended_path(backfill.digest)] = over.encode()
    assert "Backfill" not in text_of(site.ask("/").text)
    assert "Backfill" not in text_of(site.ask("/schedules/fine").text)


def test_the_backfill_of_a_deleted_schedule_leads_to_no_page(site: TestSite) -> None:
    site.backfill(backfill_of(48, name="deleted"), started=14)
    page = site.ask("/").text
    assert "deleted: 14 of 48 runs started" in text_of(page)
    assert "/schedules/deleted" not in page


def test_the_backfill_of_a_renamed_schedule_is_on_its_page() -> None:
    site = TestSite()
    site.apply(*schedules('name: old\nschedule: "@daily"'))
    site.world.later(hours=1)
    site.apply(*schedules('name: new\nformerly: old\nschedule: "@daily"'))
    site.backfill(backfill_of(2, name="old"))
    assert "0 of 2 runs started." in text_of(site.ask("/schedules/new").text)


@pytest.fixture
def chain() -> TestSite:
    """A schedule that waits for two others, and one that waits for it."""
    site = TestSite()
    site.apply(
        *schedules(
            """
            name: extract
            schedule: "0 * * * *"
            ---
            name: rates
            schedule: "@daily"
            ---
            name: load
            schedule: "0 * * * *"
            after: {extract: {within: 2h}, rates: {}}
            ---
            name: report
            after: load
            """
        )
    )
    site.world.later(hours=3, minutes=20)
    return site


def wake(site: TestSite, record: RunRecord) -> None:
    """Let a wake have processed everything up to the occurrence, and recorded this of it."""
    live = site.ask("/api/v1/status").json()["generation"]
    log = wake_log("2026-11-20T18:00:10Z", replace(record, call=None))
    site.write(replace(log, through=record.times[0], generation=live, number=1))
    site.world.later(seconds=10)


def test_a_schedules_page_links_what_it_waits_for_and_what_waits_for_it(chain: TestSite) -> None:
    page = chain.ask("/schedules/load").text
    read = text_of(page)
    assert "Waits for extract (within 2h) and rates ." in read
    assert "Waiting for it: report ." in read
    for name in ("extract", "rates", "report"):
        assert f'href="/schedules/{name}"' in page


def test_a_page_says_for_what_the_newest_occurrence_waits(chain: TestSite) -> None:
    reason = "waits for extract@2026-11-20T18:00Z, which failed at 2026-11-20T18:10Z"
    wake(chain, line("load", 18, RunState.QUEUED, reason))
    read = text_of(chain.ask("/schedules/load").text)
    assert f"Waiting {reason}" in read
    assert f"It {reason}." in read
    assert "did not start" not in read


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        (RunState.QUEUED, "overlap", "It waits: overlap."),
        (RunState.START_FAILED, "not deployed", "It has not started yet: not deployed."),
        (RunState.MISSED, "no wake came", "It did not start: no wake came."),
        (RunState.MISSED, None, "It did not start."),
    ],
)
def test_a_page_says_why_the_newest_occurrence_did_not_start(
    chain: TestSite, state: RunState, reason: str | None, sentence: str
) -> None:
    wake(chain, line("extract", 18, state, reason))
    assert sentence in text_of(chain.ask("/schedules/extract").text)


def test_of_many_that_wait_for_a_schedule_some_are_named_and_the_others_counted() -> None:
    site = TestSite()
    waiting = (f"name: job-{number:02}\nafter: extract" for number in range(25))
    site.apply(*schedules("\n---\n".join(['name: extract\nschedule: "@daily"', *waiting])))
    read = text_of(site.ask("/schedules/extract").text)
    assert "job-19 and 5 more." in read
    assert "job-20" not in read


def test_what_waits_for_a_schedule_that_failed_stands_in_its_sentence(chain: TestSite) -> None:
    reason = "waits for extract@2026-11-20T18:00Z, which failed at 2026-11-20T18:10Z"
    failed = replace(line("extract", 18, RunState.FAILED, "KeyError: 'id'"), call="fc-1")
    log = wake_log("2026-11-20T18:00:05Z", failed, wake="fc-extract")
    chain.write(replace(log, slot="other"))
    wake(chain, line("load", 18, RunState.QUEUED, reason))
    page = chain.ask("/").text
    items = page[page.index('<ul class="card items">') : page.index("<aside>")]
    assert "KeyError: &#39;id&#39;. Waiting for it: load" in text_of(items)
    assert 'href="/schedules/load"' in items
    assert items.count("load</a>") == 1
