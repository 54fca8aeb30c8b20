"""What is live: every app of the workspace, our pointer and the generation that it names.

Unknown is never absent: whatever cannot be read raises, and so becomes an error of the plan instead
of a deletion. What can be read and makes no sense is damage, which an apply repairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.deploy.apply_records import newest_number, read_record
from reconciler.deploy.generation_files import read_generation
from reconciler.deploy.lost import find_lost, protected_names
from reconciler.deploy.ports import Apps, DeployedApp, Files, UnknownAccountError, Workers
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims
from reconciler.manifest import EnvironmentSettings
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import FormatError, NewerFormatError
from reconciler.model.generation import Generation, generation_path
from reconciler.model.pointer import (
    POINTER_PATH,
    PROTECTED_KEY,
    Pointer,
    decode_pointer,
    read_protection,
)
from reconciler.plan import Actual, DeployedCron, OwnApp, Touch, Unread
from reconciler.plan.state import LiveAccount, LiveTarget
from reconciler.plan.tags import GENERATION_TAG, is_target_of, tag_value
from reconciler.plan.target_names import beginning
from reconciler.plan.web_app import is_web_of
from reconciler.plan.worker_tags import applied_worker, key_of, key_secret


async def observe(
    settings: EnvironmentSettings,
    apps: Apps,
    files: Files,
    claims: Claims,
    *,
    workers: Workers | None = None,
    alone: bool = False,
) -> Actual:
    """Read what is live.

    Args:
        workers: the Workers on Cloudflare; None where they are not asked about.
        alone: read our own app only, and nothing of what others have deployed.

    Raises:
        UnavailableError: something could not be read.
        NewerFormatError: a newer version wrote what is live.
    """
    deployed, ((pointer, pointer_damage), volume), (cursor, entry) = await together(
        _own_app(apps) if alone else apps.deployed(),
        together(read_pointer(files), files.volume()),
        together(claims.get(CURSOR_KEY), claims.get(PROTECTED_KEY)),
    )
    found = cursor_of(cursor)
    known = found if isinstance(found, Cursor) else None
    own = next((app for app in deployed if _is_own(app, settings)), None)
    stopped = None if own is not None else await _stopped(apps, files, pointer)
    live, live_damage = None, None
    if pointer is not None:
        live, live_damage = await read_generation(files, pointer.generation)
    moved = pointer_damage is not None or _is_moved(own, pointer)
    applied = await _read_applied(files, own, pointer)
    protection = read_protection(entry)
    lost = None
    if applied is None and (live is None or live_damage is not None):
        was_applied = own is not None and GENERATION_TAG in own.tags
        if was_applied or pointer is not None or pointer_damage is not None:
            lost = await find_lost(files, pointer, known, protection)
    generations = [one for one in (live, applied) if one is not None]
    code_targets = await _code_targets(deployed, settings, generations, apps)
    account, unknown, keys = await _worker(settings, own, apps, workers)
    return Actual(
        code_targets=code_targets,
        own=None if own is None else _own(own),
        stopped=stopped,
        foreign=_foreign(deployed, settings),
        unread=_unread(deployed, settings),
        targets={
            app.name: frozenset(function.name for function in app.functions if not function.server)
            for app in deployed
            if app.environment == settings.modal and app.unread is None
        },
        servers={
            app.name: frozenset(function.name for function in app.functions if function.server)
            for app in deployed
            if app.environment == settings.modal
        },
        pointer=pointer,
        pointer_damage=pointer_damage,
        pointer_written=await _written_at(files, POINTER_PATH) if moved else None,
        live=live,
        live_damage=live_damage,
        live_written=(
            await _written_at(files, generation_path(pointer.generation))
            if pointer is not None and live_damage is not None
            else None
        ),
        applied=applied,
        lost=lost,
        volume=volume,
        protected=protected_names(
            own, pointer, [one for one in (live, applied) if one is not None], lost, protection
        ),
        renames=(None if protection is None else protection.renames) or {},
        through=None if known is None else known.through,
        wake_seconds=() if known is None else known.took,
        wakes={} if known is None else known.wakes,
        cloudflare=account,
        cloudflare_unknown=unknown,
        worker_keys=keys,
        number=max(
            # The previous version applies without a number, and its pointer then has none.
            (None if pointer is None else pointer.number) or await newest_number(files),
            *(one.number for one in (live, applied) if one is not None),
            (known.number if known is not None else None) or 0,
        ),
    )


async def _worker(
    settings: EnvironmentSettings, own: DeployedApp | None, apps: Apps, workers: Workers | None
) -> tuple[LiveAccount | None, str | None, frozenset[int]]:
    """The Cloudflare account of our Worker, else why it is unknown, and the keys in Modal."""
    applied = None if own is None else applied_worker(own.tags)
    found = settings.cloudflare
    if (found is None and applied is None) or workers is None:
        return None, None, frozenset()
    account = found.account if found is not None else applied.account if applied else ""
    name = (found.worker if found is not None else None) or (applied.name if applied else "")
    try:
        live = await workers.observe(account, name)
    except UnknownAccountError as error:
        return None, error.what, frozenset()
    numbers = {key_of(live.own or ()), 0 if applied is None else applied.key}
    numbers |= {0 if found is None else found.key}
    secrets = {key_secret(settings.app, number): number for number in numbers if number}
    return live, None, frozenset(secrets[one] for one in await apps.secrets_among(secrets))


async def _own_app(apps: Apps) -> Sequence[DeployedApp]:
    own = await apps.own()
    return () if own is None else (own,)


async def read_pointer(files: Files) -> tuple[Pointer | None, str | None]:
    content = await files.read(POINTER_PATH)
    if content is None:
        return None, None
    try:
        return decode_pointer(content), None
    except NewerFormatError:
        raise
    except FormatError as error:
        return None, error.what


async def _read_applied(
    files: Files, own: DeployedApp | None, pointer: Pointer | None
) -> Generation | None:
    """The generation that the app is tagged with, when it is whole and not the live one.

    A tag holds the beginning of a digest only; the file is found by listing.
    """
    tagged = None if own is None else own.tags.get(GENERATION_TAG)
    if not tagged or (pointer is not None and tag_value(pointer.generation) == tagged):
        return None
    folder = generation_path("").rpartition("/")[0]
    for path in await files.list(folder):
        digest = path.rpartition("/")[2].removesuffix(".jsonl")
        if tag_value(digest) == tagged:
            generation, damage = await read_generation(files, digest)
            return generation if damage is None else None
    return None


def _is_moved(own: DeployedApp | None, pointer: Pointer | None) -> bool:
    """Whether the pointer names another generation than the one that the app is tagged with."""
    if own is None or pointer is None:
        return False
    return own.tags.get(GENERATION_TAG) != tag_value(pointer.generation)


async def _written_at(files: Files, path: str) -> str | None:
    """When a file was written; as with :func:`_stopped`, not knowing it holds up nothing."""
    try:
        return await files.written_at(path)
    except UnavailableError:
        return None


async def _stopped(apps: Apps, files: Files, pointer: Pointer | None) -> Touch | None:
    """Who stopped the app that the last apply left behind, as far as Modal says it.

    Nothing is decided by it, so whatever stands in its way must not hold up the repair.
    """
    try:
        record = await read_record(files, pointer)
        return await apps.stopped(record.app) if record is not None and record.app else None
    except (FormatError, UnavailableError):
        return None


async def _code_targets(
    deployed: Sequence[DeployedApp],
    settings: EnvironmentSettings,
    generations: Sequence[Generation],
    apps: Apps,
) -> Mapping[str, LiveTarget]:
    """The apps with names as code targets of ours have. Of those that no generation names it is
    asked whether calls are open."""
    named = {target.app for generation in generations for target in generation.targets}
    found = [
        app
        for app in deployed
        if app.environment == settings.modal
        and app.name.startswith(beginning(settings.app))
        and app.unread is None
    ]

    async def described(app: DeployedApp) -> LiveTarget:
        functions = {function.name: function.options for function in app.functions}
        busy = None
        retires = app.name not in named and is_target_of(app.tags, settings.app)
        if retires or is_web_of(app.tags, settings.app):
            busy = await apps.is_busy(app.name, functions)
        return LiveTarget(
            app=app.name,
            id=app.id,
            tags=app.tags,
            functions=functions,
            deployed=app.deployed,
            busy=busy,
        )

    described_apps = await together(*(described(app) for app in found))
    return {target.app: target for target in described_apps}


def _own(app: DeployedApp) -> OwnApp:
    return OwnApp(
        slots=tuple(sorted(f.cron for f in app.functions if f.cron is not None)),
        functions=tuple(sorted(function.name for function in app.functions)),
        tags=app.tags,
        deployed=app.deployed,
        id=app.id,
    )


def _foreign(
    deployed: Sequence[DeployedApp], settings: EnvironmentSettings
) -> tuple[DeployedCron, ...]:
    return tuple(
        sorted(
            DeployedCron(app.environment, app.name, function.name, function.schedule)
            for app in deployed
            if not _is_own(app, settings)
            for function in app.functions
            if function.schedule is not None
        )
    )


def _unread(deployed: Sequence[DeployedApp], settings: EnvironmentSettings) -> tuple[Unread, ...]:
    found = [
        Unread(app.environment, app.name, "", app.unread)
        for app in deployed
        if app.unread is not None
    ]
    found += [
        Unread(app.environment, app.name, function.name, function.unread, function.schedule)
        for app in deployed
        if not _is_own(app, settings)
        for function in app.functions
        if function.unread is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.environment, one.app, one.function)))


def _is_own(app: DeployedApp, settings: EnvironmentSettings) -> bool:
    return (app.environment, app.name) == (settings.modal, settings.app)
