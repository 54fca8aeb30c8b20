"""What our app is made of: its functions, what they carry, and what of our source runs in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import modal
import pytest

import reconciler
from reconciler.deploy.deployment import (
    build_app,
    dispatcher_digest,
    package_folder,
    runs_inside,
)
from reconciler.dispatch.adapters.volume_files import MOUNT_POINT
from reconciler.dispatch.wake.entrypoint import wake
from reconciler.model.generation import CRONLESS, Slot

VOLUME = modal.Volume.from_name("ours", environment_name="main")
SECRET = modal.Secret.from_name("alerting", environment_name="main")


@pytest.fixture
def defined(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What Modal's client is asked to define: the name of each function to the rest."""
    found: dict[str, dict[str, Any]] = {}

    def function(_app: modal.App, *, name: str, **given: Any) -> Callable[[Any], Any]:
        found[name] = given

        def of(body: Any) -> Any:
            given["body"] = body
            return body

        return of

    monkeypatch.setattr(modal.App, "function", function)
    slots = [Slot("a", "0 6 * * *"), Slot("old", "0 7 * * *", "Asia/Tokyo")]
    build_app("ours", slots, {"managed-by": "schedule-reconciler"}, VOLUME, [SECRET])
    return found


def test_every_slot_is_a_function_with_its_cron_and_the_others_have_none(
    defined: dict[str, dict[str, Any]],
) -> None:
    assert list(defined) == ["a", "old", *CRONLESS]
    crons = {
        name: (cron.cron_string, cron.timezone)
        for name, given in defined.items()
        if given.get("schedule") is not None
        for cron in (given["schedule"].proto_message.cron,)
    }
    assert crons == {"a": ("0 6 * * *", "UTC"), "old": ("0 7 * * *", "Asia/Tokyo")}


def test_all_but_the_supervisor_are_the_dispatcher_one_container_at_a_time(
    defined: dict[str, dict[str, Any]],
) -> None:
    (supervisor,) = [name for name, given in defined.items() if given["body"] is not wake]
    for name, given in defined.items():
        assert given["secrets"] == [SECRET]
        assert given["env"]["RECONCILER_APP"] == "ours"
        assert given["scaledown_window"] == 2
        assert given["include_source"] is False
        assert "retries" not in given
        if name != supervisor:
            assert given["max_containers"] == 1
            assert given["volumes"] == {MOUNT_POINT: VOLUME}
            assert given["env"]["RECONCILER_SLOT"] == name


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("__init__.py", True),
        ("errors.py", True),
        ("cron/zone.py", True),
        ("dispatch/wake.py", True),
        ("plan/plan.py", False),
        ("words.py", False),
        ("cron/notes.txt", False),
        ("py.typed", False),
    ],
)
def test_what_the_dispatcher_imports_is_in_its_container_and_nothing_else(
    path: str, inside: bool
) -> None:
    assert runs_inside(Path(path)) is runs_inside(package_folder() / path) is inside


def test_the_digest_names_the_version_and_is_the_same_each_time() -> None:
    version, _, digest = dispatcher_digest().rpartition("-")
    assert version == reconciler.__version__
    assert len(digest) == 12
    dispatcher_digest.cache_clear()
    assert dispatcher_digest() == f"{version}-{digest}"
