"""What is translated from Cloudflare's dialect runs when Cloudflare ran it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.cron import CronError, Timetable, minute, parse
from reconciler.importers.cloudflare_cron import from_cloudflare
from reconciler.importers.dialects import UnclearError

RECORDED = [
    json.loads(line)
    for line in Path(__file__).with_name("cloudflare-dialect.jsonl").read_text().splitlines()
]
"""Expressions with the next times that Cloudflare gave for them."""


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0 9 * * 1", "0 9 * * sun"),
        ("0 9 * * 7", "0 9 * * sat"),
        ("0 9 * * 2-6", "0 9 * * mon,tue,wed,thu,fri"),
        ("0 9 * * MON-FRI", "0 9 * * mon,tue,wed,thu,fri"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("0 0 1 JAN *", "0 0 1 JAN *"),
        ("0 0 */2 * MON", "0 0 1-31/2 * mon"),
    ],
)
def test_numbers_of_weekdays_become_names(theirs: str, ours: str) -> None:
    assert from_cloudflare(theirs) == ours


@pytest.mark.parametrize(
    "theirs",
    ["0 9 * * 6L", "0 9 L * *", "0 9 15W * *", "0 9 * * 2#1", "0 9 ? * *", "0 9 * * FRI-SUN"],
)
def test_a_form_whose_meaning_is_not_certain_is_refused(theirs: str) -> None:
    with pytest.raises(UnclearError):
        from_cloudflare(theirs)


def test_every_translated_expression_runs_at_the_times_that_cloudflare_gave() -> None:
    compared = 0
    for row in RECORDED:
        try:
            expression = parse(from_cloudflare(row["cron"]))
        except (UnclearError, CronError):
            continue  # a remark in its importer, or when it is written as a manifest
        assert row["accepted"], row["cron"]
        times = [minute(datetime.fromisoformat(at).replace(tzinfo=UTC)) for at in row["next"]]
        timetable, at = Timetable((expression,), "UTC"), times[0] - 1
        for wanted in times:
            found = timetable.next(at)
            assert found == wanted, row["cron"]
            at = wanted
        compared += 1
    assert compared >= 219
