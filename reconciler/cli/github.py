"""``reconcile github``: the comment on a pull request, and the issue about drift."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from reconciler.cli.inputs import environment_name
from reconciler.cli.plan_output import made_now
from reconciler.cli.terminal import say
from reconciler.errors import ReconcileError, one_line
from reconciler.github.api import Repository
from reconciler.github.comment import put_comment
from reconciler.github.drift_issue import keep_issue
from reconciler.github.job import pull_request, run_url
from reconciler.github.review import not_known, reviewed_plans, verdict
from reconciler.render.plan_markdown import (
    cancelled_markdown,
    failure_markdown,
    plan_in,
    untouched_markdown,
)


def comment(*, env: str | None, untouched: bool, cancelled: bool, file: str | None) -> int:
    """Put what a plan printed onto the pull request that the job runs for."""
    repository = Repository.of_job()
    number = pull_request()
    if number is None:
        raise ReconcileError(
            "this job does not run for a pull request",
            remedy="Call it in a workflow with `on: pull_request`.",
        )
    if file is None or untouched or cancelled:
        write = cancelled_markdown if cancelled else untouched_markdown
        put_comment(repository, number, write(environment_name(env), made_now()), existing=True)
    else:
        stranger = put_comment(repository, number, _read(env, file))
        if stranger is not None:
            print(
                f"warning: a comment of {stranger} begins like ours. Whether {stranger} may write "
                "to this repository is not known, so it stays, and a new comment was written.",
                "  If the token is of this account: give the step `${{ github.token }}` instead.",
                sep="\n",
                file=sys.stderr,
            )
    return 0


def drift(*, env: str | None, code: int, file: str) -> int:
    """Make the environment's drift issue say what a dry run found."""
    environment, folder = environment_name(env), made_now().folder
    where = f" in {folder}" if folder else ""
    done = keep_issue(
        Repository.of_job(),
        f"Schedules: {environment}{where} is not what git says",
        _read(env, file),
        drifted=code != 0,
        run=run_url() or "",
    )
    say(done)
    return 0


def reviewed(*, env: str | None, file: str, offline: str | None) -> int:
    """Say whether a plan is the one that the merged pull request's comment shows.

    The answer is for the people who approve the apply. A failure is reported to them, and
    never fails the job, which would keep the merge from being applied.
    """
    try:
        said = _compared(env, file, offline)
    except ReconcileError as error:
        said = not_known(one_line(error))
    except Exception as error:  # noqa: BLE001 - see above
        said = not_known(type(error).__name__)
    print(f"\n{said}")
    return 0


def _compared(env: str | None, file: str, printed_offline: str | None) -> str:
    text = _read(env, file)
    planned = plan_in(text)
    if planned is None:
        return not_known(f"{file} shows no plan")
    offline = None
    if printed_offline and Path(printed_offline).is_file():
        offline = plan_in(Path(printed_offline).read_text(encoding="utf-8"))
    commit, marker = os.environ.get("GITHUB_SHA", ""), text.partition("\n")[0]
    found = list(reviewed_plans(Repository.of_job(), commit, marker))
    return verdict(planned.digest, offline.digest if offline else None, found)


def _read(env: str | None, file: str) -> str:
    """What was printed; where nothing was, a comment that says so and not an old, green one."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    if text.strip():
        return text
    error = ReconcileError(
        "it ended before it could say why", remedy=f"See {run_url() or 'the log of its job'}"
    )
    return failure_markdown(environment_name(env), error, made_now())
