"""``reconcile backfill``: plan and start runs of the past, and decide about those that run."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from reconciler.cli.confirmation import confirmed, holder
from reconciler.cli.connection import ask, connected, open_query, open_workspace
from reconciler.cli.damaged import warn_of_damage
from reconciler.cli.input_files import read_text
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.options.backfilling import ACTIONS
from reconciler.cli.signals import run, stopping
from reconciler.cli.terminal import say
from reconciler.cli.times import read_time
from reconciler.cron import minute, tzinfo_named
from reconciler.deploy.backfills import BackfillDesk
from reconciler.disk import write_whole
from reconciler.dispatch.adapters.modal_calls import ModalCaller
from reconciler.errors import ReconcileError, RefusedError, StoppedError, command_line
from reconciler.manifest.moment import MomentError, parse_day_or_moment
from reconciler.model.backfill import SHOWN, Backfill, Only
from reconciler.model.occurrence import Occurrence
from reconciler.plan.backfill import (
    CAP,
    MOST_PARALLEL,
    BackfillPlan,
    BackfillRequest,
    require_same,
)
from reconciler.query.backfill_plan import plan
from reconciler.query.backfill_status import BackfillStatus
from reconciler.query.backfills import (
    backfill_details,
    find_backfill,
    list_backfills,
)
from reconciler.query.reruns import live_record
from reconciler.render.backfill_line import backfill_line
from reconciler.render.backfills import (
    details_json,
    details_text,
    list_json,
    list_text,
    plan_json,
    plan_text,
)
from reconciler.render.style import Style
from reconciler.words import count

_USAGE = "See reconcile backfill --help"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """The options, as they are given."""

    env: str | None
    schedules: str | None
    words: list[str]
    first: str | None
    until: str | None
    only: str
    parallel: int
    reverse: bool
    allow: int
    dry_run: bool
    out: str | None
    plan: str | None
    yes: bool
    kill: bool
    form: str


def main(**given: Any) -> int:
    """Plan and start a backfill, or decide about one. Returns the exit code.

    Args:
        given: the fields of :class:`BackfillOptions`; also options of ``reconcile`` itself.
    """
    options = BackfillOptions(**{one.name: given[one.name] for one in fields(BackfillOptions)})
    match options.words:
        case ["list"]:
            return _list(options)
        case [action, digest] if action in ACTIONS[1:]:
            return _decide(options, action, digest)
        case [action, *_] if action in ACTIONS:
            what = "nothing more" if action == "list" else "the DIGEST of a backfill"
            raise ReconcileError(f"backfill {action} takes {what}", remedy=_USAGE)
        case [name]:
            return _start(options, name)
        case [] if options.plan is not None:
            return _start(options, None)
        case _:
            raise ReconcileError("one NAME is expected", remedy=_USAGE)


def _start(options: BackfillOptions, name: str | None) -> int:
    inputs = read_inputs(options.env, options.schedules)
    saved = None if options.plan is None else _saved(options.plan)
    if saved is not None and name not in (None, saved.name):
        raise ReconcileError(
            f"{options.plan} is a backfill of {saved.name}, not of {name}", remedy=_USAGE
        )
    with connected(inputs) as goes_on:
        if saved is not None and (known := run(_known(inputs, saved))) is not None:
            return _go_on(options, inputs, known)
        planned = _planned(options, inputs, name, saved)
        if options.form == "json":
            print_json(plan_json(planned))
        else:
            print(plan_text(planned))
        if saved is not None:
            require_same(planned, saved, str(options.plan))
        backfill = planned.backfill
        if not backfill.runs and saved is None:
            return 0
        if options.out is not None:
            write_whole(Path(options.out), backfill.encode())
            command = command_line(f"backfill --plan {options.out}", options.env)
            say(f"Saved. To start exactly this: {command}")
        if options.dry_run or options.out is not None:
            return 0
        asked = f"Start {len(backfill.runs):,} runs in {inputs.environment.name}?"
        if saved is None and not options.yes and not confirmed(asked):
            say("Nothing was started.")
            return 1
        with stopping(_stopped(goes_on=goes_on)):
            _run(options, inputs, backfill)
    return 0


async def _known(inputs: Inputs, saved: Backfill) -> BackfillStatus | None:
    """How a saved plan stands that was started before; None when it was not."""
    ports = open_query(inputs)
    if await ports.files.read(saved.path) is None:
        return None
    return await find_backfill(ports.files, ports.claims, saved.digest)


def _go_on(options: BackfillOptions, inputs: Inputs, known: BackfillStatus) -> int:
    """Say how a plan stands that was started before, and complete a start that was cut short."""
    print(backfill_line(known, Style.of(sys.stdout)))
    say("It was started before, and starts nothing twice.")
    if known.end is None and not options.dry_run:
        run(_desk(inputs).start(known.backfill))
    return 0


def _run(options: BackfillOptions, inputs: Inputs, backfill: Backfill) -> None:
    from reconciler.deploy.invocation import call_dispatcher

    settings = inputs.environment
    run(_desk(inputs).start(backfill))
    run(call_dispatcher(settings.app, settings.modal, backfill=backfill.digest))
    status = run(_find(inputs, backfill.digest))
    digest = backfill.digest[:SHOWN]
    look = command_line(f"backfill show {digest}", options.env)
    say(f"Backfill {digest} is {status.word}. See how it goes: {look}")


def _planned(
    options: BackfillOptions, inputs: Inputs, name: str | None, saved: Backfill | None
) -> BackfillPlan:
    ports, settings = open_query(inputs), inputs.environment
    if saved is not None:
        request = BackfillRequest(
            name=saved.name,
            first=saved.first,
            until=saved.until,
            only=saved.only,
            parallel=saved.parallel,
            reverse=saved.reverse,
        )
    else:
        assert name is not None
        _, record = run(live_record(ports, settings, name))
        request = BackfillRequest(
            name=record.name,
            first=_minute("--from", options.first, record.timezone),
            until=_minute("--to", options.until, record.timezone),
            only=Only(options.only),
            parallel=options.parallel,
            reverse=options.reverse,
        )
    if request.parallel > MOST_PARALLEL:
        raise RefusedError(
            f"--parallel {request.parallel} is more than {MOST_PARALLEL}",
            remedy=f"Choose at most {MOST_PARALLEL}: one wake starts them all.",
        )
    found = run(plan(ports, settings, request, allow=options.allow or CAP))
    warn_of_damage(found.damaged)
    return found.plan


def _minute(option: str, text: str | None, zone: str) -> int:
    """The epoch minute of a time; a day, or a time without an offset, is in the schedule's zone."""
    if text is None:
        raise ReconcileError(f"{option} is missing", remedy=_USAGE)
    now = datetime.now(UTC)
    try:
        if text == "now" or text[:1] in ("+", "-"):
            return minute(read_time(text, now))
        if not text[:4].isdecimal():
            # `yesterday` and `07:50` are those of the zone, not of UTC.
            there = now.astimezone(tzinfo_named(zone)).replace(tzinfo=UTC)
            text = f"{read_time(text, there):%Y-%m-%dT%H:%M}"
        return minute(parse_day_or_moment(text, zone))
    except MomentError as error:
        raise ReconcileError(f"{option}: {error.message}", remedy=error.remedy) from error
    except ValueError as error:
        raise ReconcileError(f"{option}: {error}", remedy=_USAGE) from error


def _saved(file: str) -> Backfill:
    return Backfill.decode(read_text(Path(file)).encode(), file)


def _list(options: BackfillOptions) -> int:
    inputs = read_inputs(options.env, options.schedules)
    with connected(inputs):
        ports = open_query(inputs)
        found = ask(inputs, list_backfills(ports.files, ports.claims))
    if options.form == "json":
        print_json(list_json(found))
    else:
        print(list_text(found, Style.of(sys.stdout)))
    return 0


def _decide(options: BackfillOptions, action: str, digest: str) -> int:
    inputs = read_inputs(options.env, options.schedules)
    with connected(inputs):
        if action == "show":
            return _show(options, inputs, digest)
        status = run(_find(inputs, digest))
        backfill, desk = status.backfill, _desk(inputs)
        shown = backfill.digest[:SHOWN]
        if status.end is not None:
            raise ReconcileError(
                f"backfill {shown} is {status.word}, since {status.end.at}",
                remedy="See it",
                command=f"backfill show {shown}",
            )
        if action == "cancel":
            _cancel(options, desk, status)
        elif action == "pause":
            run(desk.pause(backfill.digest))
            print(f"Backfill {shown} is paused. What was started goes on.")
        else:
            _resume(inputs, desk, status)
            print(f"Backfill {shown} is running.")
    return 0


def _cancel(options: BackfillOptions, desk: BackfillDesk, status: BackfillStatus) -> None:
    backfill = status.backfill

    def tell(line: str) -> None:
        say(line)

    calls = run(desk.cancel(backfill, tell))
    print(f"Backfill {backfill.digest[:SHOWN]} is cancelled: none of its runs starts any more.")
    if options.kill:
        print(f"Ended {count(run(desk.kill(calls)), 'running run')}.")
    elif calls:
        print(f"{len(calls)} of its runs are still running; cancel --kill would have ended them.")


def _resume(inputs: Inputs, desk: BackfillDesk, status: BackfillStatus) -> None:
    from reconciler.deploy.invocation import call_dispatcher

    settings, digest = inputs.environment, status.backfill.digest
    seen: tuple[Occurrence, ...] = ()
    if status.progress is None:
        found = ask(inputs, backfill_details(open_query(inputs), settings, digest))
        seen = tuple(one.occurrence for one in found.runs)
    run(desk.resume(status.backfill, seen))
    run(call_dispatcher(settings.app, settings.modal, backfill=digest))


def _show(options: BackfillOptions, inputs: Inputs, digest: str) -> int:
    found = ask(inputs, backfill_details(open_query(inputs), inputs.environment, digest))
    if options.form == "json":
        print_json(details_json(found))
    else:
        print(details_text(found, Style.of(sys.stdout), options.env))
    return 0


async def _find(inputs: Inputs, digest: str) -> BackfillStatus:
    ports = open_query(inputs)
    return await find_backfill(ports.files, ports.claims, digest)


def _desk(inputs: Inputs) -> BackfillDesk:
    workspace = open_workspace(inputs)
    return BackfillDesk(
        files=workspace.files,
        claims=workspace.claims,
        caller=ModalCaller(inputs.environment.modal),
        clock=workspace.clock,
        by=holder().owner,
        token=uuid4().hex,
    )


def _stopped(*, goes_on: bool) -> StoppedError:
    if not goes_on:
        return StoppedError(
            "the backfill may have been stored; it runs while `reconcile engine` does",
            remedy="Start the engine, then run it again, which starts nothing twice.",
        )
    return StoppedError(
        "the backfill may have been stored, and wakes then start its runs",
        remedy="See whether it is there",
        command="backfill list",
    )
