"""The backfills of an environment, and how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once, together
from reconciler.dispatch.ports import Claims
from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings
from reconciler.model.backfill import (
    BACKFILLS_FOLDER,
    Backfill,
    BackfillEnd,
    active_digests,
    ended_digests,
    ended_path,
    plan_path,
    progress_key,
    progress_of,
    state_key,
    state_of,
)
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.occurrence import Occurrence
from reconciler.query.backfill_status import BackfillDetails, BackfillList, BackfillStatus
from reconciler.query.live_runs import with_open_calls
from reconciler.query.nothing_found import NothingFoundError
from reconciler.query.ports import QueryPorts


async def list_backfills(files: Files, claims: Claims, *, over: bool = True) -> BackfillList:
    """The backfills.

    Args:
        over: also those that are over.

    Raises:
        UnavailableError: Modal did not answer.
    """
    paths = await files.list(BACKFILLS_FOLDER)
    active = active_digests(paths)
    digests = [*active, *(ended_digests(paths) if over else ())]
    if not digests:
        return BackfillList()
    found = await at_once(_status(files, claims, one) for one in digests)
    entry = await claims.get(CURSOR_KEY)
    cursor = cursor_of(entry)
    keys = (*cursor.calls.values(), *cursor.pending) if isinstance(cursor, Cursor) else ()
    busy = [one for one in map(Occurrence.parse, keys) if one.is_rerun]
    read = [_with_open(one, busy) for one in found if isinstance(one, BackfillStatus)]
    read.sort(key=lambda one: one.backfill.at, reverse=True)
    read.sort(key=lambda one: one.end is not None)
    return BackfillList(tuple(read), tuple(one for one in found if isinstance(one, Damaged)))


def _with_open(status: BackfillStatus, busy: Sequence[Occurrence]) -> BackfillStatus:
    if not busy:
        return status
    own = frozenset(status.backfill.runs)
    return replace(status, open=sum(run in own for run in busy))


async def _status(files: Files, claims: Claims, digest: str) -> BackfillStatus | Damaged:
    path = plan_path(digest)
    content, over = await together(files.read(path), files.read(ended_path(digest)))
    state, progress = await together(
        claims.get(state_key(digest)), claims.get(progress_key(digest))
    )
    try:
        if content is None:
            return Damaged(path, "it is gone, and its end is there")
        return BackfillStatus(
            backfill=Backfill.decode(content, path),
            end=None if over is None else BackfillEnd.decode(over, ended_path(digest)),
            state=state_of(state, digest),
            progress=progress_of(progress, digest),
        )
    except FormatError as error:
        return Damaged(error.where or path, error.what)


async def find_backfill(files: Files, claims: Claims, digest: str) -> BackfillStatus:
    """The backfill whose digest begins so.

    Raises:
        NothingFoundError: there is none, or there are several.
        FormatError: its plan cannot be read.
        UnavailableError: Modal did not answer.
    """
    paths = await files.list(BACKFILLS_FOLDER)
    digests = {path.rpartition("/")[2].partition(".")[0] for path in paths}
    meant = sorted(one for one in digests if one.startswith(digest.lower()))
    if len(meant) != 1 or not digest:
        what = "there is no backfill" if not meant else f"{len(meant)} backfills begin with"
        raise NothingFoundError(f"{what} {digest!r}", remedy="List them", command="backfill list")
    found = await _status(files, claims, meant[0])
    if isinstance(found, Damaged):
        raise FormatError(found.why, where=found.where)
    return found


async def backfill_details(
    ports: QueryPorts, settings: EnvironmentSettings, digest: str
) -> BackfillDetails:
    """One backfill with its runs.

    Raises:
        NothingFoundError: there is none, or there are several whose digest begins so.
        FormatError: its plan cannot be read.
        UnavailableError: Modal did not answer.
    """
    status = await find_backfill(ports.files, ports.claims, digest)
    backfill = status.backfill
    generation = await RemoteGenerations(ports.files).live()
    if generation is None:
        raise ReconcileError(
            f"nothing was applied to {settings.name} yet", remedy="Run reconcile first."
        )
    wanted = frozenset(backfill.runs)
    names = frozenset(run.name for run in backfill.runs)
    history = await ports.history.read_back(
        lambda _known: names.__contains__, days=generation.history_days, since=backfill.at
    )
    runs = [run for run in history.ordered if run.occurrence in wanted]
    runs = await with_open_calls(runs, ports.caller)
    outcomes = Counter(run.state.value for run in runs)
    outcomes["not started"] += len(wanted) - len(runs)
    return BackfillDetails(
        replace(status, open=sum(run.is_open for run in runs)),
        tuple(runs),
        {state: count for state, count in outcomes.items() if count},
        tuple(history.damaged),
    )
