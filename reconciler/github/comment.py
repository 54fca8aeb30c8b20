"""One comment on a pull request, updated in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.github.api import GitHub, RefusedByGitHubError


def put_comment(
    github: GitHub, pull_request: int, body: str, *, existing: bool = False
) -> str | None:
    """Write the comment, in place of the one that begins with the same line.

    Two of ours become one: a job that was cancelled, or a call that was tried again, may have
    written a second one. One that this token may not change stays, and a new one is written.

    Args:
        body: its first line is the marker by which it is found again.
        existing: only where there is one; otherwise nothing is written.

    Returns:
        Where a new one is written beside a comment of the same first line: the author of that, who
        is not known to be an app or to have write access. None otherwise.
    """
    written = False
    author = None
    marker = body.partition("\n")[0]
    for comment in list(github.each(f"issues/{pull_request}/comments")):
        if not is_ours(github, comment, marker):
            author = author or (_login(comment) if _is_marked(comment, marker) else None)
            continue
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
    if written or existing:
        return None
    github.send("POST", f"issues/{pull_request}/comments", body=body)
    return author


def our_comments(github: GitHub, pull_request: int, marker: str) -> Iterator[Mapping[str, Any]]:
    """Our comments on a pull request, oldest first."""
    for comment in github.each(f"issues/{pull_request}/comments"):
        if is_ours(github, comment, marker):
            yield comment


def is_ours(github: GitHub, post: Mapping[str, Any], marker: str) -> bool:
    """Whether a comment or issue is one that we keep: by its marker and its author.

    Every reader can write the marker. It counts from an app, and from a person who may write to the
    repository, as whose token `github-token` may be.
    """
    if not _is_marked(post, marker):
        return False
    login = _login(post)
    author = post.get("user")
    is_app = isinstance(author, Mapping) and author.get("type") == "Bot"
    return is_app or (login is not None and github.may_write(login))


def _is_marked(post: Mapping[str, Any], marker: str) -> bool:
    return str(post.get("body") or "").partition("\n")[0].strip() == marker


def _login(post: Mapping[str, Any]) -> str | None:
    """The author's name; None when the account was deleted."""
    author = post.get("user")
    login = author.get("login") if isinstance(author, Mapping) else None
    return login if isinstance(login, str) and login else None
