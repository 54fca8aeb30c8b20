"""The compiled set of schedules that the dispatcher reads.

A generation is a JSON Lines file: a header, the agenda, which slot wakes for what, then one record
per schedule, sorted by name. It is named after the SHA-256 of its bytes and never changed, so two
readers of the same name have read the same thing. How the file is read is in
:mod:`reconciler.model.stored_generation`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.alerts import Alerts
from reconciler.cron.intervals import is_counted
from reconciler.model.agenda import Agenda, write_agenda
from reconciler.model.formats import json_line
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.target_record import TargetRecord

if TYPE_CHECKING:
    from reconciler.model.cursor import Lookback
    from reconciler.model.formats import Damaged

AGENDA_FORMAT: Final = 2
"""Since this format a generation's file has an agenda."""
INTERVALS_FORMAT: Final = 3
"""Since this format a record may have an interval of several days, counted from a first time. Only
a generation with such a record is written in it."""
TARGETS_FORMAT: Final = 4
"""Since this format a record may be of a code target, or have resources for its runs. Only a
generation with such a record is written in it: an older wake would start its runs without what they
need."""
DEPENDENCIES_FORMAT: Final = 5
"""Since this format a record may wait for others. Only a generation with such a record is written
in it: an older wake would start its occurrences without waiting."""
RUN_IDS_FORMAT: Final = 6
"""Since this format arguments may hold ``${run.id}``. Only a generation with such a record is
written in it: an older wake would pass the text on as it is."""
GENERATION_FORMAT: Final = RUN_IDS_FORMAT
"""The newest format that this version reads."""
HISTORY_DAYS: Final = 90
"""Days for which runs are kept unless the settings say otherwise."""
ON_DEMAND: Final = "on_demand"
"""The function of our app by which people, and programs, start a wake."""
SUPERVISOR: Final = "supervise_run"
"""The function of our app that supervises runs."""
TASK_TICK: Final = "task_tick"
"""What wakes for tasks that programs create: the member of the packing, and its slot when solo."""
SAFETY_TICK: Final = "safety_tick"
"""What wakes beside a Worker on Cloudflare: the member of the packing, and its slot when solo."""
TASK_RESOLUTION: Final = "task_resolution"
"""The header's key for :attr:`Generation.task_resolution`; programs that create tasks read it."""
APP_VARIABLE: Final = "RECONCILER_APP"
"""The environment variable that gives a container the name of our app, its Volume and its Dict."""
SLOT_VARIABLE: Final = "RECONCILER_SLOT"
"""The environment variable that gives a container the name of its slot."""
CRONLESS: Final = (ON_DEMAND, SUPERVISOR)
"""The functions of our app beside the slots; no schedule can bear such a name."""


def generation_path(digest: str) -> str:
    """Where on the Volume the generation with this digest is."""
    return f"generations/{digest}.jsonl"


class Slot(NamedTuple):
    """One deployed Modal cron of ours."""

    name: str
    cron: str
    timezone: str = "UTC"


class Retired(NamedTuple):
    """A code target that no schedule names any more, while its app is there.

    Attributes:
        since: the epoch minute from which the app may be removed.
        code: the function in the repository.
    """

    since: int
    code: str


class Worker(NamedTuple):
    """A Worker on Cloudflare that asks for wakes.

    Attributes:
        source: how wake records name it.
        since: the epoch minute from which its wakes are expected.
        alone: whether Modal's crons have retired but for the safety poller.
        leaving: the epoch minute from which the settings have it no more; None while they do. It
            stays until a cron of Modal has woken us.
    """

    source: str
    since: int
    alone: bool = False
    leaving: int | None = None


class Clocks(NamedTuple):
    """What the clocks of zones were known to do when a generation was planned.

    Attributes:
        until: the epoch minute up to which that is so.
        offsets: zone names to epoch minutes and the offsets, in minutes east of UTC, that begin
            at them; ascending.
    """

    until: int
    offsets: Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True)
class Generation:
    """What one apply made live.

    Attributes:
        records: sorted by name, names unique.
        slots: the crons that were deployed with it, sorted by name.
        history_days: days for which runs are kept.
        served: slot name to the schedules that it was packed to wake for, sorted. The dispatcher
            does not need it; the next packing does, to leave things where they are.
        punctuality: seconds that a wake may be late and still count as in time.
        task_resolution: minutes between the wakes for tasks that programs create; None when nothing
            wakes for them.
        alerts: which events are alerts where a schedule says nothing; None for none.
        environment: as it is called on the command line; empty when that is not known.
        slots_since: slot name to the epoch minute since which it has been planned as it is.
        begun: schedule name to the number of the apply with which it began: with which it appeared,
            changed its times or was resumed. A schedule that is not in it began before there were
            apply numbers, and counts as 0.
        rebuilt: schedule name to the epoch minute at which it was rebuilt from git, after the
            generation that was live was lost; it goes on from where wakes had come, and when it
            really began is not known. Without those that have begun anew since. The dispatcher does
            not need it; an answer about an earlier time says by it what is known.
        tz: the edition of the tz database that it was planned with, such as ``2026f``; empty in a
            file of an earlier version.
        clocks: of the zones of its schedules; None in a file of an earlier version. The dispatcher
            does not need it; a plan with another edition shows by it what moves.
        targets: the code targets of its schedules, sorted by app. The dispatcher does not need
            them: each record names the app and the function of its target.
        retiring: the apps of code targets that no schedule names any more.
        holidays: the version of the package of public holidays whose days are in the records;
            empty when none are. The dispatcher does not need it.
        worker: a second wake source; None without one.
    """

    records: Sequence[ScheduleRecord]
    slots: tuple[Slot, ...]
    punctuality: int
    served: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    history_days: int = HISTORY_DAYS
    task_resolution: int | None = None
    alerts: Alerts | None = None
    environment: str = ""
    slots_since: Mapping[str, int] = field(default_factory=dict)
    begun: Mapping[str, int] = field(default_factory=dict)
    rebuilt: Mapping[str, int] = field(default_factory=dict)
    tz: str = ""
    clocks: Clocks | None = None
    targets: Sequence[TargetRecord] = ()
    retiring: Mapping[str, Retired] = field(default_factory=dict)
    holidays: str = ""
    worker: Worker | None = None

    @cached_property
    def number(self) -> int:
        """The highest apply number with which one of its schedules began; 0 when none has one."""
        return max(self.begun.values(), default=0)

    @cached_property
    def encoded(self) -> bytes:
        """The file's bytes; equal generations have equal bytes."""
        return encode_generation(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of :attr:`encoded`, in hexadecimal: the generation's name."""
        return sha256(self.encoded).hexdigest()

    @cached_property
    def by_name(self) -> Mapping[str, ScheduleRecord]:
        """The records by schedule name."""
        return {record.name: record for record in self.records}

    @property
    def protected(self) -> tuple[str, ...]:
        """The names of the protected schedules, sorted."""
        return tuple(record.name for record in self.records if record.protect)

    @cached_property
    def agenda(self) -> Agenda:
        """What finds the records that may be due."""
        return write_agenda(self.records)

    @property
    def damaged(self) -> tuple[Damaged, ...]:
        """The records that were asked for and cannot be read."""
        return ()

    def candidates(self, lookback: Lookback, now: int) -> Sequence[int]:
        """The numbers of the records that may be due, see :class:`Agenda`."""
        return self.agenda.candidates(lookback, now)

    def read(self, number: int) -> ScheduleRecord | None:
        """The record of this number; None when it cannot be read."""
        return self.records[number]

    def may_have(self, name: str) -> bool:
        """Whether a schedule has or had this name, or a record that cannot be read may be its."""
        return self.named(name) is not None

    def find(self, name: str) -> ScheduleRecord | None:
        """The schedule of that name."""
        return self.by_name.get(name)

    def named(self, name: str) -> ScheduleRecord | None:
        """The schedule that has or had this name."""
        return self.find(name) or self._find_former(name)

    def owner(self, occurrence: Occurrence) -> ScheduleRecord | None:
        """The schedule that an occurrence is of, also under an earlier name."""
        record = self.find(occurrence.name)
        if record is not None and occurrence.at > record.anchor:
            return record
        return self._find_former(occurrence.name) or record

    def _find_former(self, name: str) -> ScheduleRecord | None:
        number = self.agenda.formerly(name)
        return None if number is None else self.read(number)


def new_generation(
    records: Iterable[ScheduleRecord],
    slots: Iterable[Slot],
    punctuality: int,
    served: Mapping[str, Iterable[str]] | None = None,
    history_days: int = HISTORY_DAYS,
    task_resolution: int | None = None,
    *,
    alerts: Alerts | None = None,
    environment: str = "",
    slots_since: Mapping[str, int] | None = None,
    begun: Mapping[str, int] | None = None,
    rebuilt: Mapping[str, int] | None = None,
    tz: str = "",
    clocks: Clocks | None = None,
    targets: Iterable[TargetRecord] = (),
    retiring: Mapping[str, Retired] | None = None,
    holidays: str = "",
    worker: Worker | None = None,
) -> Generation:
    """Build a generation whose bytes do not depend on the order of its parts."""
    return Generation(
        records=tuple(sorted(records, key=lambda record: record.name)),
        slots=tuple(sorted(slots)),
        punctuality=punctuality,
        served={name: tuple(sorted(names)) for name, names in (served or {}).items()},
        history_days=history_days,
        task_resolution=task_resolution,
        alerts=alerts,
        environment=environment,
        slots_since=slots_since or {},
        begun=begun or {},
        rebuilt=rebuilt or {},
        tz=tz,
        clocks=clocks,
        targets=tuple(sorted(targets, key=lambda target: target.app)),
        retiring=dict(sorted((retiring or {}).items())),
        holidays=holidays,
        worker=worker,
    )


def encode_generation(generation: Generation) -> bytes:
    """The bytes of a generation's file; equal generations have equal bytes."""
    header: dict[str, Any] = {
        "format": _format(generation.records),
        "history_days": generation.history_days,
        "punctuality": generation.punctuality,
        "schedules": len(generation.records),
        "slots": [
            {
                "cron": slot.cron,
                "name": slot.name,
                "timezone": slot.timezone,
                **_since(generation.slots_since.get(slot.name)),
            }
            for slot in generation.slots
        ],
    }
    if generation.task_resolution is not None:
        header[TASK_RESOLUTION] = generation.task_resolution
    if generation.alerts is not None:
        header["alerts"] = generation.alerts.to_json()
    if generation.environment:
        header["environment"] = generation.environment
    if generation.begun:
        header["begun"] = dict(generation.begun)
    if generation.rebuilt:
        header["rebuilt"] = {name: format_minute(at) for name, at in generation.rebuilt.items()}
    if generation.tz:
        header["tz"] = generation.tz
    if generation.holidays:
        header["holidays"] = generation.holidays
    if generation.worker is not None:
        header["worker"] = _worker(generation.worker)
    lines = [
        json_line(header),
        generation.agenda.times + b"\n",
        generation.agenda.begun + b"\n",
        json_line(_for_planning(generation)),
        *(json_line(record.to_json()) for record in generation.records),
    ]
    return b"".join(lines)


def _format(records: Sequence[ScheduleRecord]) -> int:
    """The oldest format that can say the records, so that an older version reads them if it can."""
    if any(record.args and "${run.id}" in json.dumps(record.args) for record in records):
        return RUN_IDS_FORMAT
    if any(record.after or record.dependants for record in records):
        return DEPENDENCIES_FORMAT
    if any(record.code or record.resources for record in records):
        return TARGETS_FORMAT
    texts = (text for record in records for text in record.when)
    return INTERVALS_FORMAT if any(map(is_counted, texts)) else AGENDA_FORMAT


def _for_planning(generation: Generation) -> dict[str, Any]:
    """The line that no wake parses."""
    line: dict[str, Any] = {
        "served": {name: list(names) for name, names in generation.served.items()}
    }
    if generation.clocks is not None:
        line["clocks"] = {
            "until": format_minute(generation.clocks.until),
            "zones": {
                name: [[format_minute(at), offset] for at, offset in offsets]
                for name, offsets in generation.clocks.offsets.items()
            },
        }
    if generation.targets:
        line["targets"] = [target.to_json() for target in generation.targets]
    if generation.retiring:
        line["retiring"] = {
            app: {"since": format_minute(one.since), "code": one.code}
            for app, one in generation.retiring.items()
        }
    return line


def _worker(worker: Worker) -> dict[str, Any]:
    line: dict[str, Any] = {"source": worker.source, **_since(worker.since)}
    if worker.alone:
        line["alone"] = True
    if worker.leaving is not None:
        line["leaving"] = format_minute(worker.leaving)
    return line


def _since(at: int | None) -> dict[str, str]:
    return {} if at is None else {"since": format_minute(at)}
