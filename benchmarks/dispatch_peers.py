"""How others find out what is due: the usual poller, APScheduler, Celery beat.

All three are asked as of the sample's own time, so that they find the same schedules due as we do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from croniter import croniter
from pydantic import BaseModel

from reconciler.model.schedule_record import ScheduleRecord

Look: TypeAlias = Callable[[], int]
"""Finds what is due; returns how many are."""


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


def apscheduler(records: Sequence[ScheduleRecord], now: datetime) -> Look:
    """APScheduler with its default store, set up as its user guide does, as of a minute before.

    A job's first time is given to it; else it would be the next one after the real present.
    """
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.cron import CronTrigger

    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.start(paused=True)
    before = now - timedelta(minutes=1)
    for record in records:
        trigger = CronTrigger.from_crontab(record.when[0], timezone=record.timezone)
        first = trigger.get_next_fire_time(None, before + timedelta(seconds=1))
        scheduler.add_job(print, trigger, id=record.name, next_run_time=first)
    store = scheduler._lookup_jobstore("default")  # noqa: SLF001 - a wake of its own asks the clock

    def look() -> int:
        due = store.get_due_jobs(now)
        # What its main loop does next for each: the following time is computed at once.
        for job in due:
            job._get_run_times(now)  # noqa: SLF001 - as its main loop does
        return len(due)

    return look


def celery_beat(records: Sequence[ScheduleRecord], now: datetime) -> Look:
    """Celery beat with ``beat_schedule``, whose entries last ran a minute before.

    ``nowfun`` gives each crontab its present. Its scheduler asks every entry when it is due and
    puts the answers into a heap, in its first tick and whenever its schedule has changed.
    """
    from celery import Celery
    from celery.beat import Scheduler
    from celery.schedules import crontab

    app = Celery("bench", broker="memory://")
    app.conf.timezone = "UTC"
    last_run = now - timedelta(minutes=1)
    app.conf.beat_schedule = {}
    for record in records:
        minute, hour, day, month, weekday = record.when[0].split()
        app.conf.beat_schedule[record.name] = {
            "task": "t",
            "schedule": crontab(
                minute=minute,
                hour=hour,
                day_of_month=day,
                month_of_year=month,
                day_of_week=weekday,
                nowfun=partial(now.astimezone, ZoneInfo(record.timezone)),
                app=app,
            ),
        }
    scheduler = Scheduler(app=app, lazy=True)
    scheduler.merge_inplace(app.conf.beat_schedule)
    for entry in scheduler.schedule.values():
        entry.last_run_at = last_run.astimezone(entry.schedule.nowfun().tzinfo)

    def look() -> int:
        return sum(bool(entry.is_due().is_due) for entry in scheduler.schedule.values())

    return look
