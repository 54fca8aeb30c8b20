"""A history that wakes of the past have left, written without waiting for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reconciler.cron import minute
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from tests.end_to_end.project import Project

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def days_ago(days: int, hours: int = 9) -> datetime:
    """A time of a past day."""
    return TODAY - timedelta(days=days) + timedelta(hours=hours)


def text(at: datetime) -> str:
    """A minute as ids have it."""
    return f"{at:%Y-%m-%dT%H:%MZ}"


def ran(name: str, at: datetime, state: RunState, call: str = "fc-1") -> RunRecord:
    """A run of then."""
    reason = "ValueError: no rows" if state is RunState.FAILED else None
    seen = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return RunRecord(name=name, times=(minute(at),), state=state, at=seen, call=call, reason=reason)


def write_past(project: Project, records: Sequence[RunRecord]) -> None:
    """Write a wake's file for each of these runs."""
    logs = [
        WakeLog(
            wake=f"fc-then-{number}",
            slot="poller",
            started=record.at,
            now=record.times[-1],
            generation="0" * 64,
            through=record.times[-1],
            pending={},
            records=(record,),
        )
        for number, record in enumerate(records)
    ]
    write_files(project, {log.path: log.encode() for log in logs})


def write_files(project: Project, files: dict[str, bytes]) -> None:
    """Put files on our Volume."""
    project.in_modal(
        f"""
        import io, modal
        volume = modal.Volume.from_name("schedule-reconciler", create_if_missing=True)
        with volume.batch_upload(force=True) as batch:
            for path, content in {files!r}.items():
                batch.put_file(io.BytesIO(content), path)
        answer = None
        """
    )
