"""Every fake lets others run once between what it reads and its answer, as a real port does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.alerts import Address
from reconciler.deploy.fakes import FakeApps, FakeFiles, FakeWorkers
from reconciler.dispatch.adapters.in_memory import (
    FakeCaller,
    FakeClaims,
    FakeGenerations,
    FakeMessenger,
    FakeRunLog,
    FakeTaskFiles,
)
from reconciler.model.runs_file import WakeLog, format_time
from reconciler.plan.web_app import PlannedWeb
from tests.contracts.test_target_ports import planned
from tests.contracts.test_workers import NOON, PLANNED

LOG = WakeLog(
    wake="fc-1",
    slot="poller",
    started=format_time(datetime(2026, 11, 20, tzinfo=UTC)),
    now=0,
    generation="",
    through=None,
    pending={},
    records=(),
)
TARGET = planned("name: a\nschedule: 1h\ncode: jobs/rates.py::refresh\n", "app")
WEB = PlannedWeb("app-web", "secret", {"web": {"proxy_auth": False}}, "runtime")
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "FakeApps.build_image": (TARGET, "here"),
    "FakeApps.require_objects": (TARGET, {"secrets": "here", "volumes": "here"}),
    "FakeApps.deploy": ((), {}, {}),
    "FakeApps.deploy_target": (TARGET, {}, {}, "here"),
    "FakeApps.deploy_web": (WEB, {}),
    "FakeApps.is_busy": ("app", {}),
    "FakeApps.own_schedules": ((),),
    "FakeApps.remove_target": ("app",),
    "FakeApps.require_secrets": ({},),
    "FakeApps.remove_secret": ("secret",),
    "FakeApps.secrets_among": (["secret"],),
    "FakeApps.set_tags": ({},),
    "FakeApps.store_secret": ("secret", {}),
    "FakeApps.web_address": ("app-web",),
    "FakeApps.stopped": ("ap-1",),
    "FakeCaller.cancel": ("fc-1",),
    "FakeCaller.look_up": ("shop", "sync"),
    "FakeCaller.start": ("shop", "sync", {}),
    "FakeCaller.start_with": ("shop", "sync", {}, {}),
    "FakeCaller.status": ("fc-1",),
    "FakeCaller.supervise": ({"app": "shop", "function": "sync"},),
    "FakeCaller.wait": ("fc-1", None),
    "FakeClaims.get": ("key",),
    "FakeClaims.put": ("key", {}),
    "FakeClaims.put_new": ("key", {}),
    "FakeFiles.list": ("runs",),
    "FakeFiles.read": ("current.json",),
    "FakeFiles.remove": ("current.json",),
    "FakeFiles.sizes": ("runs",),
    "FakeFiles.write": ("current.json", b""),
    "FakeFiles.written": ("runs",),
    "FakeFiles.written_at": ("current.json",),
    "FakeMessenger.send": (Address(url="https://a.example"), "", b""),
    "FakeRunLog.recent": (7,),
    "FakeRunLog.write": (LOG,),
    "FakeTaskFiles.change": ({},),
    "FakeTaskFiles.read": ("tasks/a.json",),
    "FakeTaskFiles.remove_empty_buckets": ("2026-11-20",),
    "FakeWorkers.delete": ("account", "wakes", ["ours"]),
    "FakeWorkers.deploy": (PLANNED, "https://example.com", {}, str),
    "FakeWorkers.look": ("account", "wakes", NOON),
    "FakeWorkers.observe": ("account", "wakes"),
    "FakeWorkers.tag": ("account", "wakes", ["ours"]),
}
YIELDS = {
    "FakeApps.deploy": 2,
    "FakeApps.deploy_target": 2,
    "FakeTaskFiles.remove_empty_buckets": 0,
}
"""Of a call that makes another one, and of one that neither reads nor changes anything."""
FAKES = (
    FakeApps,
    FakeCaller,
    FakeClaims,
    FakeFiles,
    FakeGenerations,
    FakeMessenger,
    FakeRunLog,
    FakeTaskFiles,
    FakeWorkers,
)
CALLS = [
    (fake, name)
    for fake in FAKES
    for name, method in inspect.getmembers(fake, inspect.iscoroutinefunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize(
    ("fake", "name"), CALLS, ids=[f"{fake.__name__}.{name}" for fake, name in CALLS]
)
def test_a_call_of_a_fake_lets_others_run_once(fake: Callable[[], Any], name: str) -> None:
    key = f"{fake.__name__}.{name}"
    call: Coroutine[Any, Any, Any] = getattr(fake(), name)(*ARGUMENTS.get(key, ()))
    for _ in range(YIELDS.get(key, 1)):
        assert call.send(None) is None, "no timer and no real wait"
    with pytest.raises(StopIteration):
        call.send(None)
