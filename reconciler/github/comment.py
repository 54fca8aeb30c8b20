"""One comment on a pull request, updated in place."""

from __future__ import annotations

from typing import Any

from reconciler.github.github import GitHub


def put_comment(github: GitHub, pull_request: int, body: str) -> None:
    """Write the comment, in place of the one that begins with the same line.

    Args:
        body: its first line is the marker by which it is found again.
    """
    marker = body.partition("\n")[0]
    for comment in github.each(f"issues/{pull_request}/comments"):
        if is_ours(comment, marker):
            github.send("PATCH", f"issues/comments/{comment['id']}", body=body)
            return
    github.send("POST", f"issues/{pull_request}/comments", body=body)


def is_ours(post: Any, marker: str) -> bool:
    """Whether a comment or issue is one that we keep: by its marker, and written by an app.

    Anybody can write the marker; only what an app wrote is overwritten.
    """
    written = str(post["body"] or "")
    author = post["user"] or {}  # none: the account was deleted
    return author.get("type") == "Bot" and written.partition("\n")[0].strip() == marker
