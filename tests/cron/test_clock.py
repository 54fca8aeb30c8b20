"""Epoch minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.cron import instant, minute


def test_an_epoch_minute_counts_whole_minutes_since_1970_in_utc() -> None:
    assert minute(datetime(1970, 1, 2, 0, 1, tzinfo=UTC)) == 1441
    assert minute(datetime(1970, 1, 2, 2, 1, tzinfo=timezone(timedelta(hours=2)))) == 1441
    assert instant(1441) == datetime(1970, 1, 2, 0, 1, tzinfo=UTC)


def test_seconds_are_cut_off_downwards_also_before_1970() -> None:
    assert minute(datetime(1970, 1, 1, 0, 0, 59, 999_999, tzinfo=UTC)) == 0
    assert minute(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1


def test_a_naive_datetime_names_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        minute(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
