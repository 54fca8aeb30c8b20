"""One issue for the drift of an environment: opened, updated, and closed when it is healed."""

from __future__ import annotations

from typing import Final

from reconciler.github.comment import is_ours
from reconciler.github.github import GitHub

LABEL: Final = "schedule-drift"


def keep_issue(github: GitHub, environment: str, body: str, *, drifted: bool, run: str) -> str:
    """Make the issue say what is the case.

    Args:
        body: its first line is the marker by which it is found again.
        drifted: whether what is live differs from git.
        run: where the run can be seen; empty when there is no such place.

    Returns:
        What was done, for the log.
    """
    marker = body.partition("\n")[0]
    seen = f"\n\nSeen by {run}" if run else ""
    for issue in github.each("issues", state="open", labels=LABEL):
        if "pull_request" in issue or not is_ours(issue, marker):
            continue
        number = issue["number"]
        if drifted:
            github.send("PATCH", f"issues/{number}", body=body + seen)
            return f"Issue {number} is up to date."
        github.send("POST", f"issues/{number}/comments", body=f"Healed.{seen}")
        github.send("PATCH", f"issues/{number}", state="closed", state_reason="completed")
        return f"Issue {number} is closed: what is live is what git says."
    if not drifted:
        return "No drift, and no issue about any."
    github.send(
        "POST",
        "issues",
        title=f"Schedules: {environment} is not what git says",
        body=body + seen,
        labels=[LABEL],
    )
    return "An issue was opened."
