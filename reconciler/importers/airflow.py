"""The schedules of Airflow's DAGs, read from their Python code without running it.

Source: Airflow's documentation of DAGs and timetables. Airflow reads cron expressions with
croniter, which joins a day of month and a day of week by OR unless one of them is `*`, and lets
ranges wrap: `5-5` is the whole field, which is surely not meant and refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from reconciler.importers.clock_rules import AIRFLOW, ClockRule
from reconciler.importers.dialects import Reading, Times, UnclearError, in_cron, interval
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind
from reconciler.importers.python_literals import (
    Module,
    NotLiteralError,
    TimeLiteral,
    called_name,
    keyword_values,
    last_name,
)

_READING: Final = Reading(wraps=True, single=False, any_value=frozenset("*?"))
_NAMED: Final = {
    "@quarterly": "0 0 1 1,4,7,10 *",
    **{name: name for name in ("@hourly", "@daily", "@midnight", "@weekly", "@monthly")},
    **{name: name for name in ("@yearly", "@annually")},
}
_TIMETABLES: Final = frozenset(
    {"CronTriggerTimetable", "CronDataIntervalTimetable", "MultipleCronTriggerTimetable"}
)
_READ: Final = frozenset(
    {"dag_id", "schedule", "schedule_interval", "timetable", "catchup", "description"}
    | {"start_date", "end_date", "max_active_runs", "default_args"}
)
_INTERVAL: Final = (
    "Airflow 2, and a timetable of data intervals, name a run by the start of its interval, one "
    "occurrence earlier; `${occurrence.time}` is the time of the run"
)
_TRIGGERS: Final = frozenset({"CronTriggerTimetable", "MultipleCronTriggerTimetable"})
"""Timetables whose logical date is the time of the run."""
_NO_SCHEDULE: Final = (
    "has no schedule: Airflow 3 runs it by hand or by data only, Airflow 2 once a day"
)
_TIMES: Final = frozenset({"schedule", "schedule_interval"})
_FACTORY: Final = "if it makes a DAG, write a manifest: this importer reads `DAG(…)` and `@dag(…)`"
_BY_HAND: Final = "runs by hand or by data only: it needs no manifest"


def read_airflow(text: str) -> ImportedFile:
    """Read the DAGs of a Python file.

    Raises:
        ReconcileError: it is not Python that can be parsed here.
    """
    module = Module.parse(text)
    return ImportedFile.of(_items(module))


def _items(module: Module) -> Iterator[Draft | Remark]:
    classes = _dag_classes(module)
    for node, name in _dags(module, classes):
        if isinstance(node, ast.Call) and name is None and called_name(node) not in classes:
            text = f"{called_name(node)}({_times_of(module, node)})"
            yield Remark(node.lineno, text, _FACTORY)
        elif isinstance(node, ast.Call):
            yield from _Dag(module, node, name).items()
        else:
            yield Remark(node.lineno, f"DAG {name}", _NO_SCHEDULE)


def _times_of(module: Module, node: ast.Call) -> str:
    given = keyword_values(node)
    return ", ".join(f"{key}={module.source(given[key])}" for key in _TIMES if key in given)


def from_croniter(text: str) -> str:
    """An expression that croniter reads, in the dialect of manifests.

    Raises:
        UnclearError: croniter refuses it, or it has a form that cron does not have.
    """
    words, values = _READING.five(text, "Airflow")
    both = any(word in {"*", "?", "0-7"} for word in (words[2], words[4]))
    return in_cron(Times(*values, both), words).schedule


def _dag_classes(module: Module) -> frozenset[str]:
    """`DAG`, and the module's classes that are called as it is."""
    names = {"DAG"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and names & set(map(last_name, node.bases)):
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            if not methods & {"__init__", "__new__"}:
                names.add(node.name)
    return frozenset(names)


def _dags(module: Module, classes: frozenset[str]) -> Iterator[tuple[ast.expr, str | None]]:
    """Each call or decorator that makes a DAG, with the name of the function that it decorates.

    And each call of another function that is given a schedule, for it may make one.
    """
    for node in ast.walk(module.tree):
        match node:
            case ast.Call() if called_name(node) in classes:
                yield node, None
            case ast.Call() if called_name(node) not in {"", "dag", "dict"}:
                if keyword_values(node).keys() & _TIMES:
                    yield node, None
            case ast.FunctionDef():
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if last_name(called) == "dag":
                        yield decorator, node.name


def _written(moment: TimeLiteral) -> str:
    """A time as a manifest says it: in UTC where the code names no zone."""
    zone = "" if moment.zone not in {None, "UTC"} else "Z"
    return f"{moment.local:%Y-%m-%dT%H:%M}{zone}"


def _constant_parts(node: ast.expr | None) -> str:
    """`export` of `f"export_{region}"`."""
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    return "".join(text for text in texts if isinstance(text, str)).strip("_-. ")


class _Dag:
    """Reads one DAG."""

    def __init__(self, module: Module, node: ast.Call, function: str | None) -> None:
        self._module = module
        self._node = node
        self._given = keyword_values(node)
        if node.args:
            self._given.setdefault("dag_id", node.args[0])
        name = self._literal("dag_id") or _constant_parts(self._given.get("dag_id"))
        self.name = name if isinstance(name, str) and name else function or "dag"
        self.remarks: list[Remark] = []

    def items(self) -> Iterator[Draft | Remark]:
        key = next(
            (k for k in ("schedule", "timetable", "schedule_interval") if k in self._given), ""
        )
        if not key:
            unpacked = next((item for item in self._node.keywords if item.arg is None), None)
            reason = _NO_SCHEDULE
            if unpacked is not None:
                reason = (
                    f"`**{self._module.source(unpacked.value)}` is known only when the code runs"
                )
            yield Remark(self._node.lineno, f"DAG {self.name}", reason)
            return
        node = self._given[key]
        line, source = node.lineno, f"{key}={self._module.source(node)} of {self.name}"
        try:
            draft = self._draft(node, line, source)
        except (NotLiteralError, UnclearError) as error:
            yield Remark(line, source, str(error))
            return
        yield draft
        yield from self.remarks
        yield from self._rest()

    def _draft(self, node: ast.expr, line: int, source: str) -> Draft:
        start = self._literal("start_date")
        zone = start.zone if isinstance(start, TimeLiteral) and start.zone else None
        keys = dict(self._keys())
        clock: ClockRule | None = AIRFLOW
        if isinstance(node, ast.Call) and called_name(node) in _TIMETABLES:
            given = keyword_values(node)
            zone = self._module.value(given["timezone"]) if "timezone" in given else zone
            crons = [self._module.value(item) for item in node.args]
            crons = crons or [self._module.value(given["cron"])] if "cron" in given else crons
            schedule = tuple(self._cron(cron) for cron in crons)
        else:
            value = self._module.value(node)
            if isinstance(value, timedelta):
                schedule, more = self._every(value, start, line, source)
                keys = {**more, **keys}
                clock = None
            else:
                schedule = (self._cron(value),)
        if not schedule or not isinstance(zone, str | None):
            raise UnclearError("has no times that can be read")
        if not (isinstance(node, ast.Call) and called_name(node) in _TRIGGERS):
            text = f"the data interval of {self.name}"
            self.remarks.append(Remark(line, text, _INTERVAL, RemarkKind.DIFFERS))
        description = self._literal("description")
        return Draft(
            line=line,
            name=self.name,
            schedule=schedule,
            timezone=zone or None,
            description=description if isinstance(description, str) else None,
            origin=f"{source} (Airflow)",
            keys=keys,
            clock=clock,
        )

    def _cron(self, value: Any) -> str:
        if value in (None, [], "@continuous"):
            raise UnclearError(_BY_HAND)
        if value == "@once":
            raise UnclearError("runs once: write a manifest with `at`")
        if not isinstance(value, str):
            raise UnclearError("is not a cron expression, and runs by data or by code")
        return _NAMED.get(value) or from_croniter(value)

    def _every(
        self, every: timedelta, start: Any, line: int, source: str
    ) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """The schedule of an interval, which Airflow counts from `start_date`."""
        text = interval(every)
        local = start.local if isinstance(start, TimeLiteral) else None
        if not every % timedelta(days=1) and local is not None:
            if text == "1d":
                return (f"{local.minute} {local.hour} * * *",), {}
            reason = "Airflow first runs one interval after `start_date`, a manifest at `start`"
            self.remarks.append(Remark(line, source, reason, RemarkKind.DIFFERS))
            return (text,), {"start": _written(start)}
        if every > timedelta(days=1) and not every % timedelta(days=1):
            raise UnclearError("counts from `start_date`, which is not known: write a manifest")
        aligned = local is not None and not (
            timedelta(hours=local.hour, minutes=local.minute) % every
        )
        if not aligned or timedelta(days=1) % every:
            reason = (
                "Airflow counts from `start_date`; a manifest's interval is aligned to midnight"
            )
            self.remarks.append(Remark(line, source, reason, RemarkKind.DIFFERS))
        return (text,), {}

    def _keys(self) -> Iterator[tuple[str, Any]]:
        end = self._literal("end_date")
        if isinstance(end, TimeLiteral):
            yield "end", _written(end)
            reason = "Airflow also runs for a logical date that equals it; `end` is exclusive"
            text = f"end_date of {self.name}"
            self.remarks.append(
                Remark(self._given["end_date"].lineno, text, reason, RemarkKind.DIFFERS)
            )
        if self._literal("max_active_runs") == 1:
            yield "overlap", "queue"
        catchup = self._literal("catchup")
        if catchup is True:
            yield "catchup", "all"
        elif catchup is None:
            reason = "Airflow 2 makes up for all missed runs by default, a manifest for the latest"
            text = f"catchup of {self.name}"
            self.remarks.append(Remark(self._node.lineno, text, reason, RemarkKind.DIFFERS))

    def _rest(self) -> Iterator[Remark]:
        for key, node in self._given.items():
            text = f"{key}={self._module.source(node)} of {self.name}"
            if key == "default_args":
                yield Remark(
                    node.lineno, text, "about tasks: write `retries`, `timeout`, `owner` again"
                )
            elif key == "start_date" and "start" not in self._keys_written():
                reason = "a manifest runs from its apply on: write `start` if this is in the future"
                yield Remark(node.lineno, text, reason)
            elif key == "max_active_runs" and self._literal(key) != 1:
                yield Remark(
                    node.lineno, text, "`overlap` says 1 (`queue`) or any number (`allow`)"
                )
            elif key == "dag_id" and not isinstance(self._literal(key), str):
                reason = "known only when the code runs: a loop may make several DAGs of it"
                yield Remark(node.lineno, text, reason)
            elif key not in _READ:
                yield Remark(node.lineno, text, "a manifest has no such field")
        reason = "write what its tasks do as a Modal function"
        yield Remark(self._node.lineno, f"the tasks of {self.name}", reason)

    def _keys_written(self) -> frozenset[str]:
        """The bounds that an interval of days takes from `start_date`."""
        node = self._given.get("schedule") or self._given.get("schedule_interval")
        try:
            value = None if node is None else self._module.value(node)
        except NotLiteralError:
            value = None
        is_days = isinstance(value, timedelta) and not value % timedelta(days=1)
        return frozenset({"start"}) if is_days else frozenset()

    def _literal(self, key: str) -> Any:
        node = self._given.get(key)
        try:
            return None if node is None else self._module.value(node)
        except NotLiteralError:
            return None
