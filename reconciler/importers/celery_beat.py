"""The periodic tasks of Celery beat, read from Python code without running it.

Source: Celery's documentation of periodic tasks. In its `crontab` all fields must match, ranges may
wrap, and 6 is the highest weekday.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from reconciler.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, Field
from reconciler.durations import format_seconds
from reconciler.importers.dialects import Cron, Reading, Times, UnclearError, in_cron, interval
from reconciler.importers.draft import Draft, Found, Kind, Remark
from reconciler.importers.python_literals import (
    Module,
    NotLiteralError,
    called_name,
    keyword_values,
    last_name,
)

_READING: Final = Reading(wraps=True, last_weekday=6)
_SETTINGS: Final = frozenset({"beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE"})
_ZONES: Final = frozenset({"timezone", "CELERY_TIMEZONE"})
_FIELDS: Final[Mapping[str, Field]] = {
    "minute": MINUTE,
    "hour": HOUR,
    "day_of_week": DAY_OF_WEEK,
    "day_of_month": DAY_OF_MONTH,
    "month_of_year": MONTH,
}
"""The arguments of `crontab`, in their order."""
_COUNTED: Final = "Celery counts from its start; a manifest's interval is aligned to midnight"


def read_celery(text: str) -> Found:
    """Read the `beat_schedule` and the `add_periodic_task` calls of a Python file.

    Raises:
        ReconcileError: it is not Python that can be parsed here.
    """
    module = Module.parse(text)
    return Found.of(_Beat(module).items())


class _Beat:
    """Reads one module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        zones = [value for node, value in self._assigned(_ZONES)]
        self._zone = next((zone for zone in map(self._literal, zones) if zone), "UTC")

    def items(self) -> Iterator[Draft | Remark]:
        for key, node in self._assigned(_SETTINGS):
            if isinstance(node, ast.Name) and node.id in self._module.names:
                node = self._module.names[node.id]
            if not isinstance(node, ast.Dict):
                text = f"{key}={self._module.source(node)}"
                yield Remark(node.lineno, text, "not a dict that can be read without running it")
                continue
            for name, entry in zip(node.keys, node.values, strict=True):
                yield from self._named(name, entry)
        for found in ast.walk(self._module.tree):
            match found:
                case ast.Assign(targets=[ast.Subscript(value=base, slice=name)], value=entry):
                    if last_name(base) in _SETTINGS:
                        yield from self._named(name, entry)
                case ast.Call() if called_name(found) == "add_periodic_task":
                    yield from self._periodic(found)

    def _assigned(self, names: frozenset[str]) -> Iterator[tuple[str, ast.expr]]:
        """The values that a setting of one of these names gets, however it is set."""
        for node in ast.walk(self._module.tree):
            match node:
                case ast.Assign(targets=[target], value=value) if last_name(target) in names:
                    yield last_name(target), value
                case ast.Call() if called_name(node) in {"update", "dict", "Celery"}:
                    for key, value in keyword_values(node).items():
                        if key in names:
                            yield key, value
                case ast.Dict():
                    for name, value in zip(node.keys, node.values, strict=True):
                        if isinstance(name, ast.Constant) and name.value in names:
                            yield str(name.value), value

    def _named(self, name: ast.expr | None, entry: ast.expr) -> Iterator[Draft | Remark]:
        called = None if name is None else self._literal(name)
        if not isinstance(called, str) or not isinstance(entry, ast.Dict):
            text = self._module.source(entry)
            yield Remark(entry.lineno, text, "an entry that can be read only by running the code")
            return
        given = {
            key.value: value
            for key, value in zip(entry.keys, entry.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        task = self._literal(given["task"]) if "task" in given else None
        yield from self._entry(called, str(task or called), given, entry.lineno)

    def _periodic(self, node: ast.Call) -> Iterator[Draft | Remark]:
        given = keyword_values(node)
        if node.args:
            given["schedule"] = node.args[0]
        signature = node.args[1] if len(node.args) > 1 else given.pop("sig", None)
        task = "task"
        if isinstance(signature, ast.Call) and isinstance(signature.func, ast.Attribute):
            task = self._module.source(signature.func.value)
            keywords = keyword_values(signature)
            if signature.args:
                given["args"] = ast.List(elts=signature.args, ctx=ast.Load())
                ast.copy_location(given["args"], signature)
            if keywords:
                keys: list[ast.expr | None] = [ast.Constant(key) for key in keywords]
                given["kwargs"] = ast.Dict(keys=keys, values=list(keywords.values()))
                ast.copy_location(given["kwargs"], signature)
        name = self._literal(given.pop("name")) if "name" in given else None
        yield from self._entry(str(name or task), task, given, node.lineno)

    def _entry(
        self, name: str, task: str, given: Mapping[str, ast.expr], line: int
    ) -> Iterator[Draft | Remark]:
        node = given.get("schedule")
        if node is None:
            yield Remark(line, name, "has no schedule")
            return
        source = f"{self._module.source(node)} of {name}"
        try:
            cron, is_counted = self._schedule(node)
        except (NotLiteralError, UnclearError) as error:
            yield Remark(node.lineno, source, str(error))
            return
        if is_counted:
            yield Remark(node.lineno, source, _COUNTED, Kind.DIFFERS)
        keys: dict[str, Any] = {"exclude": list(cron.exclude)} if cron.exclude else {}
        arguments = self._literal(given["kwargs"]) if "kwargs" in given else None
        if isinstance(arguments, dict):
            keys["args"] = arguments
        options = self._literal(given["options"]) if "options" in given else None
        expires = options.pop("expires", None) if isinstance(options, dict) else None
        if isinstance(expires, int | float) and expires >= 1:
            keys["deadline"] = format_seconds(int(expires))
        yield Draft(
            line=node.lineno,
            name=name,
            schedule=(cron.schedule,),
            timezone=self._zone if isinstance(self._zone, str) else "UTC",
            origin=f"{source}, task {task} (Celery)",
            keys=keys,
        )
        if "args" in given and self._literal(given["args"]) != []:
            reason = "positional: give them to the function by name, in `args`"
            yield Remark(given["args"].lineno, f"args of {name}", reason)
        if "kwargs" in given and not isinstance(arguments, dict):
            reason = "known only when the code runs: write them as `args`"
            yield Remark(given["kwargs"].lineno, f"kwargs of {name}", reason)
        if "options" in given and options != {}:
            text = f"options of {name}"
            yield Remark(given["options"].lineno, text, "about the queue: a manifest has none")
        for key in given.keys() - {"task", "schedule", "args", "kwargs", "options"}:
            yield Remark(given[key].lineno, f"{key} of {name}", "a manifest has no such field")

    def _schedule(self, node: ast.expr) -> tuple[Cron, bool]:
        """The times, and whether they are counted from a start."""
        if isinstance(node, ast.Name) and node.id in self._module.names:
            node = self._module.names[node.id]
        if isinstance(node, ast.Call) and called_name(node) == "crontab":
            return self._crontab(node), False
        if isinstance(node, ast.Call) and called_name(node) == "solar":
            raise UnclearError("follows the sun: a manifest has times of the clock")
        if isinstance(node, ast.Call) and called_name(node) == "schedule":
            node = next(iter((*node.args, *keyword_values(node).values())), node)
        value = self._module.value(node)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = timedelta(seconds=min(value, 10**9))
        if not isinstance(value, timedelta):
            raise UnclearError("is not a schedule of Celery")
        return Cron(interval(value)), True

    def _crontab(self, node: ast.Call) -> Cron:
        given = dict(zip(_FIELDS, node.args, strict=False)) | keyword_values(node)
        bits = {}
        for name, field in _FIELDS.items():
            value = self._module.value(given[name]) if name in given else "*"
            texts = value if isinstance(value, list) else [value]
            bits[name] = 0
            for text in texts:
                bits[name] |= _READING.values(field, _short(str(text).replace(" ", "")))
        return in_cron(
            Times(
                bits["minute"],
                bits["hour"],
                bits["day_of_month"],
                bits["month_of_year"],
                bits["day_of_week"],
                both=True,
            )
        )

    def _literal(self, node: ast.expr) -> Any:
        try:
            return self._module.value(node)
        except NotLiteralError:
            return None


def _short(text: str) -> str:
    """Celery reads the first three letters of a weekday."""
    names = {day: day[:3] for day in ("sunday", "monday", "tuesday", "wednesday")}
    names |= {day: day[:3] for day in ("thursday", "friday", "saturday")}
    lower = text.lower()
    for long, short in names.items():
        lower = lower.replace(long, short)
    return lower
