"""What the views say of a workspace with trouble."""

from __future__ import annotations

import gzip
import re

import pytest

from reconciler.model.git_record import GIT_KEY, GitRecord, git_entry
from tests.web.pages.acme import AcmeSite, acme
from tests.web.pages.test_pages import text_of


@pytest.fixture(scope="module")
def troubled() -> AcmeSite:
    return acme()


@pytest.fixture(scope="module")
def sound() -> AcmeSite:
    return acme(well=True)


@pytest.fixture(scope="module")
def many() -> AcmeSite:
    return acme(2000)


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "9 of 24 schedules and 1 wake source need attention"),
        ("/schedules", "24 schedules, 9 need attention"),
        ("/timeline", "Sun 29 Nov 19:50Z to Mon 30 Nov 19:50Z"),
        ("/timeline?range=7d", "Thu 26 Nov 19:50Z to Thu 3 Dec 19:50Z"),
        ("/timeline?at=2026-11-29T07:50Z", "Sat 28 Nov 19:50Z to Sun 29 Nov 19:50Z"),
        ("/slots", "4 of 5 slots used, 1 by us"),
        ("/history", "1 difference that nobody made in git"),
        ("/triggers", "125 triggers without a run"),
        ("/schedules/exchange-rates", "exchange-rates"),
    ],
)
def test_one_sentence_answers_each_view(troubled: AcmeSite, path: str, sentence: str) -> None:
    page = troubled.ask(path).text
    assert heading(page) == sentence
    assert "<title>(10) " in page


def test_each_schedule_has_one_state_so_that_the_counts_add_up(troubled: AcmeSite) -> None:
    page = troubled.ask("/").text
    ledger = re.findall(r"<b>(\d+)</b> ([a-z ]+)</a></li>", page)
    assert sum(int(number) for number, _word in ledger) == 24
    assert {word for _number, word in ledger} >= {
        "missed",
        "overdue",
        "failed",
        "timed out",
        "long run",
        "drift",
        "waiting",
        "running",
        "skipped",
        "suspended",
        "cancelled",
        "no run yet",
        "unknown",
        "succeeded",
    }


def test_what_was_missed_stands_under_the_gap_that_caused_it(troubled: AcmeSite) -> None:
    page = troubled.ask("/").text
    items = page[page.index('<ul class="card items">') :]
    gap = items[: items.index('<span class="state refused">')]
    assert "No wake from 01:55Z to 03:25Z" in gap
    assert "2 occurrences passed their deadline" in text_of(gap)
    assert "churn-model-train" in gap
    assert "fx-hedge-snapshot" in gap
    assert items.count("fx-hedge-snapshot</a>") == 1
    assert "reconcile rerun fx-hedge-snapshot@2026-11-30T03:00Z --env production" in gap


def test_the_worst_stands_first(troubled: AcmeSite) -> None:
    page = troubled.ask("/").text
    order = re.findall(r'<li class="row"[^>]*>\s*<span class="state ([a-z-]+)"', page)
    assert list(dict.fromkeys(order)) == [
        "no-wakes",
        "missed",
        "refused",
        "overdue",
        "failed",
        "timed-out",
        "long-run",
        "waiting",
        "drift",
    ]


def test_a_streak_began_with_its_first_failure(troubled: AcmeSite) -> None:
    items = text_of(troubled.ask("/").text)
    assert "Failed ×4 exchange-rates since 04:15Z" in items


def test_a_long_run_is_compared_with_those_before_it(troubled: AcmeSite) -> None:
    page = text_of(troubled.ask("/schedules/warehouse-extract").text)
    assert "Long run Running for 3 h 50 min; the 50 runs before took 30 min to 48 min." in page
    assert "At 08:00Z, in 9 min, it reaches its timeout of 4 h. No retry is configured." in page
    assert "above: e91b3c8 , applied Thu 16:45Z · changed this schedule" in page
    assert "clock change −1 h" in page


def test_schedules_with_the_same_error_are_one_item(many: AcmeSite) -> None:
    page = text_of(many.ask("/").text)
    assert re.search(r"\d schedules with the same error since", page)
    assert "KeyError: &#39;currency&#39;:" in page
    assert re.search(r"and \d more", page)


def test_what_waits_near_its_by_stands_under_what_it_waits_for(troubled: AcmeSite) -> None:
    page = troubled.ask("/").text
    items = page[page.index('<ul class="card items">') : page.index("<aside>")]
    assert "Waiting for it, to start by 09:00Z: warehouse-load" in text_of(items)
    assert items.count("warehouse-load</a>") == 1


def test_what_waits_near_its_by_for_one_that_needs_no_attention_is_an_item(
    troubled: AcmeSite,
) -> None:
    items = text_of(troubled.ask("/").text)
    assert "It should start by 08:30Z, in 39 min." in items
    command = "reconcile explain backup-verify 2026-11-30T05:40Z --env production"
    assert command in text_of(troubled.ask("/schedules/backup-verify").text)


def test_a_workspace_that_is_well_says_so(sound: AcmeSite) -> None:
    page = text_of(sound.ask("/").text)
    assert "All 24 schedules are as they should be" in page
    assert "by Modal cron poller, on time. Next wake 07:55Z. No drift, compared just now." in page
    assert "Nothing was to resolve." in page


def test_what_was_resolved_is_listed_with_what_ended_it(troubled: AcmeSite) -> None:
    assert "03:25Z 7 late schedules ran after the gap" in text_of(troubled.ask("/").text)


def test_the_timeline_draws_each_state_by_its_own_mark(troubled: AcmeSite) -> None:
    page = troubled.ask("/timeline").text
    for symbol in ("ok", "failed", "timed-out", "missed", "overdue", "skipped", "ring", "tick"):
        assert f'<use href="#t-{symbol}"' in page[: page.index('class="legend"')], symbol
    assert 'class="b-running"' in page
    assert 'class="whisker"' in page
    assert 'class="dotted"' in page
    read = text_of(page)
    assert "suspended until Tue 09:00Z" in read
    assert "next Thu 08:00Z →" in read


def test_a_lane_with_many_marks_is_a_band(troubled: AcmeSite) -> None:
    page = troubled.ask("/timeline?range=7d&q=cache-warmup").text
    lane = page[page.index('<tr class="row" data-key') : page.index('class="legend"')]
    assert 'class="b-band"' in lane
    assert 'class="b-ahead"' in lane
    assert lane.count('href="#t-ok"') == 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=treasury", ["exchange-rates"]),
        ("?minute=2026-11-30T11:00Z", ["daily-analytics-sync"]),
        ("?minute=2026-11-30T06:30Z", ["invoice-export"]),
        ("?q=nothing", []),
    ],
)
def test_the_timeline_is_filtered_by_text_and_by_minute(
    troubled: AcmeSite, query: str, names: list[str]
) -> None:
    page = troubled.ask(f"/timeline{query}").text
    found = re.findall(r'<th scope="row" class="l-name">.*?<a href="/schedules/([^"]*)"', page)
    assert set(names) <= set(found)
    assert "exchange-rates" not in found or "treasury" in query


@pytest.mark.parametrize("query", ["?range=1y", "?zone=Mars", "?at=yesterday", "?minute=1"])
def test_a_window_that_cannot_be_shown_is_refused(troubled: AcmeSite, query: str) -> None:
    assert troubled.ask(f"/timeline{query}").status_code == 400


def test_slots_name_those_of_others_and_what_is_free(troubled: AcmeSite) -> None:
    page = text_of(troubled.ask("/slots").text)
    assert "Slot 1 · ours poller */5 * * * *" in page
    assert "held by another app nightly-etl/run" in page
    assert "Slot 5 free" in page
    assert "271 of 288" in page
    assert "01:55Z to 03:25Z, 1 h 30 min" in page
    assert "A wake every minute 43,830 As deployed 8,766" in page


def test_history_says_what_changed_after_an_apply_and_not_because_of_it(
    troubled: AcmeSite,
) -> None:
    page = text_of(troubled.ask("/history").text)
    assert "4fd0a26 ~1 exchange-rates" in page
    assert "first failure after it: exchange-rates , 9 h 35 min later" in page
    assert "e91b3c8 ~1 warehouse-extract +1 fx-hedge-snapshot" in page
    assert "because" not in page


def test_history_lists_refused_applies_among_the_others(troubled: AcmeSite) -> None:
    page = text_of(troubled.ask("/history").text)
    assert "Refused 07:12Z 9ab3c01 deleting 9 of 24 schedules needs --allow-deletes 9 ana" in page
    assert page.index("9ab3c01") < page.index("4fd0a26 ~1 exchange-rates")


def test_history_says_what_ci_last_recorded_of_git(troubled: AcmeSite) -> None:
    page = text_of(troubled.ask("/history").text)
    assert (
        "CI last recorded of git, 50 min ago: commit 9ab3c01, 2 changes that are not applied."
    ) in page


@pytest.mark.parametrize(
    ("at", "changes", "headline"),
    [
        ("2026-11-30T07:00:00Z", 0, "Live is what git says"),
        ("2026-11-30T07:00:00Z", 2, "Live is what was applied"),
        ("2026-11-20T07:00:00Z", 0, "Live is what was applied"),
        (None, 0, "Live is what was applied"),
    ],
)
def test_live_is_what_git_says_where_ci_has_seen_so_since_the_last_apply(
    sound: AcmeSite, at: str | None, changes: int, headline: str
) -> None:
    entries = sound.world.claims.entries
    entries.pop(GIT_KEY, None)
    if at is not None:
        entries[GIT_KEY] = git_entry(GitRecord("4fd0a26", at, "ana", None, changes, 0))
    assert heading(sound.ask("/history").text) == headline


def test_triggers_tell_what_did_not_come_from_what_was_refused(troubled: AcmeSite) -> None:
    page = text_of(troubled.ask("/triggers").text)
    assert "Modal cron poller: 17 crons" in page
    assert "HTTP API: 108 requests" in page
    assert "Expected 17 times, 02:00Z to 03:20Z. No wake came." in page
    assert "Modal cron poller +2.0 s" in page
    assert "Trigger to wake: min 1 s, median 2 s, p99 4 s." in page
    assert "Wake to first start: min 0.3 s, median 0.3 s, p99 0.3 s." in page


BUDGETS = {
    "/": 20,
    "/schedules": 25,
    "/timeline": 35,
    "/slots": 20,
    "/history": 20,
    "/triggers": 25,
}
"""Compressed KiB of each view."""


@pytest.mark.parametrize("path", BUDGETS)
def test_two_thousand_schedules_stay_within_the_budget(many: AcmeSite, path: str) -> None:
    page = many.ask(path).content
    assert len(gzip.compress(page)) <= BUDGETS[path] * 1024


def test_the_stylesheet_and_the_script_are_small(troubled: AcmeSite) -> None:
    sizes = {
        name: len(gzip.compress(troubled.ask(f"/assets/dashboard.{name}").content))
        for name in ("css", "js")
    }
    assert sizes["css"] <= 8 * 1024
    assert sizes["js"] <= 5 * 1024
