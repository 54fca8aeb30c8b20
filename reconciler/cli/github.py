"""``reconcile github``: the comment on a pull request, and the issue about drift."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli.inputs import environment_name
from reconciler.errors import ReconcileError, one_line
from reconciler.github.actions import repository_url, run_url
from reconciler.github.comment import put_comment
from reconciler.github.drift_issue import keep_issue
from reconciler.github.github import Repository
from reconciler.github.review import named_plans, verdict
from reconciler.render.markdown import prose
from reconciler.render.plan_markdown import Made, digest_in, failure_markdown


def comment(args: Namespace) -> int:
    """Put what a plan printed onto the pull request that the job runs for."""
    put_comment(Repository.of_job(), _pull_request(), _read(args))
    return 0


def drift(args: Namespace) -> int:
    """Make the environment's drift issue say what a dry run found."""
    done = keep_issue(
        Repository.of_job(),
        environment_name(args),
        _read(args),
        drifted=args.code != 0,
        run=run_url() or "",
    )
    print(done, file=sys.stderr)
    return 0


def reviewed(args: Namespace) -> int:
    """Say whether a plan is the one that the merged pull request's comment names.

    What stands in the way of knowing is told, and holds up nothing: the answer is for people.
    """
    text = _read(args)
    planned = digest_in(text)
    if planned is None:
        raise ReconcileError(
            "shows no plan", where=args.file, remedy="Give what --format markdown printed."
        )
    commit, first = os.environ.get("GITHUB_SHA", ""), text.partition("\n")[0]
    try:
        named = list(named_plans(Repository.of_job(), commit, first, digest_in))
    except ReconcileError as error:
        told = one_line(error)
        print(f"\n⚠️ Whether this is the plan that was reviewed is not known: {prose(told)}")
        return 0
    print(f"\n{verdict(planned, named)}")
    return 0


def _read(args: Namespace) -> str:
    """What was printed; where nothing was, a comment that says so and not an old, green one."""
    try:
        text = Path(args.file).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    if text.strip():
        return text
    made = Made(at=datetime.now(UTC), repository=repository_url())
    error = ReconcileError("it ended before it could say why", remedy=f"See {run_url()}")
    return failure_markdown(environment_name(args), error, made)


def _pull_request() -> int:
    try:
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
        return int(event["pull_request"]["number"])
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ReconcileError(
            "this job does not run for a pull request",
            remedy="Call it in a workflow with `on: pull_request`.",
        ) from error
