"""One comment on a pull request, updated in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.github.api import GitHub, RefusedByGitHubError


def put_comment(github: GitHub, pull_request: int, body: str, *, existing: bool = False) -> None:
    """Write the comment, in place of the one that begins with the same line.

    Two of ours become one: a job that was cancelled, or a call that was tried again, may have
    written a second one. One that this token may not change stays, and a new one is written.

    Args:
        body: its first line is the marker by which it is found again.
        existing: only where there is one; otherwise nothing is written.
    """
    written = False
    for comment in list(our_comments(github, pull_request, body.partition("\n")[0])):
        path = f"issues/comments/{comment.get('id')}"
        try:
            if written:
                github.send("DELETE", path)
            else:
                github.send("PATCH", path, body=body)
                written = True
        except RefusedByGitHubError as error:
            if error.status not in (403, 404):
                raise
    if not written and not existing:
        github.send("POST", f"issues/{pull_request}/comments", body=body)


def our_comments(github: GitHub, pull_request: int, marker: str) -> Iterator[Mapping[str, Any]]:
    """Our comments on a pull request, oldest first."""
    for comment in github.each(f"issues/{pull_request}/comments"):
        if is_ours(github, comment, marker):
            yield comment


def is_ours(github: GitHub, post: Mapping[str, Any], marker: str) -> bool:
    """Whether a comment or issue is one that we keep: by its marker and its author.

    Anybody can write the marker. It counts from an app, and from a person who may write to the
    repository, as whose token `github-token` may be.
    """
    if str(post.get("body") or "").partition("\n")[0].strip() != marker:
        return False
    author = post.get("user")
    if not isinstance(author, Mapping):  # the account was deleted
        return False
    login = str(author.get("login") or "")
    return author.get("type") == "Bot" or (bool(login) and github.may_write(login))
