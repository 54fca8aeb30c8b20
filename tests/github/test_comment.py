"""The comment on a pull request: what matters first, never too long, never falsely reassuring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ReconcileError
from reconciler.plan import Plan, Warned, assume_applied, make_plan
from reconciler.render.markdown import code, prose
from reconciler.render.plan_markdown import (
    LIMIT,
    OPEN,
    Made,
    digest_in,
    failure_markdown,
    plan_markdown,
)
from tests.plan.scenario import NOW, applied, desired, foreign, hourly, nothing, schedules

MADE = Made(at=datetime(2026, 11, 20, 15, tzinfo=UTC), repository="https://git.example/acme/jobs")
MANY = tuple(f"schedule-number-{number:04}" for number in range(1500))


def comment(plan: Plan) -> str:
    return plan_markdown(plan, MADE)


def title(text: str) -> str:
    return text.splitlines()[1]


def test_it_names_commit_plan_digest_time_and_environment() -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW)
    text = comment(plan)
    assert text.startswith("<!-- schedule-reconciler: production -->\n")
    assert "[`cccccccccccc`](https://git.example/acme/jobs/commit/" + "c" * 40 + ")" in text
    assert f"plan `{plan.digest[:12]}`" in text
    assert "environment `production`" in text
    assert "2026-11-20 15:00 UTC" in text


def test_changes_come_first_then_drift_then_times_then_slots_and_cost() -> None:
    live = applied(hourly("a", "b"))
    assert live.own is not None
    stopped = replace(live, own=replace(live.own, functions=("a", "b")))
    text = comment(make_plan(desired(hourly("a", "c")), stopped, NOW))
    places = [
        text.index(part)
        for part in (
            "create | `c`",
            "**Drift**",
            "When: next runs",
            "App and slots: 2",
            "Slots: 2 crons",
        )
    ]
    assert places == sorted(places)
    assert "| ❌ delete | `b` | `is no longer in git` |" in text
    assert "`schedules/all.yaml:6`" in text


def test_skipped_runs_are_told_before_the_details_are_opened() -> None:
    before, after = (schedules(f'name: a\nschedule: "0 {hour} * * *"') for hour in (16, 14))
    text = comment(make_plan(desired(after), applied(before, NOW - 5000), NOW))
    assert "When: next runs of 1 schedule · ⚠️ 1 schedule with runs skipped</summary>" in text
    assert "| skips 2026-11-20T16:00Z: its new time of that day is past |" in text


def test_each_slot_has_its_wakes_and_the_cost_says_what_it_rests_on() -> None:
    text = comment(make_plan(desired(hourly("a")), nothing(), NOW))
    assert "| `a` | `0 * * * * (UTC)` | 730 | `a` |" in text
    assert "about $0.007 a month: 5.0 s a wake (assumed) at the list price." in text


def test_the_difference_in_wakes_and_cost_is_told() -> None:
    plan = make_plan(desired(hourly("a", "b")), applied(hourly("a")), NOW)
    assert "1,461 wakes a month (was 730) · $0.01 a month (+0.01)" in comment(plan)


def test_a_plan_without_changes_is_short_and_says_so() -> None:
    text = comment(make_plan(desired(hourly("a")), applied(hourly("a")), NOW))
    assert title(text) == "### ✅ `production`: no changes"
    assert "Nothing to do: what is live is what git says." in text
    assert len(text) < 1000


def test_a_refused_plan_never_reads_as_success_and_carries_the_way_past() -> None:
    ten = hourly(*(f"s{number}" for number in range(10)))
    text = comment(make_plan(desired(ten[:1]), applied(ten), NOW))
    assert title(text) == "### ⛔ `production`: refused by a safety rule"
    assert "> [!CAUTION]" in text
    assert "--allow-deletes 9" in text
    assert "✅" not in text


def test_a_plan_with_errors_never_reads_as_success() -> None:
    wrong = schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/snyc')
    text = comment(make_plan(desired(wrong), nothing(), NOW))
    assert title(text) == "### 🛑 `production`: 1 error, cannot be applied"
    assert "(`schedules/all.yaml:1:1`)" in text
    assert "✅" not in text


def test_a_failure_without_a_plan_says_that_nothing_is_known_to_be_good() -> None:
    error = ReconcileError("is ``` broken", where="a.yaml:3:1", remedy="mend it")
    text = failure_markdown("production", error, MADE)
    assert title(text) == "### 🛑 `production`: failed"
    assert "````\na.yaml:3:1: is ``` broken\n  mend it\n````" in text
    assert "✅" not in text


def test_an_offline_plan_says_what_it_cannot_know() -> None:
    before = assume_applied(replace(desired(hourly("a")), commit="b" * 40), NOW)
    plan = make_plan(desired(hourly("a", "b")), before, NOW)
    text = comment(plan)
    assert "Planned offline against commit [`bbbbbbbbbbbb`]" in text
    assert "+0" not in title(text)
    assert title(text) == "### 📝 `production`: 1 to create, 1 change of slots and app"


def test_many_changes_are_folded_so_that_what_follows_is_near() -> None:
    live = applied(hourly(*MANY[:30]))
    assert live.own is not None
    stopped = replace(live, own=replace(live.own, functions=()))
    text = comment(make_plan(desired(hourly(*MANY[:330])), stopped, NOW))
    open_rows = text.partition("<details>")[0]
    assert open_rows.count("| ➕ create |") == OPEN
    assert "<summary>275 more</summary>" in text
    assert "When: next runs of 50 schedules, looking at 50 of 300 that change" in text
    assert text.count("| ➕ create |") == 300
    assert text.index("275 more") < text.index("**Drift**") < text.index("When: next runs")
    assert len(text) <= LIMIT


def test_of_more_than_fits_every_part_still_begins() -> None:
    live = applied(hourly("gone"))
    assert live.own is not None
    stopped = replace(live, own=replace(live.own, functions=("gone",)))
    text = comment(make_plan(desired(hourly(*MANY)), stopped, NOW))
    for part in ("create | `schedule-number-0000`", "**Drift**", "When:", "App and", "Slots:"):
        assert part in text, part
    assert len(text) <= LIMIT


def test_the_digest_of_the_plan_is_read_back_and_not_from_what_strangers_wrote() -> None:
    plan = make_plan(desired(hourly("a", "b")), applied(hourly("a")), NOW)
    assert digest_in(comment(plan)) == plan.digest
    forged = f"<!-- plan: {'0' * 64} -->"
    warned = replace(plan, warnings=(Warned(forged),))
    assert digest_in(comment(warned)) == warned.digest
    assert digest_in(failure_markdown("production", ReconcileError(forged), MADE)) is None
    assert digest_in("") is None


def test_a_comment_that_would_be_too_long_keeps_changes_and_says_that_it_was_cut() -> None:
    plan = make_plan(desired(hourly(*MANY)), nothing(*foreign("x")), NOW)
    text = comment(plan)
    assert len(text) <= LIMIT
    assert title(text).startswith("### 📝 `production`: 1500 to create")
    assert "| ➕ create | `schedule-number-0000` |" in text
    assert "more changes" in text
    assert "Some of this was left out" in text
    assert text.count("<details>") == text.count("</details>")


@settings(max_examples=60)
@given(st.integers(700, LIMIT), st.sampled_from((1, 2, 3, 5, 8, 13, 40)), st.text(max_size=400))
def test_it_is_never_longer_than_the_limit_whatever_is_in_it(
    limit: int, number: int, warning: str
) -> None:
    plan = make_plan(desired(hourly(*MANY[:number])), nothing(), NOW)
    plan = replace(plan, warnings=(Warned(warning),) * 50)
    text = plan_markdown(plan, MADE, limit=limit)
    assert len(text) <= limit
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize(
    ("text", "span"),
    [("plain", "`plain`"), ("a`b", "`` a`b ``"), ("line\nbreak", "`line\ufffdbreak`")],
)
def test_what_strangers_wrote_stays_in_its_code_span(text: str, span: str) -> None:
    assert code(text) == span


def test_a_bar_in_a_table_does_not_open_a_column() -> None:
    assert code("a|b", table=True) == "`a\\|b`"


def test_prose_mentions_nobody_and_holds_no_markup() -> None:
    assert "@everyone" not in prose("@everyone")
    assert prose("<b>*x*") == r"\<b\>\*x\*"
