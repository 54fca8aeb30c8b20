"""A workspace with a history, for the pages: 24 schedules, or 2,000, on a Monday at 07:50 UTC.

In the night no wake came for 86 minutes. Schedules failed, timed out, were missed, are overdue, run
long, wait and are suspended: every state is there.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Final

from reconciler.cron import instant, minute
from reconciler.deploy.apply import apply, prepare
from reconciler.deploy.fakes import FakeApps
from reconciler.deploy.lease import Holder
from reconciler.deploy.ports import DeployedApp, DeployedFunction
from reconciler.dispatch.adapters.in_memory import FakeClock
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.backfill import BackfillState
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import Generation
from reconciler.model.git_record import (
    GIT_KEY,
    REFUSED_KEY,
    GitRecord,
    RefusedApply,
    git_entry,
    refused_entry,
)
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.forecast import slot_timetable
from reconciler.plan.state import Actual
from reconciler.query.status import DeploymentFinding
from reconciler.web.ports import WebPorts
from reconciler.web.refusals import KEY
from tests.deploy.scenario import World
from tests.dispatch.backfill_scenario import backfill_of
from tests.plan.scenario import desired, schedules
from tests.web.site import TestSite

NOW: Final = datetime(2026, 11, 30, 7, 50, 24, tzinfo=UTC)
GAP: Final = (
    minute(datetime(2026, 11, 30, 1, 55, tzinfo=UTC)),
    minute(datetime(2026, 11, 30, 3, 21, tzinfo=UTC)),
)
"""No wake comes in between."""
CLOUDFLARE_ENDS: Final = minute(datetime(2026, 11, 29, 23, 10, tzinfo=UTC))
"""From then on its wakes are refused."""
_SEPARATE: Final = "2026-11-29"
"""From this day on each wake has a file of its own, as wakes write them."""
_DAYS: Final = 52
"""Days of history; of what runs often, four."""
_OFTEN: Final = 4

MANIFESTS: Final = {
    "backup-database": 'schedule: "0 1 * * *"\nowner: platform',
    "backup-verify": 'schedule: "40 5 * * *"\nafter: {backup-database: {by: "08:30"}}\n'
    "owner: platform\nalerts: {to: {secret: alerting, key: TEAM_URL}}",
    "bank-statement-import": 'schedule: "10 5 * * 1-5"\ntimezone: Europe/Berlin\ntimeout: 10m\n'
    "owner: finance",
    "bi-hourly-sync": 'schedule: "0 */2 * * *"\nowner: data',
    "cache-warmup": 'schedule: "*/5 * * * *"\nowner: web',
    "certificate-check": 'schedule: "0 */6 * * *"\nowner: platform',
    "churn-model-train": 'schedule: "0 2 * * 1"\ndeadline: 1h\nowner: ml',
    "churn-score": 'schedule: "0 7 * * 1"\noverlap: queue\nowner: ml',
    "daily-analytics-sync": 'schedule: "0 6 * * *"\ntimezone: America/New_York\nowner: data',
    "exchange-rates": 'schedule: "15 * * * *"\nowner: finance\nlabels: {team: treasury}',
    "fx-hedge-snapshot": 'schedule: "0 3 * * *"\ndeadline: 15m\nowner: finance',
    "gdpr-deletion-requests-of-european-customers-daily": 'schedule: "45 23 * * *"\n'
    "timezone: Europe/Berlin\nowner: legal",
    "image-thumbnails": 'schedule: "*/10 * * * *"\nowner: web',
    "invoice-export": 'schedule: "30 7 * * 1-5"\ntimezone: Europe/Berlin\nowner: finance',
    "invoice-reminders": 'schedule: "0 9 * * 1-5"\ntimezone: Europe/Berlin\nowner: finance',
    "ml-feature-refresh": 'schedule: "0 */3 * * *"\noverlap: skip\nowner: ml',
    "newsletter-weekly": 'schedule: "0 8 * * 4"\ntimezone: Europe/London\nowner: marketing',
    "search-index-refresh": 'schedule: "*/15 * * * *"\nowner: web',
    "signup-digest": 'schedule: "0 8 * * 1-5"\ntimezone: America/New_York\nowner: marketing',
    "sla-report": 'schedule: "0 6 1 * *"\ntimezone: Europe/Berlin\nowner: platform',
    "stock-levels-pull": 'schedule: "5/20 * * * *"\nowner: sales-ops',
    "support-ticket-triage": 'schedule: "*/30 8-18 * * 1-5"\ntimezone: Europe/London\n'
    "owner: support\nsuspend: {until: 2026-12-01T09:00Z, reason: migration to the new desk}",
    "warehouse-extract": 'schedule: "0 23 * * *"\ntimezone: America/New_York\ntimeout: 4h\n'
    "overlap: skip\nowner: data",
    "warehouse-load": 'schedule: "30 4 * * *"\nafter: {warehouse-extract: {by: "09:00"}}\n'
    "owner: data\nalerts: {to: {secret: alerting, key: TEAM_URL}}",
}
_OTHERS: Final = ("accounts", "features", "orders", "payments", "sessions", "taxes", "videos")
_VERBS: Final = ("archive", "check", "import", "purge", "refresh", "snapshot", "sync")
_WHEN: Final = ("0 */6 * * *", "15 4 * * *", "30 5 * * *", "45 0 * * *", "0 8 * * 1-5")
_OFTEN_RUN: Final = frozenset({"cache-warmup", "image-thumbnails", "search-index-refresh"})


def _more(number: int) -> str:
    when = _WHEN[number % len(_WHEN)]
    if number % 97 == 0:
        when = f"{number % 60} * * * *"
    return f'schedule: "{when}"\nowner: team-{number % 20}'


def manifests(number: int) -> dict[str, str]:
    """Name to manifest, without its name."""
    found = dict(MANIFESTS)
    for more in range(number - len(found)):
        noun, verb = _OTHERS[more % 7], _VERBS[more // 7 % 7]
        found[f"{noun}-{verb}-{more:04}"] = _more(more)
    return found


@dataclass
class AcmeSite(TestSite):
    """The workspace, with what is wrong with its deployment."""

    __test__ = False

    findings: list[DeploymentFinding] = field(default_factory=list)

    def ports(self) -> WebPorts:
        def find(_actual: Actual) -> Iterable[DeploymentFinding]:
            return tuple(self.findings)

        return replace(super().ports(), find=find)

    def record(self, at: datetime, *lines: RunRecord, slot: str = "poller") -> None:
        """Let a wake have recorded these lines."""
        self.write(wake(at, slot, self.live, *lines))

    @cached_property
    def live(self) -> Generation:
        """What is live."""
        return asyncio.run(_live(self.world))


async def _live(world: World) -> Generation:
    from reconciler.deploy.modal_files import RemoteGenerations

    found = await RemoteGenerations(world.files).live()
    assert found is not None
    return found


def acme(number: int = 24, *, well: bool = False) -> AcmeSite:
    """The workspace.

    Args:
        number: of schedules, at least 24.
        well: whether everything went as it should.
    """
    apps = FakeApps(environment="production", apps=_apps(), secrets={"alerting": {"TEAM_URL"}})
    world = World(apps=apps, clock=FakeClock(datetime(2026, 10, 1, 8, tzinfo=UTC)))
    site = AcmeSite(world=world)
    _apply_all(world, manifests(number))
    world.clock.time = NOW
    live = site.live
    logs = list(_history(live, well=well))
    days: dict[str, list[bytes]] = {}
    for log in logs:
        if log.day < _SEPARATE:
            days.setdefault(log.day, []).append(log.encode())
        else:
            site.write(log)
    for day, content in days.items():
        world.files.files[f"runs/{day}/compacted.jsonl"] = b"".join(content)
    newest = {log.slot: log.started for log in sorted(logs, key=lambda log: log.started)}
    wakes = {slot.name: newest[slot.name] for slot in live.slots if slot.name in newest}
    cursor = Cursor(
        through=minute(NOW),
        wakes=wakes,
        generation=live.digest,
        took=(1.9, 2.1),
        number=live.number,
    )
    world.claims.entries[CURSOR_KEY] = cursor.to_json()
    if not well:
        site.findings.append(
            DeploymentFinding(
                "schedule search-index-refresh",
                "runs otherwise than applied: memory was changed from 1024 to 512",
                "Run reconcile, which repairs it.",
                "search-index-refresh",
            )
        )
        hours = {
            f"2026-11-{29 + hour // 24}T{hour % 24:02}Z": {"signature": 12}
            for hour in range(23, 32)
        }
        world.claims.entries[KEY] = {"format": 1, "hours": hours}
        commit, job = "9ab3c01", "https://github.com/acme/schedules/actions/runs/7"
        record = GitRecord(commit, "2026-11-30T07:00:00Z", "ana (GitHub Actions)", job, 2, 0)
        world.claims.entries[GIT_KEY] = git_entry(record)
        reason = "deleting 9 of 24 schedules needs --allow-deletes 9"
        refused = RefusedApply(commit, "2026-11-30T07:12:00Z", "ana (GitHub Actions)", job, reason)
        world.claims.entries[REFUSED_KEY] = refused_entry([refused])
        site.backfill(backfill_of(48, name="bi-hourly-sync"), started=14)
        paused = backfill_of(9, name="newsletter-weekly")
        site.backfill(paused, started=2, state=BackfillState.PAUSED)
    return site


def _apps() -> list[DeployedApp]:
    ours = DeployedApp("production", "shop", (DeployedFunction("sync"),))
    others = [
        ("dev", "nightly-etl", "run", "0 4 * * * (UTC)"),
        ("main", "metrics-export", "hourly", "every 1 hour"),
        ("main", "legacy-crm", "sync", "*/30 * * * * (UTC)"),
    ]
    return [
        ours,
        *(
            DeployedApp(environment, app, (DeployedFunction(function, None, when),))
            for environment, app, function, when in others
        ),
    ]


_APPLIES: Final = (
    ("2026-10-01T08:00", "7c1e9a4", ("warehouse-load", "fx-hedge-snapshot")),
    ("2026-11-12T14:02", "b02d7f1", ("fx-hedge-snapshot",)),
    ("2026-11-26T16:45", "e91b3c8", ()),
    ("2026-11-29T18:40", "4fd0a26", ()),
)
"""When, from which commit, and without which schedules."""


def _apply_all(world: World, last: dict[str, str]) -> None:
    for when, commit, without in _APPLIES:
        world.clock.time = datetime.fromisoformat(f"{when}Z")
        given = {name: text for name, text in last.items() if name not in without}
        if commit in ("7c1e9a4", "b02d7f1"):
            given["warehouse-extract"] = given["warehouse-extract"].replace("4h", "2h")
        if commit != "4fd0a26":
            given["exchange-rates"] = given["exchange-rates"].replace("treasury", "fx")
        text = "\n---\n".join(f"name: {name}\n{rest}" for name, rest in given.items())
        wanted = replace(
            desired(schedules(text), crons=5), commit=sha256(commit.encode()).hexdigest()[:40]
        )
        wanted = replace(wanted, commit=commit + (wanted.commit or "")[7:])
        plan = asyncio.run(prepare(world.workspace, wanted))
        asyncio.run(apply(world.workspace, plan, Holder(owner="ci/apply"), lambda _step: None))


def wake(at: datetime, slot: str, live: Generation, *lines: RunRecord, source: str = "") -> WakeLog:
    """The log of a wake."""
    return WakeLog(
        wake=f"fc-{slot}-{at:%Y%m%d%H%M%S}",
        slot=slot,
        started=format_time(at),
        now=minute(at),
        generation=live.digest,
        through=minute(at),
        pending={},
        records=lines,
        number=live.number,
        source=source,
        triggered=format_time(at - timedelta(seconds=1)) if source else "",
        first_start=340 if lines else None,
    )


def _history(live: Generation, *, well: bool) -> Iterator[WakeLog]:
    """The logs of all wakes of the month, and one for each day before it."""
    now = minute(NOW)
    first = minute(datetime(2026, 11, 1, tzinfo=UTC))
    slots = {
        at: slot.name
        for slot in live.slots
        for at in slot_timetable(slot).between(first, now)
        if well or not GAP[0] < at < GAP[1]
    }
    times = sorted(slots)
    lines: dict[int, list[RunRecord]] = {}
    for record in live.records:
        if record.suspended is not None and record.name != "support-ticket-triage":
            continue
        for line in _runs(record, now, times, well=well):
            seen = minute(datetime.fromisoformat(line.at))
            place = bisect_left(times, seen)
            if seen <= first:
                key = seen - seen % 1440 + 1439
            elif place == len(times):
                key = times[-1]
            else:
                key = times[place]
            lines.setdefault(key, []).append(line)
    for at in sorted({*times, *lines}):
        begun = instant(at) + timedelta(seconds=2 + at % 3)
        yield wake(min(begun, NOW), slots.get(at, "poller"), live, *lines.get(at, ()))
        if now - 24 * 60 < at < CLOUDFLARE_ENDS and at % 5 == 0:
            yield wake(begun, "on_demand", live, source="cloudflare")


def _runs(record: ScheduleRecord, now: int, wakes: list[int], *, well: bool) -> Iterator[RunRecord]:
    name = record.name
    days = _OFTEN if name in _OFTEN_RUN or "/" in record.when[0].split()[0] else _DAYS
    if name.rpartition("-")[2].isdigit():
        days = 2
    times = [at for at in _times(record, now - days * 1440, now) if well or name != "sla-report"]
    for place, at in enumerate(times):
        rest = len(times) - place
        spread = (at // 60 * 7 + len(name) * 13) % 10
        began = instant(at) + timedelta(seconds=2 + spread)
        line = RunRecord(name=name, times=(at,), state=RunState.STARTED, at=format_time(began))
        if not well and GAP[0] < at < GAP[1]:
            if name in ("churn-model-train", "fx-hedge-snapshot"):
                reason = "no wake came before its deadline"
                yield replace(
                    line, state=RunState.MISSED, at=format_time(instant(GAP[1])), reason=reason
                )
                continue
            if rest > 1 and times[place + 1] < GAP[1]:
                skipped = f"superseded by {instant(times[place + 1]):%H:%M}Z (catch-up: latest)"
                yield replace(
                    line, state=RunState.SKIPPED, at=format_time(instant(GAP[1])), reason=skipped
                )
                continue
            began = instant(GAP[1]) + timedelta(seconds=5 + spread)
            line = replace(line, at=format_time(began))
        if not well and (special := _special(record, line, at, rest, began)) is not None:
            yield from special
            continue
        length = timedelta(seconds=(len(name) * 3 + spread * 4))
        if name in ("warehouse-extract", "backup-database"):
            length = timedelta(minutes=30 + spread * 2)
        if name == "ml-feature-refresh":
            length = timedelta(minutes=125 + spread * 5)
        yield line
        if minute(began + length) <= now:
            rows = f'{{"rows": {1_284_219 + place * 7}}}'
            yield replace(
                line, state=RunState.SUCCEEDED, at=format_time(began + length), result=rows
            )


def _times(record: ScheduleRecord, after: int, until: int) -> Iterator[int]:
    live = replace(record, suspended=None, resumes=None)
    if record.name == "support-ticket-triage":
        until = minute(datetime(2026, 11, 27, 18, 45, tzinfo=UTC))
    for at in running_times(live, after):
        if at > until:
            return
        yield at


_ENDINGS: Final = {
    "backup-database": (RunState.EXPIRED, "Modal no longer knows how it ended", 3600),
    "bank-statement-import": (RunState.TIMED_OUT, "stopped at its timeout of 10 min", 600),
    "bi-hourly-sync": (RunState.CANCELLED, "cancelled by ana", 240),
}
"""How the newest run ended: state, reason, seconds after its start."""
_WAITING: Final = {
    "churn-score": "waits for the run before it (overlap: queue)",
    "warehouse-load": "waits for warehouse-extract@2026-11-30T04:00Z, which is running",
    "backup-verify": "waits for backup-database@2026-11-30T01:00Z, which ended with an outcome "
    "that Modal no longer knows",
}


def _special(
    record: ScheduleRecord, line: RunRecord, at: int, rest: int, began: datetime
) -> Iterator[RunRecord] | None:
    """The lines of an occurrence that did not go well; None for all others."""
    name = record.name

    def ended(state: RunState, reason: str, seconds: int) -> Iterator[RunRecord]:
        yield line
        seen = format_time(began + timedelta(seconds=seconds))
        yield replace(line, state=state, at=seen, reason=reason)

    if name == "exchange-rates" and rest <= 4:
        return ended(RunState.FAILED, "HTTPError: 429 Too Many Requests", 41)
    if name in _ENDINGS and rest == 1:
        return ended(*_ENDINGS[name])
    if name == "warehouse-extract" and rest == 1:
        return iter([line])
    if name == "warehouse-extract" and rest == 40:
        return ended(RunState.FAILED, "KeyError: 'currency'", 180)
    if name == "image-thumbnails" and rest == 1:
        return iter([line])
    if name in _WAITING and rest == 1:
        return iter([replace(line, state=RunState.QUEUED, reason=_WAITING[name])])
    if name == "stock-levels-pull" and rest == 1:
        reason = "inventory/pull_levels is not deployed (2 tries)"
        return iter([replace(line, state=RunState.START_FAILED, reason=reason)])
    if name == "ml-feature-refresh" and rest == 1:
        reason = "the run of 03:00Z had not ended (overlap: skip)"
        return iter([replace(line, state=RunState.SKIPPED, reason=reason)])
    if name.rpartition("-")[2].isdigit() and int(name[-4:]) % 400 == 7 and rest == 1:
        return ended(RunState.FAILED, "KeyError: 'currency'", 9)
    return None
