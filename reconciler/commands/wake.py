"""``reconcile wake`` and ``reconcile trigger``: a wake that a person causes."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime

from reconciler.commands.connection import connected, open_ports, run
from reconciler.commands.inputs import Inputs, read_inputs
from reconciler.commands.triggered import triggered
from reconciler.commands.unknown import unknown_schedule
from reconciler.cron import minute
from reconciler.dispatch.cursor import Horizon
from reconciler.dispatch.due import Due, find_due
from reconciler.dispatch.fakes import FakeClaims
from reconciler.dispatch.found_tasks import find_tasks
from reconciler.dispatch.occurrence import Occurrence, format_minute
from reconciler.dispatch.policy import LetGo
from reconciler.dispatch.runs import RunState, WakeLog
from reconciler.dispatch.stored_runs import decode_wake_log
from reconciler.dispatch.wake import Ports, read_cursor
from reconciler.errors import ReconcileError
from reconciler.report.news import News, may_repeat, news_of
from reconciler.report.runs_text import missed_names, wake_text
from reconciler.report.style import Style

HISTORY_DAYS = 7
"""As long as claims live: of what is older, no wake finds that it was settled."""


def wake(args: Namespace) -> int:
    """Wake the deployed dispatcher, or say what it would do. Returns the exit code."""
    inputs = read_inputs(args)
    as_if = None if args.at is None else minute(args.at)
    with connected(inputs):
        if args.dry_run:
            return run(_rehearse(open_ports(inputs), as_if))
        return _serve(inputs, args, as_if)


def trigger(args: Namespace) -> int:
    """Start one schedule now, whatever its times are. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        ports = open_ports(inputs)
        generation = run(ports.generations.live())
        if generation is None:
            raise _nothing_applied(inputs)
        record = generation.find(args.name)
        if record is None:
            raise unknown_schedule(args.name, list(generation.by_name))
        log = _called(inputs, trigger=args.name)
        log = run(triggered(log, record.occurrence(log.now), ports.claims))
        log = _awaited(log, inputs, args)
        _show(News(log), args)
        return _verdict(log)


def _serve(inputs: Inputs, args: Namespace, as_if: int | None) -> int:
    log = _called(inputs, as_if=as_if)
    history = run(open_ports(inputs).log.recent(HISTORY_DAYS)) if may_repeat(log) else ()
    news = news_of(log, history)
    log = _awaited(news.log, inputs, args)
    _show(News(log, news.before), args, alone=as_if is not None)
    if as_if is not None and minute(datetime.fromisoformat(log.started)) < as_if:
        _say_that_it_is_early(log, as_if)
    return _verdict(log)


def _called(inputs: Inputs, *, as_if: int | None = None, trigger: str | None = None) -> WakeLog:
    """Wake the dispatcher and read its answer."""
    from reconciler.workspace.invocation import call_dispatcher

    at = None if as_if is None else format_minute(as_if)
    settings = inputs.environment
    text = run(call_dispatcher(settings.app, settings.modal, as_if=at, trigger=trigger))
    if not text:
        raise _nothing_applied(inputs)
    return decode_wake_log(text.encode(), "the wake's answer")


def _awaited(log: WakeLog, inputs: Inputs, args: Namespace) -> WakeLog:
    """The log once the calls in it have ended, when somebody waits for that."""
    if not args.wait:
        return log
    from reconciler.workspace.invocation import wait_for_calls

    return run(wait_for_calls(log, inputs.environment.modal))


def _show(news: News, args: Namespace, *, alone: bool = False) -> None:
    if args.format == "json":
        records = [record.to_json() for record in news.log.records]
        told = [told.to_json() for told in news.log.told]
        before = [occurrence.id for occurrence in news.before]
        data = {"format": 1, "records": records, "told": told, "served_before": before}
        print(json.dumps(data, indent=2))
    else:
        print(wake_text(news.log, Style.of(sys.stdout), alone=alone, before=news.before))


def _say_that_it_is_early(log: WakeLog, as_if: int) -> None:
    """What is served before its time is served: people expect a rehearsal."""
    begun = {record.name for record in log.records if record.call and record.times == (as_if,)}
    if begun:
        print(
            f"{format_minute(as_if)} is yet to come; what was started for it is not started again "
            f"then: {', '.join(sorted(begun))}.",
            file=sys.stderr,
        )


def _verdict(log: WakeLog) -> int:
    missed = missed_names(log.records)
    if missed:
        print(f"Missed: {', '.join(missed)}.", file=sys.stderr)
    failed = {RunState.FAILED, RunState.TIMED_OUT, RunState.START_FAILED}
    return 1 if any(record.state in failed for record in log.records) else 0


async def _rehearse(ports: Ports, as_if: int | None) -> int:
    generation = await ports.generations.live()
    if generation is None:
        raise ReconcileError("nothing was applied yet", remedy="Run reconcile first.")
    now = as_if if as_if is not None else minute(ports.clock.now())
    if as_if is not None:
        horizon = Horizon(now - 1)
    else:
        horizon = (await read_cursor(ports)).horizon(now, generation.digest)
    dues = [*find_due(generation, horizon, now), *await _due_tasks(ports, as_if, now)]
    if not dues:
        print(f"Nothing is due {'up to' if as_if is None else 'at'} {format_minute(now)}.")
    for due in dues:
        await _print_due(due, ports)
    return 0


async def _due_tasks(ports: Ports, as_if: int | None, now: int) -> list[Due]:
    if ports.tasks is None:
        return []
    # What cannot be read is reported by claims that last a day; a look makes none.
    unclaimed, exactly = FakeClaims(), as_if is not None
    started = ports.clock.now()
    found = await find_tasks(ports.tasks, ports.log, unclaimed, now, started, exactly=exactly)
    for line in found.lines:
        print(f"{line.state.value:13} {line.occurrence.id}  {line.reason}")
    return list(found.dues(()))


async def _print_due(due: Due, ports: Ports) -> None:
    for let_go in due.let_go:
        print(_let_go_line(let_go))
    for at in due.start:
        occurrence = Occurrence(due.record.name, at)
        claim = await ports.claims.get(occurrence.id)
        verb = "would start " if claim is None else f"was {claim['state']} "
        print(f"{verb:13} {occurrence.id}  {due.record.app}/{due.record.function}")


def _let_go_line(let_go: LetGo) -> str:
    times: Sequence[str] = [format_minute(at) for at in let_go.times]
    span = times[0] if len(times) == 1 else f"{times[0]} … {times[-1]} ({len(times)})"
    return f"would be {let_go.fate.value}  {let_go.name}@{span}  {let_go.reason}"


def _nothing_applied(inputs: Inputs) -> ReconcileError:
    return ReconcileError(
        f"nothing was applied to {inputs.environment.name} yet", remedy="Run reconcile first."
    )
