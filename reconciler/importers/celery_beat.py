"""The periodic tasks of Celery beat, read from Python code without running it.

Source: Celery's documentation of periodic tasks. In its `crontab` all fields must match, ranges may
wrap, 6 is the highest weekday, and a step needs a range or `*` before it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import EllipsisType
from typing import Any, Final

from reconciler.cron.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, Field
from reconciler.durations import format_seconds
from reconciler.importers.clock_rules import CELERY
from reconciler.importers.dialects import Cron, Reading, Times, UnclearError, in_cron, interval
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind
from reconciler.importers.python_literals import (
    Module,
    NotLiteralError,
    called_name,
    keyword_values,
    last_name,
)

_READING: Final = Reading(wraps=True, last_weekday=6, open_steps=False)
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
_DEEPEST: Final = 20
"""Dicts inside one another, as in `{**{**A}}`, that are looked through."""
_REASONS: Final = {
    "enabled": "write `suspend: true` if it is off",
    "relative": "an interval of a manifest is always aligned to the clock",
}
_COUNTED: Final = "Celery counts from its start; a manifest's interval is aligned to midnight"


def read_celery(text: str) -> ImportedFile:
    """Read the `beat_schedule` and the `add_periodic_task` calls of a Python file.

    Raises:
        ReconcileError: it is not Python that can be parsed here.
    """
    module = Module.parse(text)
    return ImportedFile.of(_Beat(module).items())


class _Beat:
    """Reads one module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        zones = [value for node, value in self._assigned(_ZONES)]
        found = next((zone for zone in map(self._literal, zones) if zone), None)
        self._zone = found if isinstance(found, str) else None

    def items(self) -> Iterator[Draft | Remark]:
        read: set[int] = set()
        for key, node in self._assigned(_SETTINGS):
            for name, entry in self._entries(node, read, _DEEPEST):
                if name is None or isinstance(name, ast.expr):
                    yield from self._named(name, entry)
                else:
                    text = f"{key}={self._module.source(entry)}"
                    reason = "not a dict that can be read without running it"
                    yield Remark(entry.lineno, text, reason)
        for found in ast.walk(self._module.tree):
            match found:
                case ast.Assign(targets=[ast.Subscript(value=base, slice=name)], value=entry):
                    if _setting(base) in _SETTINGS:
                        yield from self._named(name, entry)
                case ast.Call(
                    func=ast.Attribute(value=base, attr="setdefault"), args=[name, entry]
                ):
                    if _setting(base) in _SETTINGS:
                        yield from self._named(name, entry)
                case ast.Call() if called_name(found) == "add_periodic_task":
                    yield from self._periodic(found)
                case ast.FunctionDef():
                    yield from self._decorated(found)

    def _assigned(self, names: frozenset[str]) -> Iterator[tuple[str, ast.expr]]:
        """The values that a setting of one of these names gets, however it is set."""
        for node in ast.walk(self._module.tree):
            match node:
                case ast.Assign(targets=targets, value=value):
                    yield from ((_setting(to), value) for to in targets if _setting(to) in names)
                case (
                    ast.AnnAssign(target=target, value=ast.expr() as value)
                    | ast.AugAssign(target=target, value=value)
                ) if _setting(target) in names:
                    yield _setting(target), value
                case ast.Call():
                    yield from _in_call(node, names)
                case ast.Dict():
                    for name, value in zip(node.keys, node.values, strict=True):
                        if isinstance(name, ast.Constant) and name.value in names:
                            yield str(name.value), value

    def _entries(
        self, node: ast.expr, read: set[int], depth: int
    ) -> Iterator[tuple[ast.expr | EllipsisType | None, ast.expr]]:
        """The keys and values of a dict, and of the dicts that it is made of.

        The key is None for an unpacked part, and an ellipsis for a whole, that only running the
        code would show. A dict that two settings name is read once.
        """
        node = self._resolved(node)
        if id(node) in read:
            return
        read.add(id(node))
        if depth and isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            yield from self._entries(node.left, read, depth - 1)
            yield from self._entries(node.right, read, depth - 1)
            return
        found = _as_dict(node)
        if found is None:
            yield ..., node
            return
        for name, entry in zip(found.keys, found.values, strict=True):
            if name is not None or not depth:
                yield name, entry
                continue
            for inner, value in self._entries(entry, read, depth - 1):
                yield None if inner is ... else inner, value

    def _decorated(self, function: ast.FunctionDef) -> Iterator[Draft | Remark]:
        """`@periodic_task(run_every=…)` of Celery 4 and older."""
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and called_name(decorator) == "periodic_task":
                given = keyword_values(decorator)
                if "run_every" in given:
                    given["schedule"] = given.pop("run_every")
                yield from self._entry(function.name, function.name, given, decorator.lineno)

    def _named(self, name: ast.expr | None, entry: ast.expr) -> Iterator[Draft | Remark]:
        called = None if name is None else self._literal(name)
        fields = _as_dict(entry)
        if not isinstance(called, str) or fields is None:
            text = self._module.source(entry)
            yield Remark(entry.lineno, text, "an entry that can be read only by running the code")
            return
        given: dict[str, ast.expr] = {}
        for key, value in self._entries(fields, set(), _DEEPEST):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                given[key.value] = value
            else:
                text = f"`{self._module.source(value)}` of {called}"
                yield Remark(value.lineno, text, "known only when the code runs")
        if "task" not in given:
            reason = "names no `task`, so Celery has nothing to send"
            yield Remark(entry.lineno, f"the entry {called}", reason)
            return
        task = self._literal(given["task"])
        yield from self._entry(called, str(task or called), given, entry.lineno)

    def _periodic(self, node: ast.Call) -> Iterator[Draft | Remark]:
        given = keyword_values(node)
        if node.args:
            given["schedule"] = node.args[0]
        signature = node.args[1] if len(node.args) > 1 else given.pop("sig", None)
        task = "task"
        if isinstance(signature, ast.Call) and isinstance(signature.func, ast.Attribute):
            task = self._module.source(signature.func.value)
            if signature.args:
                given["args"] = ast.List(elts=signature.args, ctx=ast.Load())
                ast.copy_location(given["args"], signature)
            if signature.keywords:
                given["kwargs"] = _dict_of(signature)
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
            yield Remark(node.lineno, source, _COUNTED, RemarkKind.DIFFERS)
        yield from self._crontab_rest(node, name)
        keys: dict[str, Any] = {"exclude": list(cron.exclude)} if cron.exclude else {}
        arguments = self._literal(_plain(given["kwargs"])) if "kwargs" in given else None
        if isinstance(arguments, dict):
            keys["args"] = arguments
        options = self._literal(_plain(given["options"])) if "options" in given else None
        expires = options.pop("expires", None) if isinstance(options, dict) else None
        if isinstance(expires, int | float) and expires >= 1:
            keys["deadline"] = format_seconds(int(expires))
        yield Draft(
            line=node.lineno,
            name=name,
            schedule=(cron.schedule,),
            timezone=self._zone,
            origin=f"{source}, task {task} (Celery)",
            keys=keys,
            clock=None if is_counted else CELERY,
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
            reason = _REASONS.get(key, "a manifest has no such field")
            yield Remark(given[key].lineno, f"{key} of {name}", reason)

    def _crontab_rest(self, node: ast.expr, name: str) -> Iterator[Remark]:
        """The arguments of a `crontab` that are not times."""
        node = self._resolved(node)
        if not isinstance(node, ast.Call) or called_name(node) != "crontab":
            return
        for key, value in keyword_values(node).items():
            if key == "nowfun":
                text = f"nowfun={self._module.source(value)} of {name}"
                reason = "gives this entry its time and zone: write the zone as `timezone`"
                yield Remark(value.lineno, text, reason, RemarkKind.DIFFERS)
            elif key not in {*_FIELDS, "app"}:
                yield Remark(value.lineno, f"{key} of {name}", "a manifest has no such field")

    def _resolved(self, node: ast.expr) -> ast.expr:
        """The value of a variable of the module, else the node itself."""
        if isinstance(node, ast.Name) and node.id in self._module.names:
            return self._module.names[node.id]
        return node

    def _schedule(self, node: ast.expr) -> tuple[Cron, bool]:
        """The times, and whether they are counted from a start."""
        node = self._resolved(node)
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


def _in_call(node: ast.Call, names: frozenset[str]) -> Iterator[tuple[str, ast.expr]]:
    """`beat_schedule.update({…})`, `conf.update(beat_schedule={…})` and their like."""
    match node.func:
        case ast.Attribute(value=base, attr="update") if _setting(base) in names:
            yield from ((_setting(base), value) for value in node.args)
            if node.keywords:
                yield _setting(base), _dict_of(node)
            return
    if called_name(node) in {"update", "dict", "Celery"}:
        yield from ((key, value) for key, value in keyword_values(node).items() if key in names)


def _setting(node: ast.expr) -> str:
    """`beat_schedule` of `app.conf.beat_schedule` and of `app.conf["beat_schedule"]`."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            return key
    return last_name(node)


def _as_dict(node: ast.expr) -> ast.Dict | None:
    """`{…}` or `dict(…)`, None for another expression."""
    if isinstance(node, ast.Call) and called_name(node) == "dict" and not node.args:
        return _dict_of(node)
    return node if isinstance(node, ast.Dict) else None


def _plain(node: ast.expr) -> ast.expr:
    """A dict as `{…}`, also where it is written as `dict(…)`."""
    return _as_dict(node) or node


def _dict_of(call: ast.Call) -> ast.Dict:
    """The keyword arguments of a call as a dict."""
    keys: list[ast.expr | None] = [
        None if item.arg is None else ast.Constant(item.arg) for item in call.keywords
    ]
    return ast.copy_location(ast.Dict(keys, [item.value for item in call.keywords]), call)


def _short(text: str) -> str:
    """Celery reads the first three letters of a weekday."""
    names = {day: day[:3] for day in ("sunday", "monday", "tuesday", "wednesday")}
    names |= {day: day[:3] for day in ("thursday", "friday", "saturday")}
    lower = text.lower()
    for long, short in names.items():
        lower = lower.replace(long, short)
    return lower
