"""One issue for the drift of an environment: opened, updated, and closed when it is resolved."""

from __future__ import annotations

from typing import Final

from reconciler.github.api import GitHub
from reconciler.github.comment import is_ours

LABEL: Final = "schedule-drift"


def keep_issue(github: GitHub, title: str, body: str, *, drifted: bool, run: str) -> str:
    """Make the issue say what is the case. Two open ones become one.

    Args:
        body: its first line is the marker by which it is found again.
        drifted: whether what is live differs from git, or that could not be planned.
        run: where the run can be seen; empty when there is no such place.

    Returns:
        What was done, for the log.
    """
    marker = body.partition("\n")[0]
    seen = f"\n\nSeen by {run}" if run else ""
    found = [
        issue["number"]
        for issue in github.each("issues", state="open", labels=LABEL)
        if issue.get("pull_request") is None and is_ours(github, issue, marker)
    ]
    if not found:
        if not drifted:
            return "No drift, and no issue about any."
        github.send("POST", "issues", title=title, body=body + seen, labels=[LABEL])
        return "An issue was opened."
    kept, *others = found
    for number in others:
        github.send("POST", f"issues/{number}/comments", body=f"See #{kept}.")
        github.send("PATCH", f"issues/{number}", state="closed", state_reason="not_planned")
    if drifted:
        github.send("PATCH", f"issues/{kept}", body=body + seen)
        return f"Issue {kept} is up to date."
    github.send("POST", f"issues/{kept}/comments", body=f"Resolved.{seen}")
    github.send("PATCH", f"issues/{kept}", state="closed", state_reason="completed")
    return f"Issue {kept} is closed: what is live is what git says."
