"""From a trigger to its wake, and from there to the first start."""

from __future__ import annotations

from dataclasses import replace

from reconciler.cron import minute
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.query.latency import Latency, WakeLatency, latency_of
from reconciler.query.triggers import requests_of, wake_latency
from tests.dispatch.scenario import at


def woken(triggered: str, started: str, first_start: int | None = None, part: int = 1) -> WakeLog:
    """A wake that the Worker asked for; times are of the hour 09, such as ``00:03``."""
    return WakeLog(
        wake=f"fc-{started}",
        slot="on_demand",
        source="cloudflare/wakes",
        triggered=f"2026-11-20T09:{triggered}Z" if triggered else "",
        started=f"2026-11-20T09:{started}Z",
        now=minute(at("09:00")),
        generation="ab" * 32,
        through=minute(at("09:00")),
        pending={},
        records=(),
        part=part,
        first_start=first_start,
    )


def latency(*logs: WakeLog) -> WakeLatency | None:
    """The latency of these wakes."""
    return wake_latency(requests_of(logs))


def test_it_is_least_median_and_99th_percentile_of_both_parts() -> None:
    logs = [woken("00:01", f"00:{second:02}", second * 100) for second in range(1, 12)]
    assert latency(*logs) == WakeLatency(Latency(11, 0, 5, 10), Latency(11, 0.1, 0.6, 1.1))


def test_a_wake_of_several_files_counts_once_with_the_start_that_the_later_ones_know() -> None:
    found = latency(woken("00:00", "00:01"), woken("00:00", "00:01", 340, part=2))
    assert found == WakeLatency(Latency(1, 1, 1, 1), Latency(1, 0.3, 0.3, 0.3))


def test_a_wake_that_started_nothing_has_the_first_part_alone() -> None:
    assert latency(woken("00:00", "00:01")) == WakeLatency(Latency(1, 1, 1, 1), None)


def test_a_wake_whose_trigger_is_not_recorded_does_not_count() -> None:
    assert latency(woken("", "00:01", 340)) is None


def test_a_clock_that_runs_ahead_makes_no_time_negative() -> None:
    found = latency(woken("00:05", "00:01"))
    assert found is not None
    assert found.to_wake.least == 0


def test_a_run_is_measured_from_its_nominal_time() -> None:
    started = RunRecord(
        name="a", times=(minute(at("09:00")),), state=RunState.STARTED, at="2026-11-20T09:00:04Z"
    )
    log = replace(woken("00:01", "00:02"), records=(started,))
    assert latency_of(runs_of([log])) == Latency(1, 4, 4, 4)
    assert latency_of([]) is None
