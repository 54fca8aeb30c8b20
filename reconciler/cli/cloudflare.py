"""``reconcile cloudflare``: take over a Worker, or write ours as files for wrangler."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli.confirmation import confirmed
from reconciler.cli.inputs import read_inputs
from reconciler.cli.signals import run
from reconciler.cli.source import desired_of, read_source
from reconciler.cli.terminal import say
from reconciler.cron import minute
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Actual, make_plan
from reconciler.plan.worker_tags import adopted, owners_of, worker_owner


def adopt(*, env: str | None, schedules: str | None, owner: str | None, yes: bool) -> int:
    """Take over the Worker of this name, which the next apply replaces. Returns the exit code."""
    from reconciler.deploy.cloudflare.account import CloudflareWorkers

    inputs = read_inputs(env, schedules)
    found = inputs.environment.cloudflare
    if found is None:
        raise _no_worker(inputs.environment.name)
    identity = desired_of(inputs, (), whole=False).owner.identity
    ours = worker_owner(identity.digest, inputs.environment)
    name, workers = found.worker or "", CloudflareWorkers(dict(os.environ))
    account = run(workers.observe(found.account, name))
    if account.own is None:
        raise ReconcileError(
            f"there is no Worker {name} to adopt", remedy="Run reconcile: it deploys one."
        )
    theirs = owners_of(account.own)
    if ours in theirs:
        raise ReconcileError(f"the Worker {name} is ours already", remedy="Run reconcile.")
    if theirs and owner not in theirs:
        raise RefusedError(
            f"the Worker {name} belongs to another repository or app ({theirs[0]})",
            remedy="If it is meant to be taken from there",
            command=f"cloudflare adopt --from {theirs[0]}",
        )
    crons = ", ".join(account.crons.get(name, ())) or "none"
    print(f"The next apply replaces the Worker {name} and its cron triggers ({crons}).")
    if not yes and not confirmed(f"Adopt it for {identity}?"):
        say("Nothing was changed.")
        return 1
    run(workers.tag(found.account, name, adopted(account.own, ours)))
    say("Adopted. Run reconcile to see what the next apply does.")
    return 0


def _no_worker(environment: str) -> ReconcileError:
    return ReconcileError(
        f"the settings of `{environment}` have no `cloudflare:`",
        remedy="Add `cloudflare: {account: …}`; docs/cloudflare.md says how.",
    )


def export(*, env: str | None, schedules: str | None, folder: str, url: str) -> int:
    """Write the files; neither Modal nor Cloudflare is asked. Returns the exit code."""
    from reconciler.deploy.cloudflare.wrangler import wrangler_files

    source = read_source(env, schedules, None, may_be_empty=True)
    desired = source.desired()
    planned = make_plan(desired, Actual(own=None, revision=""), minute(datetime.now(UTC))).worker
    if planned is None:
        raise _no_worker(desired.settings.name)
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
