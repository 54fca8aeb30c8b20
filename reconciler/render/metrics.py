"""The figures of monitoring in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reconciler.query.metrics import Metrics

K = TypeVar("K", bound=str)

PREFIX: Final = "reconcile_"


class _Figures(Collector):
    """Hands over figures that were collected already."""

    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def metrics_text(found: Metrics, refused: Mapping[str, int]) -> bytes:
    """The figures as text.

    Args:
        refused: how many requests were refused in the last two days, by reason.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(_families(found, refused)))
    return generate_latest(registry)


def _families(found: Metrics, refused: Mapping[str, int]) -> Iterator[GaugeMetricFamily]:
    yield _by("schedules", "Schedules by state", "state", found.states)
    yield _by(
        "schedule_last_success_timestamp_seconds",
        "Start of the schedule's last run that succeeded; absent when there is none in 35 days",
        "schedule",
        found.last_success,
    )
    yield _by(
        "schedule_lateness_seconds",
        "Seconds by which the schedule's newest run started after its time",
        "schedule",
        found.late,
    )
    yield _by(
        "schedule_failure_streak",
        "Runs of the schedule that failed since its last success",
        "schedule",
        found.failures,
    )
    yield _by(
        "schedule_missed_streak",
        "The schedule's newest occurrences that were missed",
        "schedule",
        found.missed,
    )
    yield _by("runs_24h", "Occurrences of the last 24 hours by state", "state", found.runs)
    yield _by(
        "wakes_24h",
        "Wakes of the last 24 hours that recorded something, by source",
        "source",
        found.wakes,
    )
    yield _by("slot_last_wake_timestamp_seconds", "The slot's last wake", "slot", found.slots)
    yield _by(
        "refused_requests_48h",
        "Requests to this API that were refused in the last 48 hours, by reason",
        "reason",
        refused,
    )
    if found.pending is not None:
        yield _one("pending_notifications", "Notifications that wait to be sent", found.pending)
    if found.applied is not None:
        yield _one("last_apply_timestamp_seconds", "When the last apply was", found.applied)


def _by(name: str, meaning: str, label: str, values: Mapping[K, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, meaning, labels=[label])
    for key in sorted(values):
        family.add_metric([str(key)], values[key])
    return family


def _one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, meaning, value=value)
