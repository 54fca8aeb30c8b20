"""How others find out what is due: the usual poller, APScheduler, Celery beat."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import BaseModel

from reconciler.model.schedule_record import ScheduleRecord


class Task(BaseModel):
    """A task of the usual poller, as its JSON file has it."""

    name: str
    cron: str
    timezone: str
    function: str
    args: dict[str, Any]
    last_run: datetime


def write_task_files(records: Sequence[ScheduleRecord], folder: Path, last_run: datetime) -> None:
    """One JSON file per task."""
    for record in records:
        task = Task(
            name=record.name,
            cron=record.when[0],
            timezone=record.timezone,
            function=record.function,
            args=dict(record.args),
            last_run=last_run,
        )
        (folder / f"{record.name}.json").write_text(task.model_dump_json())


def usual_poller(folder: Path, now: datetime) -> int:
    """Read every file, validate it and ask croniter; returns how many are due."""
    due = 0
    for path in folder.iterdir():
        task = Task.model_validate(json.loads(path.read_text()))
        last_run = task.last_run.astimezone(ZoneInfo(task.timezone))
        due += croniter(task.cron, last_run).get_next(datetime) <= now
    return due


def apscheduler_look(records: Sequence[ScheduleRecord], now: datetime) -> Callable[[], int]:
    """APScheduler's own look at its jobs in memory."""
    from apscheduler.jobstores.memory import MemoryJobStore
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.cron import CronTrigger

    scheduler = BackgroundScheduler(timezone=UTC)
    store = MemoryJobStore()
    scheduler.add_jobstore(store)
    scheduler.start(paused=True)
    for record in records:
        trigger = CronTrigger.from_crontab(record.when[0], timezone=record.timezone)
        scheduler.add_job(print, trigger, id=record.name)

    def look() -> int:
        due = store.get_due_jobs(now)
        # What its main loop does next for each: the following time is computed at once.
        for job in due:
            job._get_run_times(now)  # noqa: SLF001 - as its executor loop does
        return len(due)

    return look


def celery_look(records: Sequence[ScheduleRecord]) -> Callable[[], int]:
    """What Celery beat asks of every entry when it builds its heap."""
    from celery import Celery
    from celery.beat import ScheduleEntry
    from celery.schedules import crontab

    app = Celery("bench", broker="memory://")
    entries = []
    for record in records:
        minute, hour, day, month, weekday = record.when[0].split()
        times = crontab(
            minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday
        )
        entries.append(ScheduleEntry(name=record.name, task="t", schedule=times, app=app))

    def look() -> int:
        return sum(bool(entry.is_due().is_due) for entry in entries)

    return look
