"""``cloudflare:`` in the settings, end to end: the apply deploys to a fake of Cloudflare's API, and
what it uploaded runs on the Workers runtime and wakes the engine's dispatcher."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.cloudflare.fake_cloudflare import TOKEN, FakeCloudflare, serving
from tests.end_to_end.project import Project
from tests.engine_fixture import until
from tests.node_fixture import NodeWorkers, Worker, workers

__all__ = ["workers"]

NAMES = [f"job-{number}" for number in range(10)]
NAME = "schedule-reconciler-local"


def settings(mode: str) -> str:
    """The Worker of the engine's environment."""
    account = "0" * 32
    return (
        "web: {auth: web-tokens}\nenvironments:\n  local:\n"
        f"    cloudflare: {{account: {account!r}, mode: {mode}}}\n"
    )


@contextmanager
def running(workers: NodeWorkers, fake: FakeCloudflare) -> Iterator[Worker]:
    """The Worker as it was uploaded, with its own bindings."""
    uploaded = fake.scripts[NAME]
    texts = {one["name"]: one["text"] for one in uploaded["bindings"] if "text" in one}
    worker = workers.start(uploaded["modules"], texts, d1=True, queue=True)
    for statement in fake.tables[fake.databases[NAME]]:
        worker.rows(statement)
    yield worker
    worker.stop()


def have_started(project: Project, wanted: set[str]) -> bool:
    """Whether all of these occurrences have run."""
    return wanted <= set(project.marks())


def test_the_uploaded_worker_starts_ten_schedules_once_in_both_modes(
    make_project: Callable[..., Project], workers: NodeWorkers
) -> None:
    project = make_project()
    project.write(
        "every.yaml",
        "---\n".join(
            f'name: {name}\nschedule: "* * * * *"\nfunction: shop/sync\n'
            'args: {occurrence: "${occurrence.id}"}\n'
            for name in NAMES
        ),
    )
    project.engine.modal("secret", "create", "web-tokens", f"WEB_COOKIE_KEY={'k' * 32}")
    started: set[str] = set()
    with serving() as fake:
        variables = {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_API_BASE_URL": fake.url}
        for mode in ("tick", "triggers"):
            (project.root / "reconciler.yaml").write_text(settings(mode))
            done = project.applied(**variables)
            assert f"Worker {NAME} is deployed" in done.out + done.err
            assert project.reconcile("--dry-run", "--detailed-exitcode", **variables).code == 0
            with running(workers, fake) as worker:
                minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
                for _ in range(2):  # at least once
                    worker.tick(minute, "* * * * *")
                rows = worker.rows("SELECT outcome, status, error FROM attempts")
                assert [(one["outcome"], one["status"]) for one in rows] == [("accepted", 202)] * 2
                wanted = {f"{name}@{minute:%Y-%m-%dT%H:%MZ}" for name in NAMES}
                until(partial(have_started, project, wanted), 120)
                started |= set(project.marks())
        assert project.marks() == sorted(started)
        status = json.loads(project.reconcile("status", "--format", "json").out)
        assert status["worker"]["source"] == f"cloudflare/{NAME}"
        assert status["worker"]["last_wake"] is not None
        plan = json.loads(project.reconcile("--dry-run", "--format", "json", **variables).out)
        assert [slot["slot"] for slot in plan["slots"]] == ["safety_tick"]
        assert plan["worker"]["alone"]
