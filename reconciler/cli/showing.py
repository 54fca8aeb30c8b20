"""How a plan is shown: as text, as JSON or as the comment on a pull request."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json
from reconciler.github.actions import repository_url
from reconciler.plan import Plan
from reconciler.render.plan_text import plan_text
from reconciler.render.style import Style

MARKDOWN = "markdown"


def show(plan: Plan, form: str) -> None:
    """Print the plan.

    Args:
        form: ``text``, ``json`` or ``markdown``.
    """
    if form == "json":
        from reconciler.render.plan_document import plan_document

        text = in_json(plan_document(plan).model_dump_json(indent=2))
    elif form == MARKDOWN:
        from reconciler.render.plan_markdown import Made, plan_markdown

        text = plan_markdown(plan, Made(at=datetime.now(UTC), repository=repository_url()))
    else:
        text = plan_text(plan, Style.of(sys.stdout))
    print(text, flush=True)


def show_failure(environment: str, error: ReconcileError, form: str) -> None:
    """Print what went wrong where a comment would otherwise read as if all were well."""
    if form == MARKDOWN:
        from reconciler.render.plan_markdown import Made, failure_markdown

        made = Made(at=datetime.now(UTC), repository=repository_url())
        print(failure_markdown(environment, error, made), flush=True)


def show_applied(plan: Plan, form: str) -> None:
    """Print that the plan was carried out."""
    if form == MARKDOWN:
        from reconciler.render.plan_markdown import applied_markdown

        print(applied_markdown(plan.generation.digest), flush=True)
    print(f"Applied: generation {plan.generation.digest[:12]} is live.", file=sys.stderr)
