"""Our app: a function per slot and one without a cron, all the same dispatcher; the supervisor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import modal

import reconciler
from reconciler.cron.zone_files import tz_version, tzdata_version
from reconciler.dispatch.adapters.volume_files import MOUNT_POINT
from reconciler.dispatch.wake.entrypoint import wake
from reconciler.dispatch.wake.supervisor import SUPERVISED_AT_ONCE, SUPERVISOR_TIMEOUT, supervise
from reconciler.model.claim import WAKE_TIMEOUT
from reconciler.model.generation import APP_VARIABLE, ON_DEMAND, SLOT_VARIABLE, SUPERVISOR, Slot
from reconciler.plan.price import SCALEDOWN

PYTHON: Final = "3.12"
"""Python of the dispatcher's image; the code runs on every version that we support."""
PACKAGES: Final = ("cron", "dispatch", "model")
MODULES: Final = (
    "__init__.py",
    "alerts.py",
    "attempts.py",
    "disk.py",
    "durations.py",
    "errors.py",
    "foreign_text.py",
    "policies.py",
    "redaction.py",
)
"""What of our source runs inside Modal; the rest stays out of the container."""


def build_app(
    name: str,
    slots: Sequence[Slot],
    tags: Mapping[str, str],
    volume: modal.Volume,
    secrets: Sequence[modal.Secret] = (),
) -> modal.App:
    """Define the app; nothing is sent anywhere.

    Args:
        name: of the app.
        tags: what the app is tagged with.
        volume: ours, where the dispatcher finds the generation.
        secrets: where the addresses are that alerts and pings go to.
    """
    app = modal.App(name, tags=dict(tags), include_source=False)
    image = (
        modal.Image.debian_slim(python_version=PYTHON)
        .pip_install(f"tzdata=={tzdata_version()}")
        .add_local_python_source("reconciler", ignore=lambda path: not runs_inside(path))
    )

    def add(function: str, schedule: modal.Cron | None) -> None:
        app.function(
            name=function,
            schedule=schedule,
            image=image,
            env={APP_VARIABLE: name, SLOT_VARIABLE: function},
            volumes={MOUNT_POINT: volume},
            secrets=secrets,
            max_containers=1,
            scaledown_window=int(SCALEDOWN.total_seconds()),
            timeout=int(WAKE_TIMEOUT.total_seconds()),
            include_source=False,
        )(wake)

    for slot in slots:
        add(slot.name, modal.Cron(slot.cron, timezone=slot.timezone))
    add(ON_DEMAND, None)
    app.function(
        name=SUPERVISOR,
        image=image,
        env={APP_VARIABLE: name},
        secrets=secrets,
        scaledown_window=int(SCALEDOWN.total_seconds()),
        timeout=int(SUPERVISOR_TIMEOUT.total_seconds()),
        include_source=False,
    )(modal.concurrent(max_inputs=SUPERVISED_AT_ONCE)(supervise))
    return app


def runs_inside(path: Path) -> bool:
    """Whether a file of our package belongs into the dispatcher's container.

    Args:
        path: relative to the package, or absolute.
    """
    root = package_folder()
    relative = path.relative_to(root) if path.is_absolute() else path
    if relative.suffix != ".py":
        return False
    return str(relative) in MODULES or relative.parts[0] in PACKAGES


@cache
def dispatcher_digest() -> str:
    """A digest of all that makes up a deployed dispatcher but its slots.

    Two machines with the same version of this package agree on it.
    """
    root = package_folder()
    seen = sha256(f"{PYTHON} {tz_version()} {tzdata_version()} {SCALEDOWN} {WAKE_TIMEOUT}".encode())
    for path in sorted(root.rglob("*.py")):
        if runs_inside(path):
            seen.update(path.relative_to(root).as_posix().encode())
            seen.update(path.read_bytes())
    return f"{reconciler.__version__}-{seen.hexdigest()[:12]}"


def package_folder() -> Path:
    """Where our package is installed."""
    (folder,) = reconciler.__path__
    return Path(folder)
