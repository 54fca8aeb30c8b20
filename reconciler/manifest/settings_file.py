"""Reads and checks `reconciler.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path as FilePath

from reconciler.alerts import Alerts
from reconciler.durations import parse_duration
from reconciler.manifest.alert_overrides import ONE_KEY_EACH, SecretKeys, defaults
from reconciler.manifest.cloudflare_form import (
    ALERT_AFTER,
    CloudflareForm,
    cloudflare_settings,
)
from reconciler.manifest.code_semantics import (
    LIST_IT,
    RESERVED_PREFIXES,
    code_faults,
    duration_faults,
    not_listed,
    read_options,
    unlisted,
)
from reconciler.manifest.code_target import AS_MODAL, CodeOptions
from reconciler.manifest.document import Document, documents
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.files import read_file, too_large
from reconciler.manifest.manifest_form import CodeDefaultsForm
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.settings import (
    LOCAL,
    DeletionThreshold,
    EnvironmentOverrides,
    Settings,
)
from reconciler.manifest.settings_form import UNLIMITED, EnvironmentForm, SettingsForm
from reconciler.manifest.validation import check
from reconciler.manifest.web_form import web_settings
from reconciler.manifest.web_settings import WebSettings

SETTINGS_FILE = "reconciler.yaml"
SHORTEST_HISTORY = timedelta(days=8)
LONGEST_HISTORY = timedelta(days=36_500)


def load_settings(root: FilePath, shown: str = SETTINGS_FILE) -> Settings:
    """The settings of the repository at `root`; the defaults if it has no `reconciler.yaml`.

    Args:
        shown: the path of the file in messages.

    Raises:
        ManifestError: with all problems of the file.
    """
    path = root / SETTINGS_FILE
    if not path.exists() and not path.is_symlink():
        return Settings()
    content = read_file(path, shown)
    if isinstance(content, Problem):
        raise ManifestError([content])
    return parse_settings(content, file=shown)


def parse_settings(content: bytes, *, file: str = SETTINGS_FILE) -> Settings:
    """The settings from the content of the file, for example of a git revision.

    A file with only comments means the defaults.

    Raises:
        ManifestError: with all problems of the file.
    """
    oversized = too_large(len(content), file)
    if oversized:
        raise ManifestError([oversized])
    found = list(documents(content, file))
    problems = [document for document in found if isinstance(document, Problem)]
    read = [document for document in found if isinstance(document, Document)]
    problems.extend(
        Problem("a second document", document.location, "write all settings in one document")
        for document in read[1:]
    )
    settings = _settings(read[0]) if read else Settings()
    if isinstance(settings, list):
        problems.extend(settings)
    if problems or isinstance(settings, list):
        raise ManifestError(problems)
    return settings


def _settings(document: Document) -> Settings | list[Problem]:
    form = check(document.value, SettingsForm)
    if not isinstance(form, SettingsForm):
        return [*document.problems, *document.locate_all(form)]
    faults: list[Fault] = []
    if form.schedules is not None and ".." in form.schedules.split("/"):
        faults.append(
            Fault(
                path=("schedules",),
                message="`schedules` must stay inside the repository",
                remedy="remove `..`",
            )
        )
    if form.history is not None and parse_duration(form.history) < SHORTEST_HISTORY:
        faults.append(
            Fault(
                path=("history",),
                message="`history` must be at least 8d",
                remedy="wakes need a week of history to recover lost state; write 8d or more",
            )
        )
    elif form.history is not None and parse_duration(form.history) > LONGEST_HISTORY:
        faults.append(
            Fault(
                path=("history",),
                message=f"`history` must be at most {LONGEST_HISTORY.days}d",
                remedy="write a shorter time; the limit is a hundred years",
            )
        )
    faults.extend(_default_faults(form))
    faults.extend(_cloudflare_faults(form))
    if faults:
        return [*document.problems, *document.locate_all(faults)]
    settings = _typed(form)
    faults.extend(_unlisted_variables(settings))
    faults.extend(_clashing_keys(settings))
    faults.extend(_shared_apps(settings))
    faults.extend(_workers_without_web(settings))
    faults.extend(_shared_workers(settings))
    problems = [*document.problems, *document.locate_all(faults)]
    return problems or settings


def _typed(form: SettingsForm) -> Settings:
    usual = Settings()
    deletes = form.deletes
    return Settings(
        app=form.app or usual.app,
        schedules=form.schedules or usual.schedules,
        packing=form.packing or usual.packing,
        crons=usual.crons if form.crons is None else _limit(form.crons),
        reserve=form.reserve or 0,
        punctuality=(
            usual.punctuality if form.punctuality is None else parse_duration(form.punctuality)
        ),
        deletes=DeletionThreshold(deletes.percent, deletes.least) if deletes else usual.deletes,
        history=usual.history if form.history is None else parse_duration(form.history),
        tasks=None if form.tasks is None else form.tasks.resolution,
        alerts=None if form.alerts is None else defaults(form.alerts),
        web=None if form.web is None else web_settings(form.web),
        cloudflare=None if form.cloudflare is None else cloudflare_settings(form.cloudflare),
        defaults=_options(form.defaults),
        from_env=tuple(form.from_env or ()),
        environments={
            name: _overrides(environment) for name, environment in (form.environments or {}).items()
        },
    )


def _options(form: CodeDefaultsForm | None) -> CodeOptions:
    return AS_MODAL if form is None else read_options(form)


def _default_faults(form: SettingsForm) -> Iterator[Fault]:
    """What is wrong with `defaults`, those of the environments included, and with `from_env`."""
    given: list[tuple[Path, CodeDefaultsForm | None]] = [(("defaults",), form.defaults)]
    given += [
        (("environments", name, "defaults"), environment.defaults)
        for name, environment in (form.environments or {}).items()
    ]
    for path, defaults_form in given:
        if defaults_form is not None:
            yield from code_faults(defaults_form, path)
            yield from duration_faults(defaults_form, path)
    for index, variable in enumerate(form.from_env or ()):
        if variable.startswith(RESERVED_PREFIXES):
            yield Fault(
                path=("from_env", index),
                message=f"`{variable}` cannot be given to a function: it is a variable of the "
                "platform",
                remedy="remove it",
            )


def _cloudflare_faults(form: SettingsForm) -> Iterator[Fault]:
    """What is wrong with `cloudflare`, the overrides of environments included."""
    given: list[tuple[Path, CloudflareForm | None]] = [(("cloudflare",), form.cloudflare)]
    given += [
        (("environments", name, "cloudflare"), environment.cloudflare or None)
        for name, environment in (form.environments or {}).items()
    ]
    for path, worker in given:
        if worker is None:
            continue
        shortest, longest = ALERT_AFTER
        if not shortest <= parse_duration(worker.alert_after) <= longest:
            yield Fault(
                path=(*path, "alert_after"),
                message="`alert_after` must be 1m to 1d",
                remedy="write a time in between; the Worker counts it from the first failure",
            )


def _workers_without_web(settings: Settings) -> Iterator[Fault]:
    """Faults of Workers in environments that deploy no HTTP API, at the key that is to blame."""
    paths: list[Path] = []
    if not settings.declared and settings.cloudflare is not None and not _is_served(settings.web):
        paths.append(("cloudflare",))
    for name, own in settings.environments.items():
        found = settings.environment(name)
        if found.cloudflare is None or _is_served(found.web):
            continue
        if own.cloudflare is not None:
            paths.append(("environments", name, "cloudflare"))
        else:
            paths.append(("cloudflare",) if own.web is None else ("environments", name, "web"))
    for path in dict.fromkeys(paths):
        yield Fault(
            path=path,
            message="`cloudflare` needs the HTTP API, which the Worker calls",
            remedy="add `web: {auth: NAME}` with the name of a Modal Secret; see docs/web.md"
            + ("" if len(path) == 1 else "; or write `cloudflare: false` for this environment"),
            at_key=True,
        )


def _is_served(web: WebSettings | None) -> bool:
    return web is not None and web.auth is not None


def _shared_workers(settings: Settings) -> Iterator[Fault]:
    """Faults of environments that name one Worker: each apply would replace the other's."""
    owners: dict[tuple[str, str | None], str] = {}
    for name in settings.environments:
        found = settings.environment(name).cloudflare
        if found is None:
            continue
        first = owners.setdefault((found.account, found.worker), name)
        if first != name:
            yield Fault(
                path=("environments", name),
                message=f"`{name}` and `{first}` use the same Worker, {found.worker}: each apply "
                "would replace the other's",
                remedy="leave out `worker`, or override `cloudflare` in one of them",
                at_key=True,
            )


def _unlisted_variables(settings: Settings) -> Iterator[Fault]:
    given: list[tuple[Path, CodeOptions]] = [(("defaults",), settings.defaults)]
    given += [
        (("environments", name, "defaults"), own.defaults)
        for name, own in settings.environments.items()
    ]
    for path, options in given:
        for variable in unlisted(options, settings.from_env):
            yield Fault(path=(*path, "secrets"), message=not_listed(variable), remedy=LIST_IT)


def _clashing_keys(settings: Settings) -> Iterator[Fault]:
    keys = SecretKeys()
    declared: list[tuple[Path, Alerts | None]] = [(("alerts",), settings.alerts)]
    declared += [
        (("environments", name, "alerts"), own.alerts[0])
        for name, own in settings.environments.items()
        if own.alerts is not None
    ]
    for path, alerts in declared:
        for recipient in () if alerts is None else alerts.rule.to:
            clash = keys.clash(recipient.address)
            if clash is not None:
                yield Fault(path=(*path, "to"), message=clash, remedy=ONE_KEY_EACH)


def _shared_apps(settings: Settings) -> Iterator[Fault]:
    """Faults of environments that name one app: each apply would delete the other's schedules.

    `local` is on the embedded engine and shares no app with the others.
    """
    owners: dict[tuple[str, str], str] = {}
    for name in settings.environments:
        if name == LOCAL:
            continue
        found = settings.environment(name)
        first = owners.setdefault((found.modal, found.app), name)
        if first != name:
            yield Fault(
                path=("environments", name),
                message=f"`{name}` and `{first}` use the same app, {found.app} in Modal "
                f"environment `{found.modal}`: each apply would delete the other's schedules",
                remedy="give one of them another `modal` or another `app`",
                at_key=True,
            )


def _overrides(form: EnvironmentForm) -> EnvironmentOverrides:
    return EnvironmentOverrides(
        modal=form.modal,
        app=form.app,
        packing=form.packing,
        crons=None if form.crons is None else (_limit(form.crons),),
        reserve=form.reserve,
        alerts=None if form.alerts is None else (defaults(form.alerts),),
        web=None if form.web is None else (web_settings(form.web) if form.web else None,),
        cloudflare=(
            None
            if form.cloudflare is None
            else (cloudflare_settings(form.cloudflare) if form.cloudflare else None,)
        ),
        defaults=_options(form.defaults),
    )


def _limit(crons: int | str) -> int | None:
    return None if crons == UNLIMITED else int(crons)
