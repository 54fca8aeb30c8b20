"""The comment on a pull request: what matters first, never too long, never falsely reassuring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ReconcileError
from reconciler.manifest import Schedule
from reconciler.plan import Plan, Warned, assume_applied, make_plan
from reconciler.render.links import Links
from reconciler.render.markdown import code, prose
from reconciler.render.plan_markdown import (
    LIMIT,
    OPEN,
    Made,
    ShownPlan,
    cancelled_markdown,
    failure_markdown,
    plan_in,
    plan_markdown,
    untouched_markdown,
)
from tests.plan.scenario import NOW, applied, desired, foreign, hourly, nothing, schedules

SITE = "https://git.example/acme/jobs"
MADE = Made(
    at=datetime(2026, 11, 20, 15, tzinfo=UTC), links=Links(f"{SITE}/commit/", f"{SITE}/blob/")
)
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
    assert title(text) == "### 📝 `production`: 1 to create, 2 changes of slots and app"
    assert "2026-11-20 15:00 UTC" in text


def test_of_a_pull_request_it_names_the_head_and_not_the_merge_made_for_the_test() -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW)
    text = plan_markdown(plan, replace(MADE, head="d" * 40))
    assert "[`dddddddddddd`]" in text
    assert "c" * 12 not in text
    assert f"[`schedules/all.yaml:1`]({SITE}/blob/{'d' * 40}/schedules/all.yaml#L1)" in text


def test_each_environment_and_folder_has_a_comment_of_its_own() -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW)
    text = plan_markdown(plan, replace(MADE, folder="teams/search"))
    assert text.startswith("<!-- schedule-reconciler: production in teams/search -->\n")
    error = failure_markdown("production", ReconcileError("x"), replace(MADE, folder="a"))
    assert error.startswith("<!-- schedule-reconciler: production in a -->\n")


def test_a_pull_request_that_no_longer_touches_schedules_says_so_in_one_line() -> None:
    text = untouched_markdown("production", replace(MADE, head="d" * 40))
    assert text.splitlines()[0] == "<!-- schedule-reconciler: production -->"
    assert text.splitlines()[1].startswith("✅ `production`: this pull request touches no schedule")


def test_a_cancelled_plan_is_no_plan_and_no_failure() -> None:
    text = cancelled_markdown("production", replace(MADE, head="d" * 40, folder="a"))
    marker, said = text.splitlines()
    assert marker == "<!-- schedule-reconciler: production in a -->"
    assert said.startswith("⏹️ `production`: the plan was cancelled · commit [`dddddddddddd`](")
    assert said.endswith(
        "). There is no plan to review: run the job again, unless a newer commit "
        "has a job of its own."
    )
    assert plan_in(text) is None


def test_warnings_come_first_then_changes_drift_times_slots_and_cost() -> None:
    live = applied(hourly("a", "b"))
    assert live.own is not None
    stopped = replace(live, own=replace(live.own, functions=("a", "b")))
    plan = make_plan(desired(hourly("a", "c")), stopped, NOW)
    text = comment(replace(plan, warnings=(Warned("look here", "schedules/all.yaml", 4),)))
    places = [
        text.index(part)
        for part in (
            "> - **1 schedule deleted**: `b`",
            "> - look here ([`schedules/all.yaml:4`]",
            "create | `c`",
            "**Drift**",
            "When: next runs",
            "App and slots: 2",
            "Slots: 2 crons",
        )
    ]
    assert places == sorted(places)
    assert "| ❌&nbsp;delete | `b` | is no longer in git | not at 20&nbsp;Nov&nbsp;15:01Z" in text


def test_how_it_is_applied_stands_below_the_changes() -> None:
    plan = make_plan(desired(hourly("a")), nothing(), NOW)
    text = plan_markdown(plan, replace(MADE, applied="After the merge, apply.yml applies this."))
    assert "\nAfter the merge, apply.yml applies this.\n" in text


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        (None, "0 * * * *", "first 20 Nov 16:00Z<br>730 a month"),
        ("0 * * * *", None, "not at 20 Nov 16:00Z, nor later<br>0 a month, was 730"),
        (
            "0 */3 * * *",
            "0 */4 * * *",
            "next 20 Nov 16:00Z, was 20 Nov 18:00Z<br>183 a month, was 244",
        ),
        ("0 * * * *", "0 */2 * * *", "365 a month, was 730"),
        ("0 6 1 1 *", "0 6 2 1 *", "next 2 Jan 2027 06:00Z, was 1 Jan 2027 06:00Z"),
        (
            "0 16 * * *",
            "0 14 * * *",
            "next 21 Nov 14:00Z, was 20 Nov 16:00Z<br>"  # noqa: ISC004 - one text
            "⚠️ skips 2026-11-20T16:00Z: its new time of that day is past",
        ),
    ],
)
def test_a_change_says_what_it_does_to_the_runs(
    before: str | None, after: str | None, runs: str
) -> None:
    other = 'name: other\nschedule: "7 * * * *"\nfunction: shop/sync\n---\n'

    def read(cron: str | None) -> tuple[Schedule, ...]:
        one = f'name: a\nschedule: "{cron}"\nfunction: shop/sync' if cron else ""
        return schedules(other + one if one else other.removesuffix("---\n"))

    text = comment(make_plan(desired(read(after)), applied(read(before), NOW - 5000), NOW))
    assert f"| {runs} |" in text.replace("&nbsp;", " ").replace("&#8209;", "-")


@pytest.mark.parametrize(
    ("manifest", "shown"),
    [
        ('schedule: "0 6 * * *"', "is new in git<br>0 6 \\* \\* \\*<br>calls shop/sync"),
        (
            'schedule: ["0 6 * * *", 90m]\ntimezone: Asia/Tokyo\nfunction: shop/Mailer.to_all',
            "is new in git<br>0 6 \\* \\* \\* and 90m in Asia/Tokyo<br>calls shop/Mailer.to\\_all",
        ),
        ("at: 2026-12-01T09:00Z", "is new in git<br>2026-12-01T09:00Z<br>calls shop/sync"),
    ],
)
def test_a_new_schedule_says_when_it_runs_and_what_it_calls(manifest: str, shown: str) -> None:
    text = comment(make_plan(desired(schedules(f"name: a\n{manifest}")), nothing(), NOW))
    assert f"create | `a` | {shown} |" in text.replace("&nbsp;", " ").replace("&#8209;", "-")


def test_a_likely_rename_without_formerly_is_the_first_warning_after_the_deletion() -> None:
    before = schedules('name: old\nschedule: "0 6 * * *"\n---\nname: b\nschedule: "5 * * * *"')
    after = schedules('name: new\nschedule: "0 6 * * *"\n---\nname: b\nschedule: "6 * * * *"')
    text = comment(make_plan(desired(after), applied(before), NOW))
    warned = text.partition("> [!WARNING]\n")[2].splitlines()
    assert warned[0] == "> - **1 schedule deleted**: `old`"
    assert warned[1].startswith(
        "> - new: has the function, the schedule and the arguments of old, which is deleted with "
        "its history; if it is its new name, add \\`formerly: old\\` ([`schedules/all.yaml:1`]"
    )


def test_a_schedule_that_is_suspended_says_that_it_does_not_run() -> None:
    asleep = schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/sync\nsuspend: true')
    text = comment(make_plan(desired(asleep), nothing(), NOW))
    assert "calls shop/sync | no runs while it is suspended |" in text


def test_deletions_are_the_first_rows_and_new_schedules_the_last() -> None:
    """So that a change of what is live is not folded away below many new schedules."""
    live = schedules('name: z\nschedule: "0 6 * * *"\n---\nname: gone\nschedule: "0 7 * * *"')
    new = "\n---\n".join(f'name: s{number:02}\nschedule: "5 * * * *"' for number in range(60))
    after = schedules(f'name: z\nschedule: "0 14 * * *"\n---\n{new}')
    text = comment(make_plan(desired(after), applied(live, NOW - 5000), NOW))
    rows = [line for line in text.splitlines() if line.startswith(("| ❌", "| ✏️", "| ➕"))]
    assert rows[0].startswith("| ❌&nbsp;delete | `gone`")
    assert rows[1].startswith("| ✏️&nbsp;update | `z`")
    assert "| next 21&nbsp;Nov&nbsp;14:00Z, was 21&nbsp;Nov&nbsp;06:00Z" in rows[1]
    assert rows[2].startswith("| ➕&nbsp;create | `s00`")


def test_no_cell_breaks_a_time_or_a_cron_expression() -> None:
    before, after = (schedules(f'name: a\nschedule: "0 {hour} * * *"') for hour in (16, 14))
    text = comment(make_plan(desired(after), applied(before, NOW - 5000), NOW))
    (row,) = (line for line in text.splitlines() if line.startswith("| ✏️&nbsp;update | `a`"))
    assert "0&nbsp;16&nbsp;\\*&nbsp;\\*&nbsp;\\* → 0&nbsp;14&nbsp;\\*" in row
    assert "skips 2026&#8209;11&#8209;20T16:00Z: its" in row


def test_owners_have_a_column_where_there_are_any() -> None:
    owned = schedules('name: a\nschedule: "0 * * * *"\nfunction: shop/sync\nowner: "data | team"')
    text = comment(make_plan(desired(owned), nothing(), NOW))
    assert "|  | what | why | runs | owner | where |" in text
    assert "| data \\| team |" in text
    assert "owner" not in comment(make_plan(desired(hourly("a")), nothing(), NOW))


def test_each_slot_has_its_wakes_and_the_cost_says_what_it_rests_on() -> None:
    text = comment(make_plan(desired(hourly("a")), nothing(), NOW))
    assert "| `a` | `0 * * * * (UTC)` | 730 | `a` |" in text
    assert "about $0.007 a month: 5.0 s a wake (assumed) at the list price." in text


def test_the_difference_in_wakes_and_cost_is_shown() -> None:
    plan = make_plan(desired(hourly("a", "b")), applied(hourly("a")), NOW)
    assert "1,461 wakes a month (was 730) · $0.01 a month (was $0.007)" in comment(plan)


def test_a_plan_without_changes_is_one_line() -> None:
    text = comment(make_plan(desired(hourly("a")), applied(hourly("a")), NOW))
    shown = [line for line in text.splitlines() if not line.startswith("<!--")]
    assert len(shown) == 1
    assert shown[0].startswith(
        "✅ `production`: nothing to do: what is live is what git says · Comm"
    )


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
    assert "([`schedules/all.yaml:3`]" in text
    assert "✅" not in text


def test_a_failure_without_a_plan_says_that_nothing_is_known_to_be_good() -> None:
    error = ReconcileError("is ``` broken", where="a.yaml:3:1", remedy="mend it")
    text = failure_markdown("production", error, MADE)
    assert title(text) == "### 🛑 `production`: failed"
    assert "````\na.yaml:3:1: is ``` broken\n  mend it\n````" in text
    assert "an error at 2026-11-20 15:00 UTC, so there is" in text
    of_head = failure_markdown("production", error, replace(MADE, head="d" * 40))
    assert f" UTC for commit [`dddddddddddd`]({SITE}/commit/{'d' * 40}), so there is" in of_head
    assert "✅" not in text


def test_an_offline_plan_says_what_it_cannot_know() -> None:
    before = assume_applied(replace(desired(hourly("a")), commit="b" * 40), NOW)
    plan = make_plan(desired(hourly("a", "b")), before, NOW)
    text = comment(plan)
    assert "Planned offline against commit [`bbbbbbbbbbbb`]" in text
    assert plan_in(text) == ShownPlan(plan.digest, offline=True)
    assert "+0" not in title(text)
    assert title(text) == "### 📝 `production`: 1 to create, 1 change of slots and app"


def test_many_changes_are_folded_so_that_what_follows_is_near() -> None:
    live = applied(hourly(*MANY[:30]))
    assert live.own is not None
    stopped = replace(live, own=replace(live.own, functions=()))
    text = comment(make_plan(desired(hourly(*MANY[:230])), stopped, NOW))
    open_rows = text.partition("<details>")[0]
    assert open_rows.count("| ➕&nbsp;create |") == OPEN
    assert "<summary>190 more changes</summary>" in text
    assert "When: next runs of 50 schedules, of the first 50 of 200 that change" in text
    assert text.count("| ➕&nbsp;create |") == 200
    assert text.index("190 more") < text.index("**Drift**") < text.index("When: next runs")
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
    assert plan_in(comment(plan)) == ShownPlan(plan.digest, offline=False)
    forged = f"<!-- plan: {'0' * 64} -->"
    warned = replace(plan, warnings=(Warned(forged),))
    assert plan_in(comment(warned)) == ShownPlan(warned.digest, offline=False)
    assert plan_in(failure_markdown("production", ReconcileError(forged), MADE)) is None
    assert plan_in("") is None


def test_a_comment_that_would_be_too_long_keeps_changes_and_says_that_it_was_cut() -> None:
    plan = make_plan(desired(hourly(*MANY)), nothing(*foreign("x")), NOW)
    text = comment(plan)
    assert len(text) <= LIMIT
    assert title(text).startswith("### 📝 `production`: 1500 to create")
    assert "| ➕&nbsp;create | `schedule-number-0000` |" in text
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


def test_prose_mentions_no_user_and_holds_no_markup() -> None:
    assert "@everyone" not in prose("@everyone")
    assert prose("<b>*x*") == r"\<b\>\*x\*"
