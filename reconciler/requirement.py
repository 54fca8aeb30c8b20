"""Checks that the packages that a command needs are installed, in versions that can be used."""

from __future__ import annotations

import re
from importlib import import_module, metadata, util
from typing import Final

from reconciler.errors import ReconcileError

PACKAGE: Final = "schedule-reconciler"
NEEDED: Final = "modal"
WEB: Final = ("jinja2", "jwt", "prometheus_client", "starlette", "uvicorn")
"""The modules of the extra ``web``."""

_LEAST: Final = re.compile(rf"{NEEDED}(?:\[.*\])?\s*\(?>=\s*([0-9.]+)")

_RELEASE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)*)(.*)")


class UnusableModalError(ReconcileError):
    """The package modal is missing, too old or broken."""


def require_modal() -> None:
    """Check that modal is new enough, without importing it.

    Raises:
        UnusableModalError: it is missing or too old.
    """
    least = least_modal()
    try:
        found = metadata.version(NEEDED)
    except metadata.PackageNotFoundError:
        if util.find_spec(NEEDED) is None:
            raise _unusable(least, "it is not installed") from None
        return  # present without metadata: importing it shows whether it is usable
    if least is not None and _is_older(found, least):
        raise _unusable(least, f"found {found}")


def broken_modal(error: BaseException) -> UnusableModalError | None:
    """The error to report for a failed import; None when modal itself can be imported.

    Args:
        error: the failure of an import somewhere in this package.
    """
    try:
        import_module(NEEDED)
        import_module(f"{NEEDED}.types")
    except Exception as cause:  # noqa: BLE001 - a broken package may raise anything
        error = cause
    else:
        if not isinstance(error, ImportError) or not (error.name or "").startswith(NEEDED):
            return None
    where = util.find_spec(NEEDED)
    origin = "" if where is None or where.origin is None else f" (from {where.origin})"
    text = " ".join(str(error).split())
    return _unusable(least_modal(), f"found one that cannot be imported{origin}: {text}")


def require_web() -> None:
    """Check that the packages of the extra ``web`` are installed, without importing them.

    Raises:
        ReconcileError: one is missing.
    """
    missing = [name for name in WEB if util.find_spec(name) is None]
    if missing:
        raise ReconcileError(
            f"the dashboard needs {', '.join(missing)}, which are not installed"
            if len(missing) > 1
            else f"the dashboard needs {missing[0]}, which is not installed",
            remedy=f"Install the extra: python -m pip install '{PACKAGE}[web]'",
        )


def least_modal() -> str | None:
    """The lowest version that this package's metadata allows; None without metadata."""
    try:
        requirements = metadata.requires(PACKAGE) or ()
    except metadata.PackageNotFoundError:
        return None
    found = (_LEAST.match(one) for one in requirements)
    return next((one[1] for one in found if one is not None), None)


def _is_older(version: str, least: str) -> bool:
    found = _RELEASE.match(version)
    if found is None:
        return True
    numbers, wanted = _numbers(found[1]), _numbers(least)
    # A pre-release comes before its release; modal names its own `1.6.4.dev3`.
    return numbers < wanted or (
        numbers == wanted and bool(re.match(r"[._-]?(a|b|rc|dev)", found[2]))
    )


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.strip(".").split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _unusable(least: str | None, found: str) -> UnusableModalError:
    needed = NEEDED if least is None else f"{NEEDED}>={least}"
    return UnusableModalError(
        f"needs {needed}, {found}",
        remedy=f"Install it in reconcile's environment: python -m pip install --upgrade '{needed}'",
    )
