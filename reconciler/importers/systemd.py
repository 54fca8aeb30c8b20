"""A timer unit of systemd.

Source: systemd.timer(5). Times of `OnCalendar` are imported. Timers that count from the boot, from
the unit's last run and the like have no times that a plan could name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from reconciler.errors import ReconcileError
from reconciler.importers.clock_rules import SYSTEMD
from reconciler.importers.dialects import UnclearError
from reconciler.importers.draft import Draft, ImportedFile, Remark, RemarkKind
from reconciler.importers.systemd_calendar import SystemdTimes, from_calendar

_FALSE: Final = frozenset({"0", "no", "false", "off", "n", "f"})
_SPREAD: Final = "systemd spreads the start at random: write a minute of its own instead"
_REASONS: Final = {
    "OnActiveSec": "counts from the timer's activation, which Modal does not have",
    "OnBootSec": "counts from the boot, which Modal does not have",
    "OnStartupSec": "counts from the start of systemd, which Modal does not have",
    "OnUnitActiveSec": "counts from the last run: write an interval of the clock such as `15m`",
    "OnUnitInactiveSec": "counts from the end of the last run: write an interval such as `15m`",
    "AccuracySec": "say how late it may run as `tolerance`",
    "FixedRandomDelay": _SPREAD,
    "RandomizedDelaySec": _SPREAD,
    "RandomizedOffsetSec": _SPREAD,
    "WakeSystem": "Modal does not sleep",
    "Unit": "write what the service runs as a Modal function",
}
_NO_COUNTERPART: Final = "a manifest has no such setting"
_PASSIVE: Final = {("Install", "WantedBy"): "timers.target", ("Timer", "Persistent"): None}
"""Settings that need no remark: with this value, or with any."""


class _Setting(NamedTuple):
    """One assignment of a unit file."""

    line: int
    section: str
    key: str
    value: str


def read_systemd(text: str, stem: str, timezone: str | None) -> ImportedFile:
    """Read a timer unit.

    Args:
        stem: the name of its file without `.timer`.
        timezone: of the machine, where that is known; for expressions without a zone.

    Raises:
        ReconcileError: it is not a timer unit.
    """
    settings = list(_settings(text))
    if not any(setting.section == "Timer" for setting in settings):
        raise ReconcileError("is not a timer unit: it has no section [Timer]")
    return ImportedFile.of(_items(settings, stem, timezone))


def _items(settings: list[_Setting], stem: str, timezone: str | None) -> Iterator[Draft | Remark]:
    unit = next((s.value for s in settings if s.key == "Unit" and s.section == "Timer"), "")
    name = (unit or stem).removesuffix(".service")
    description = next((s.value for s in settings if s.key == "Description"), None)
    calendars = []
    for setting in settings:
        if (setting.section, setting.key) == ("Timer", "OnCalendar"):
            calendars.append(setting)
            if not setting.value:  # an empty assignment resets the list
                calendars.clear()
        elif remark := _remark(setting):
            yield remark
    yield from _drafts(calendars, name, description, timezone, dict(_keys(settings)))


def _drafts(
    calendars: list[_Setting],
    name: str,
    description: str | None,
    timezone: str | None,
    keys: dict[str, Any],
) -> Iterator[Draft | Remark]:
    """One draft for the expressions that agree in zone and `exclude`."""
    groups: dict[tuple[str | None, tuple[str, ...]], list[tuple[_Setting, SystemdTimes]]] = {}
    for setting in calendars:
        try:
            found = from_calendar(setting.value)
        except UnclearError as error:
            yield Remark(setting.line, f"OnCalendar={setting.value}", str(error))
            continue
        key = (found.zone or timezone, found.cron.exclude)
        groups.setdefault(key, []).append((setting, found))
    for (zone, exclude), members in groups.items():
        yield Draft(
            line=members[0][0].line,
            name=name,
            schedule=tuple(dict.fromkeys(found.cron.schedule for _, found in members)),
            timezone=zone,
            description=description,
            origin=", ".join(f"OnCalendar={setting.value}" for setting, _ in members),
            keys={**({"exclude": list(exclude)} if exclude else {}), **keys},
            clock=SYSTEMD,
        )


def _keys(settings: list[_Setting]) -> Iterator[tuple[str, Any]]:
    for setting in settings:
        if setting.key == "Persistent" and setting.value.lower() in _FALSE:
            yield "catchup", "none"


def _remark(setting: _Setting) -> Remark | None:
    if setting.key == "Description" or not setting.value:
        return None
    if _REASONS.get(setting.key) is _SPREAD and setting.value.lower() in _FALSE:
        return None
    wanted = _PASSIVE.get((setting.section, setting.key), "")
    if wanted in {None, setting.value}:
        return None
    reason = _REASONS.get(setting.key, _NO_COUNTERPART)
    kind = RemarkKind.DIFFERS if reason is _SPREAD else RemarkKind.NOT_TRANSLATED
    return Remark(setting.line, f"{setting.key}={setting.value}", reason, kind)


def _settings(text: str) -> Iterator[_Setting]:
    """The assignments of a unit file; a line that ends in a backslash goes on in the next one."""
    section = ""
    pending = ""
    first = 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not pending:
            first = number
        if line.startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            pending += f"{line[:-1].strip()} "
            continue
        line, pending = f"{pending}{line}".strip(), ""
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        if equals:
            yield _Setting(first, section, key.strip(), value.strip())
        elif line:
            raise ReconcileError(f"is not a unit file: line {first} is not an assignment")
