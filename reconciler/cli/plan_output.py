"""Prints a plan as text, as JSON or as the comment on a pull request."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.terminal import fitted, say
from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json
from reconciler.manifest.discovery import repository_root, settings_root, shown_from
from reconciler.plan import Plan
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.render.plan_markdown import Made

MARKDOWN = "markdown"
SARIF = "sarif"


def made_now(applied: str | None = None) -> Made:
    """When and where a comment is made: in this clone, and by this job where there is one.

    Args:
        applied: the environment of which it has to say how it is applied.
    """
    from reconciler.github.apply_workflow import how_applied
    from reconciler.github.job import head_commit, links
    from reconciler.render.plan_markdown import Made

    here = Path.cwd()
    root = settings_root(here)
    top = repository_root(here) or root
    folder = shown_from(top, root)
    return Made(
        at=datetime.now(UTC),
        links=links(),
        head=head_commit(),
        folder="" if folder == "." else folder,
        applied=None if applied is None else how_applied(top, applied, folder, _reviewers),
    )


def _reviewers(environment: str) -> tuple[str, ...] | None:
    """Ask GitHub once, as the running job; None when it is not a job, or there is no answer."""
    if not os.environ.get("GITHUB_TOKEN") or not os.environ.get("GITHUB_REPOSITORY"):
        return None
    from reconciler.github.api import Repository
    from reconciler.github.apply_workflow import required_reviewers

    try:
        return required_reviewers(replace(Repository.of_job(), pauses=()), environment)
    except ReconcileError:
        return None


def show(plan: Plan, form: str) -> None:
    """Print the plan.

    Args:
        form: ``text``, ``json``, ``markdown`` or ``sarif``.
    """
    if form == "json":
        from reconciler.render.plan_document import plan_document

        text = in_json(plan_document(plan).model_dump_json(indent=2))
    elif form == SARIF:
        from reconciler.render.sarif import Result, sarif

        findings = () if plan.judgement is None else plan.judgement.findings
        text = in_json(sarif(map(Result.of_finding, findings)))
    elif form == MARKDOWN:
        from reconciler.render.plan_markdown import plan_markdown

        text = plan_markdown(plan, made_now(plan.environment))
    else:
        text = fitted(plan_text(plan, Style.of(sys.stdout)), sys.stdout)
    print(text, flush=True)


def show_failure(environment: str, error: ReconcileError, form: str) -> None:
    """Print what went wrong where a comment would otherwise read as if all were well."""
    if form == MARKDOWN:
        from reconciler.render.plan_markdown import failure_markdown

        print(failure_markdown(environment, error, made_now()), flush=True)


def show_applied(plan: Plan, form: str) -> None:
    """Print that the plan was carried out."""
    if form == MARKDOWN:
        from reconciler.render.plan_markdown import applied_markdown

        print(applied_markdown(plan.generation.digest), flush=True)
    say(f"Applied: generation {plan.generation.digest[:12]} is live.")
