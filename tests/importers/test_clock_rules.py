"""What another scheduler does when the clock changes is said where a manifest does otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.cron import Timetable, instant, minute, parse_times, zone_named
from reconciler.importers import clock_rules
from reconciler.importers.clock_rules import (
    AIRFLOW,
    CELERY,
    GITHUB,
    KUBERNETES,
    MODAL,
    SYSTEMD,
    ClockRule,
    clock_difference,
)

NOW = minute(datetime(2026, 11, 20, tzinfo=UTC))
RULES = {rule.scheduler: rule for rule in vars(clock_rules).values() if isinstance(rule, ClockRule)}
RECORDED = [
    json.loads(line)
    for line in Path(__file__).with_name("clock-changes.jsonl").read_text().splitlines()
]
"""The times of an expression around a change of the clock: of systemd 252 (`systemd-analyze
calendar`), of Celery 5.6.3 (`crontab.is_due`, asked as beat does), of Airflow's rule with croniter
and pendulum 3.3; of Argo, Kubernetes and GitHub those that their documentation or tests name.
Left out is Airflow's `30 * * * *` in Lord Howe: a change by half an hour moves its minute."""


def epoch_minute(text: str) -> int:
    return minute(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "row", RECORDED, ids=lambda row: f"{row['scheduler']}-{row['cron']}-{row['from']}"
)
def test_a_difference_is_named_exactly_where_the_recorded_times_are_others(
    row: dict[str, Any],
) -> None:
    first, end = epoch_minute(row["from"]), epoch_minute(row["until"])
    ours = Timetable(parse_times(row["cron"]), row["zone"]).between(first - 1, end - 1)
    (change,) = zone_named(row["zone"]).transitions(first, end)
    day = f"on {instant(change.minute + change.before):%Y-%m-%d} in {row['zone']}"
    said = clock_difference(RULES[row["scheduler"]], [row["cron"]], row["zone"], (), first)
    times = list(map(epoch_minute, row["times"]))
    assert (day in (said or "")) == (list(ours) != times)


KUBERNETES_IN_BERLIN = """
02:30 does not exist on 2027-03-28 in Europe/Berlin: Kubernetes does not run it, a manifest runs
it at 03:00; 02:30 comes twice on 2027-10-31 in Europe/Berlin: Kubernetes runs it both times, a
manifest runs it the first time only
"""
KUBERNETES_IN_NEW_YORK = """
02:00 (and 1 more) does not exist on 2027-03-14 in America/New_York: Kubernetes does not run it, a
manifest runs it at 03:00; 01:00 (and 1 more) comes twice on 2027-11-07 in America/New_York:
Kubernetes runs it both times, a manifest runs it the first time only
"""
SYSTEMD_HOURLY = """
02:45 comes twice on 2027-10-31 in Europe/Berlin: systemd runs it the first time only, a manifest
runs it both times
"""
CELERY_SKIPPED = """
02:30 does not exist on 2027-03-28 in Europe/Berlin: Celery runs it at 03:30, a manifest runs it at
03:00
"""
AIRFLOW_REPEATED = """
02:00 comes twice on 2027-10-31 in Europe/Berlin: Airflow runs it the second time only, a manifest
runs it the first time only
"""
GITHUB_REPEATED = """
02:30 comes twice on 2027-10-31 in Europe/Berlin: GitHub does not document when it runs it, a
manifest runs it the first time only
"""
MODAL_SKIPPED = """
02:30 does not exist on 2027-03-28 in Europe/Berlin: Modal does not document when it runs it, a
manifest runs it at 03:00
"""


@pytest.mark.parametrize(
    ("rule", "schedule", "zone", "said"),
    [
        (KUBERNETES, "30 2 * * *", "Europe/Berlin", KUBERNETES_IN_BERLIN),
        (KUBERNETES, "0,30 1,2 * * 0", "America/New_York", KUBERNETES_IN_NEW_YORK),
        (SYSTEMD, "45 * * * *", "Europe/Berlin", SYSTEMD_HOURLY),
        (CELERY, "30 2 * * *", "Europe/Berlin", CELERY_SKIPPED),
        (AIRFLOW, "0 2 * * *", "Europe/Berlin", AIRFLOW_REPEATED),
        (GITHUB, "30 2 * * *", "Europe/Berlin", GITHUB_REPEATED),
        (MODAL, "30 2 28 3 *", "Europe/Berlin", MODAL_SKIPPED),
        (KUBERNETES, "30 2 * * *", "UTC", ""),
        (KUBERNETES, "30 2 * * *", "Asia/Kolkata", ""),
        (KUBERNETES, "30 6 * * *", "Europe/Berlin", ""),
        (KUBERNETES, "30 2 * * 1-5", "Europe/Berlin", ""),
        (KUBERNETES, "*/15 * * * *", "Europe/Berlin", ""),
        (KUBERNETES, "*/15 2 * * *", "Europe/Berlin", ""),
        (AIRFLOW, "30 * * * *", "Europe/Berlin", ""),
        (CELERY, "0 2 * * *", "Europe/Berlin", ""),
    ],
)
def test_the_first_time_that_differs_is_named_with_its_day(
    rule: ClockRule, schedule: str, zone: str, said: str
) -> None:
    found = clock_difference(rule, [schedule], zone, (), NOW)
    assert found == (" ".join(said.split()) or None)


def test_an_excluded_day_does_not_differ() -> None:
    weekdays_only = ("* * * * 0,6",)
    assert clock_difference(KUBERNETES, ["30 2 * * *"], "Europe/Berlin", weekdays_only, NOW) is None
