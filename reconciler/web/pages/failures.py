"""What a page shows when its question has no answer: what is known, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.web.problems import MODAL_SILENT, RequestError

UNKNOWN_SCHEDULE: Final = "unknown-schedule"
"""The kind of the error of a page that asks for a schedule that is not there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A page in place of another.

    Attributes:
        title: the headline.
        text: what is known.
        steps: what to do, and the command that does it.
        otherwise: what else a person may look for, and the command that shows it.
        back: where else to look; empty where there is nothing to see.
    """

    title: str
    text: str
    steps: tuple[tuple[str, str], ...] = ()
    otherwise: tuple[str, str] | None = None
    back: str = ""


def failure_of(error: RequestError, environment: str, app: str) -> Failure:
    """The page for an error.

    Args:
        environment: as the command line names it.
        app: the name of the dispatcher's app.
    """
    if error.kind == "nothing-applied":
        return Failure(
            "Nothing is applied yet",
            f"Modal answers, and environment {environment} has no app {app}. So there is "
            "nothing to show and nothing runs.",
            (
                ("Write a schedule", "reconcile init"),
                ("See what would happen", f"reconcile plan --env {environment}"),
                ("Apply it", f"reconcile --env {environment}"),
            ),
            ("Looking for another environment?", "reconcile dashboard --env NAME"),
        )
    if error.kind == MODAL_SILENT:
        return Failure(
            "No answer from Modal",
            "What is live is not known now. Schedules run inside Modal and do not need this page; "
            f"whether they run now is unknown until Modal answers. {error.what}.",
        )
    if error.kind == "modal-refused":
        return Failure(
            "Modal refused this dashboard's token",
            f"{error.what}. Trying again will not help.",
            (("See what is wrong.", f"reconcile doctor --env {environment}"),),
        )
    remedy = "" if error.remedy is None else f" {error.remedy}"
    what = error.what[:1].upper() + error.what[1:]
    if error.kind == UNKNOWN_SCHEDULE:
        return Failure(what, remedy.strip(), back="/schedules")
    if error.status == 404:
        return Failure("There is no such page", f"{what}.{remedy}", back="/schedules")
    return Failure("This page cannot be shown", f"{what}.{remedy}")
