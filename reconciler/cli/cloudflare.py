"""``reconcile cloudflare export``: the Worker as files for wrangler. It asks nothing of anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli.source import read_source
from reconciler.cli.terminal import say
from reconciler.cron import minute
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError
from reconciler.plan import Actual, make_plan


def export(*, env: str | None, schedules: str | None, folder: str, url: str) -> int:
    """Write the files. Returns the exit code."""
    from reconciler.deploy.cloudflare.wrangler import wrangler_files

    source = read_source(env, schedules, None, may_be_empty=True)
    desired = source.desired()
    planned = make_plan(desired, Actual(own=None, revision=""), minute(datetime.now(UTC))).worker
    if planned is None:
        name = desired.settings.name
        raise ReconcileError(
            f"the settings of `{name}` have no `cloudflare:`",
            remedy="Add `cloudflare: {account: …}`; docs/cloudflare.md says how.",
        )
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, content in wrangler_files(planned, url).items():
        write_whole(target / name, content.encode())
        print(target / name)
    say(
        f"Then, in {folder}: wrangler d1 create {planned.name}, put its id into wrangler.jsonc, "
        f"wrangler d1 execute {planned.name} --remote --file schema.sql, wrangler secret put KEY, "
        "wrangler deploy. Leave `cloudflare:` out of the settings of an apply: it would replace "
        "this Worker."
    )
    return 0
