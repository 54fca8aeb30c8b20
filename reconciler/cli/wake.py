"""``reconcile wake``, ``trigger`` and ``rerun``: a wake that a person causes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from reconciler.cli.connection import ask, connected, live_in, open_ports, open_query
from reconciler.cli.damaged import warn_of_damage
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.runs import wanted_occurrence
from reconciler.cli.signals import run, stopping
from reconciler.cli.terminal import say, show
from reconciler.cron import instant, minute
from reconciler.dispatch.wake.request import NothingAppliedError, Ports
from reconciler.errors import ReconcileError, StoppedError
from reconciler.manifest.code_function import OCCURRENCE, find_function, parameters_of
from reconciler.model.claim import CLAIM_LIFE
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, decode_wake_log
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task
from reconciler.policies import Overlap
from reconciler.query.news import News, may_repeat, news_of
from reconciler.query.nothing_found import nothing_live, require_readable, unknown_schedule
from reconciler.query.rehearse import rehearse
from reconciler.query.reruns import find_next_run
from reconciler.query.trigger_result import (
    refuse_while_running,
    rerun_result,
    triggered,
    unclaimed_run,
)
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.rehearsal import rehearsal_json, rehearsal_text
from reconciler.render.runs_text import missed_names, rerun_command, wake_text
from reconciler.render.style import Style

FURTHER_RUNS: Final = 5
"""How many numbers a trigger tries for a further run, while others take them at the same time."""
HISTORY_DAYS = 7
"""As long as claims live: of what is older, no wake finds that it was settled."""


def wake(
    *,
    env: str | None,
    schedules: str | None,
    at: datetime | None,
    dry_run: bool,
    wait: bool,
    form: str,
) -> int:
    """Wake the deployed dispatcher, or show what it would do. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    as_if = None if at is None else minute(at)
    with connected(inputs) as goes_on:
        if dry_run:
            try:
                rehearsal = run(rehearse(open_ports(inputs), as_if))
            except NothingAppliedError:
                raise run(nothing_live(*live_in(inputs))) from None
            warn_of_damage(rehearsal.damaged)
            if form == "json":
                print_json(rehearsal_json(rehearsal))
            else:
                show(rehearsal_text(rehearsal))
            return 0
        with stopping(_stopped("runs", goes_on)):
            return _serve(inputs, env, as_if, form, wait=wait)


def trigger(
    *,
    env: str | None,
    schedules: str | None,
    name: str,
    arg: Sequence[tuple[str, object]],
    logs: bool,
    wait: bool,
    form: str,
) -> int:
    """Start one schedule now, outside of its times. Returns the exit code.

    When the occurrence of this minute was processed already, its next run starts.

    Args:
        arg: arguments for this run, in place of those of the manifest.
        logs: print its output as it comes, which takes until it has ended.
    """
    inputs = read_inputs(env, schedules)
    with connected(inputs) as goes_on, stopping(_stopped(f"runs {name}", goes_on)):
        ports = open_ports(inputs)
        generation = run(ports.generations.live())
        if generation is None:
            raise run(nothing_live(*live_in(inputs)))
        require_readable(generation, name)
        record = generation.find(name)
        if record is None:
            raise unknown_schedule(name, list(generation.by_name))
        _require_parameters(inputs, generation.digest, record, dict(arg))
        log = _triggered(inputs, ports, record, dict(arg))
        if logs:
            _follow(inputs, log, form, supervised=record.supervises(log.records[0].occurrence))
        log = _awaited(log, inputs, wait=wait or logs)
        _show(News(log), form)
        return _verdict(log)


def rerun(
    *, env: str | None, schedules: str | None, run_id: str, logs: bool, wait: bool, form: str
) -> int:
    """Start the next run of an occurrence that was missed or failed. Returns the exit code.

    Args:
        run_id: ``NAME@TIME``.
        logs: print its output as it comes, which takes until it has ended.
    """
    inputs = read_inputs(env, schedules)
    occurrence = wanted_occurrence(run_id)
    if occurrence is None:
        raise ReconcileError(
            f"{run_id!r} names no time: NAME@2026-11-20T06:00Z is expected",
            remedy="List its runs",
            command=f"runs {run_id}",
        )
    with connected(inputs) as goes_on, stopping(_stopped(f"runs {occurrence.id}", goes_on)):
        found = ask(inputs, find_next_run(open_query(inputs), inputs.environment, occurrence))
        log = rerun_result(_called(inputs, rerun=found.run.id), found.run)
        if logs:
            _follow(inputs, log, form, supervised=True)
        log = _awaited(log, inputs, wait=wait or logs)
        _show(News(log), form)
        return _verdict(log)


def _triggered(
    inputs: Inputs, ports: Ports, record: ScheduleRecord, args: Mapping[str, object]
) -> WakeLog:
    log = _called(inputs, trigger=record.name, args=args)
    first = record.occurrence(log.now)
    result = run(triggered(log, first, ports.claims))
    for _ in range(FURTHER_RUNS):
        if result is not None:
            return result
        if record.overlap is Overlap.SKIP:
            run(refuse_while_running(record, ports.claims, ports.caller))
        further = run(unclaimed_run(first, ports.claims))
        log = _called(inputs, rerun=further.id, args=args)
        result = run(triggered(log, further, ports.claims))
    raise ReconcileError(
        f"others trigger {record.name} at the same time; nothing was started",
        remedy="Trigger it again",
        command=f"trigger {record.name}",
    )


def _require_parameters(
    inputs: Inputs, digest: str, record: ScheduleRecord, args: Mapping[str, object]
) -> None:
    """Refuse an argument that a function of the repository does not take.

    Its parameters are known where its file here is the deployed one.
    """
    if not args or not record.code:
        return
    from reconciler.deploy.generation_files import read_generation

    _, files, _ = live_in(inputs)
    generation, _ = run(read_generation(files, digest))
    targets = () if generation is None else generation.targets
    deployed = next((one for one in targets if one.code == record.code), None)
    if deployed is None:
        return
    path, _, function = deployed.code.partition("::")
    try:
        content = (inputs.root / path).read_bytes()
        if sha256(content).hexdigest() != deployed.files.get(path):
            return
        definition = find_function(ast.parse(content), function)
    except (OSError, ValueError, SyntaxError):
        return
    accepted = None if definition is None else parameters_of(definition).accepted
    unknown = [] if accepted is None else [name for name in args if name not in accepted]
    if accepted is not None and unknown:
        takes = ", ".join(f"`{name}`" for name in sorted(accepted - {OCCURRENCE}))
        raise ReconcileError(
            f"`{deployed.code}` takes no argument `{unknown[0]}`; nothing was started",
            where="--arg",
            remedy=f"It takes {takes}." if takes else "It takes none.",
        )


def _serve(inputs: Inputs, env: str | None, as_if: int | None, form: str, *, wait: bool) -> int:
    log = _called(inputs, as_if=as_if)
    history = run(open_ports(inputs).log.recent(HISTORY_DAYS)) if may_repeat(log) else ()
    news = news_of(log, history)
    log = _awaited(news.log, inputs, wait=wait)
    _show(News(log, news.before), form, alone=as_if is not None)
    if form == "text":
        _name_repair(news.before, env)
    if as_if is not None and minute(datetime.fromisoformat(log.started)) < as_if:
        _say_that_it_is_early(log, as_if)
    return _verdict(log)


def _name_repair(before: Sequence[RunRecord], env: str | None) -> None:
    """Name the command that runs what earlier wakes had missed, and this one leaves alone."""
    for line in before:
        if line.state is RunState.MISSED and not is_task(line.name):
            say(f"To run it all the same: {rerun_command(line.occurrence, env)}")


def _follow(inputs: Inputs, log: WakeLog, form: str, *, supervised: bool) -> None:
    """Print what the run prints until it has ended; beside JSON, on standard error."""
    from reconciler.cli.logs import show
    from reconciler.query.output import LoggedRun, followed_output

    started = [one for one in runs_of([log]) if one.is_open]
    for one in started:
        lines = followed_output(open_query(inputs), LoggedRun(one, supervised))
        run(show(lines, sys.stderr if form == "json" else None))


def _called(
    inputs: Inputs,
    *,
    as_if: int | None = None,
    trigger: str | None = None,
    args: Mapping[str, object] | None = None,
    rerun: str | None = None,
) -> WakeLog:
    """Wake the dispatcher and read its answer."""
    from reconciler.deploy.invocation import call_dispatcher

    at = None if as_if is None else format_minute(as_if)
    settings = inputs.environment
    asked = call_dispatcher(
        settings.app, settings.modal, as_if=at, trigger=trigger, args=args, rerun=rerun
    )
    text = run(asked)
    if not text:
        raise run(nothing_live(*live_in(inputs)))
    return decode_wake_log(text.encode(), "the wake's answer")


def _awaited(log: WakeLog, inputs: Inputs, *, wait: bool) -> WakeLog:
    """The log; with ``--wait``, after the calls in it have ended."""
    if not wait:
        return log
    from reconciler.deploy.invocation import wait_for_calls

    return run(wait_for_calls(log, inputs.environment.modal))


def _show(news: News, form: str, *, alone: bool = False) -> None:
    if form == "json":
        records = [record.to_json() for record in news.log.records]
        notifications = [sending.to_json() for sending in news.log.sendings]
        data = {
            "format": OUTPUT_FORMAT,
            "records": records,
            "notifications": notifications,
            "processed_before": [
                {
                    "occurrence": line.occurrence.id,
                    "state": line.state.value,
                    "reason": line.reason,
                }
                for line in news.before
            ],
        }
        print_json(data)
    else:
        show(wake_text(news.log, Style.of(sys.stdout), alone=alone, before=news.before))


def _say_that_it_is_early(log: WakeLog, as_if: int) -> None:
    """Say that ``--at`` with a future time really started runs: people expect a dry run."""
    begun = {record.name for record in log.records if record.call and record.times == (as_if,)}
    if begun:
        forgotten = instant(as_if) - datetime.fromisoformat(log.started) > CLAIM_LIFE
        again = (
            "a wake starts the same again, because claims expire after a week"
            if forgotten
            else "no wake starts the same again"
        )
        say(
            f"{format_minute(as_if)} is in the future. Started now for that time: "
            f"{', '.join(sorted(begun))}. At that time {again}."
        )


def _verdict(log: WakeLog) -> int:
    missed = missed_names(log.records)
    if missed:
        say(f"Missed: {', '.join(missed)}.")
    failed = {RunState.FAILED, RunState.TIMED_OUT, RunState.START_FAILED}
    return 1 if any(record.state in failed for record in log.records) else 0


def _stopped(look: str, goes_on: bool) -> StoppedError:
    """The error when a signal ends the wait for a wake or its runs."""
    if goes_on:
        return StoppedError(
            "no lease is held, and the started runs continue",
            remedy="Look at its outcome later",
            command=look,
        )
    return StoppedError(
        "no lease is held, and the started runs end with the embedded engine, which this command "
        "had started",
        remedy="Keep `reconcile engine` running, so that runs continue.",
    )
