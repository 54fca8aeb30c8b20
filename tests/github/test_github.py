"""The comment and the issue, beyond what the workflows show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.errors import ReconcileError
from reconciler.github.api import Repository
from reconciler.github.comment import put_comment
from reconciler.github.drift_issue import keep_issue
from reconciler.github.review import reviewed_plans
from tests.forked import Done, Forked
from tests.github.fake_github import BOT, PERSON, FakeGitHub, serving

MARKER = "<!-- schedule-reconciler: production -->"


def reconcile(*arguments: str, **variables: str) -> Done:
    return Forked(Path.cwd(), {"PATH": "", **variables}).reconcile("github", *arguments)


def on(fake: FakeGitHub) -> Repository:
    """The fake's repository, for a client that does not really wait between its tries."""
    return Repository(fake.url, "acme/jobs", "job-token", lambda _: None)


def test_the_comment_is_found_among_many() -> None:
    with serving() as fake:
        for number in range(150):
            fake.comment(7, f"comment {number}", PERSON)
        fake.comment(7, f"{MARKER}\nold", BOT)
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert len(fake.bodies(7)) == 151
        assert fake.bodies(7)[-1] == f"{MARKER}\nnew"


def test_two_of_ours_become_one_and_what_others_wrote_stays() -> None:
    with serving() as fake:
        fake.comment(7, f"{MARKER}\nfirst", BOT)
        fake.comment(7, f"{MARKER}\nby a stranger", PERSON)
        fake.comment(7, f"{MARKER}\nsecond", BOT)
        fake.comment(7, "<!-- schedule-reconciler: staging -->\nanother environment", BOT)
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert fake.bodies(7) == [
            f"{MARKER}\nnew",
            f"{MARKER}\nby a stranger",
            "<!-- schedule-reconciler: staging -->\nanother environment",
        ]


@pytest.mark.parametrize(
    ("permission", "ours"),
    [("admin", True), ("write", True), ("read", False), ("none", False), (None, False)],
)
def test_of_a_person_the_comment_is_ours_if_they_may_write(
    permission: str | None, ours: bool
) -> None:
    with serving() as fake:
        if permission is not None:
            fake.permissions["mallory"] = permission
        fake.comment(7, f"{MARKER}\nold", PERSON)
        stranger = put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert stranger == (None if ours else "mallory")
        expected = [] if ours else [f"{MARKER}\nold"]
        assert fake.bodies(7) == [*expected, f"{MARKER}\nnew"]


def test_a_persons_token_that_may_not_ask_for_permissions_knows_its_own_comments() -> None:
    with serving() as fake:
        fake.me = PERSON["login"]
        fake.comment(7, f"{MARKER}\nold", PERSON)
        fake.comment(7, f"{MARKER}\nanother's", {"login": "eve", "type": "User"})
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert fake.bodies(7) == [f"{MARKER}\nnew", f"{MARKER}\nanother's"]


def test_whose_comment_it_is_is_asked_only_where_our_marker_stands() -> None:
    with serving() as fake:
        for number in range(20):
            fake.comment(7, f"comment {number}", PERSON)
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert len(fake.asked) == 2


def test_where_ours_may_not_be_changed_a_new_one_is_written() -> None:
    with serving() as fake:
        fake.comment(7, f"{MARKER}\nby another app", BOT)
        fake.locked = {fake.comments[7][0]["id"]}
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert fake.bodies(7) == [f"{MARKER}\nby another app", f"{MARKER}\nnew"]


ODD: list[dict[str, object]] = [
    {"id": 1, "body": f"{MARKER}\nhi", "user": None},
    {"id": 1, "body": None, "user": BOT},
    {"id": 1, "body": f"{MARKER}\nhi", "user": {"login": None, "type": None}},
    {"id": 1},
    {},
]


@pytest.mark.parametrize("odd", ODD)
def test_any_field_of_a_comment_may_be_null_or_absent(odd: dict[str, object]) -> None:
    with serving() as fake:
        fake.comments[7] = [odd]
        put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert fake.comments[7][0] == odd
        assert fake.comments[7][1]["body"] == f"{MARKER}\nnew"


@pytest.mark.parametrize("odd", ODD)
def test_any_field_of_an_issue_or_of_a_merged_pull_request_too(odd: dict[str, object]) -> None:
    with serving() as fake:
        fake.issues[1] = {**odd, "number": 1, "state": "open", "labels": ["schedule-drift"]}
        keep_issue(on(fake), "drift", f"{MARKER}\nnew", drifted=True, run="")
        assert fake.issues[2]["body"] == f"{MARKER}\nnew"
        fake.pulls["c"] = [7]
        fake.comments[7] = [odd]
        assert list(reviewed_plans(on(fake), "c", MARKER)) == []


@pytest.mark.parametrize("faults", [[502], [429, 429], [None, None, None], [403, 502, None]])
def test_a_call_that_fails_for_a_while_is_tried_again(faults: list[int | None]) -> None:
    waited: list[float] = []
    with serving() as fake:
        fake.faults = list(faults)
        repository = Repository(fake.url, "acme/jobs", "job-token", waited.append)
        put_comment(repository, 7, f"{MARKER}\nnew")
        assert fake.bodies(7) == [f"{MARKER}\nnew"]
    assert waited == [1, 4, 15][: len(faults)]


def test_after_four_tries_it_is_an_error() -> None:
    with serving() as fake:
        fake.faults = [502] * 4
        with pytest.raises(ReconcileError, match="502"):
            put_comment(on(fake), 7, f"{MARKER}\nnew")
        assert fake.asked == []


@pytest.mark.parametrize(("asked", "waits"), [("7", [7]), ("0", [1]), ("91", None), ("x", None)])
def test_github_says_how_long_to_wait_within_reason(asked: str, waits: list[int] | None) -> None:
    waited: list[float] = []
    answers = iter([answering(429, b"{}", Retry_After=asked), answering(200, b"[]")])
    for url in misbehaving(lambda handler: next(answers)(handler)):
        repository = Repository(url, "acme/jobs", "job-token", waited.append)
        if waits is None:
            with pytest.raises(ReconcileError, match="429"):
                list(repository.each("issues"))
        else:
            assert list(repository.each("issues")) == []
    assert waited == (waits or [])


def test_an_issue_that_a_person_opened_is_left_alone() -> None:
    with serving() as fake:
        fake.issues[1] = {
            "number": 1,
            "state": "open",
            "user": PERSON,
            "body": f"{MARKER}\nmine",
            "labels": ["schedule-drift"],
        }
        keep_issue(on(fake), "drift", f"{MARKER}\ndrift", drifted=True, run="")
        assert fake.issues[1]["body"] == f"{MARKER}\nmine"
        assert fake.issues[2]["labels"] == ["schedule-drift"]


def test_two_issues_of_ours_become_one() -> None:
    with serving() as fake:
        for _ in range(2):
            fake.faults = [0]
            keep_issue(on(fake), "drift", f"{MARKER}\ndrift", drifted=True, run="")
            fake.issues[len(fake.issues)]["body"] += " "
        first = fake.issues[1]
        fake.issues = {1: first, 2: {**first, "number": 2}}
        done = keep_issue(on(fake), "drift", f"{MARKER}\nagain", drifted=True, run="")
        assert done == "Issue 1 is up to date."
        assert [issue["state"] for issue in fake.issues.values()] == ["open", "closed"]


def test_a_repository_that_does_not_answer_is_an_error_that_says_so() -> None:
    with serving() as fake:
        repository = on(fake)
    with pytest.raises(ReconcileError, match="GitHub did not answer GET issues"):
        list(repository.each("issues"))


def test_outside_a_job_the_commands_say_what_they_need(tmp_path: Path) -> None:
    done = reconcile("comment", "--env", "production", "--file", str(tmp_path / "x"))
    assert done.code == 1
    assert "GITHUB_REPOSITORY and GITHUB_TOKEN are not both set" in done.err
    given = {"GITHUB_REPOSITORY": "acme/jobs", "GITHUB_TOKEN": "job-token"}
    done = reconcile("comment", "--env", "production", "--file", str(tmp_path / "x"), **given)
    assert "this job does not run for a pull request" in done.err


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_where_nothing_was_printed_the_comment_says_that_it_failed(
    tmp_path: Path, content: str | None
) -> None:
    printed, event = tmp_path / "plan.md", tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    if content is not None:
        printed.write_text(content)
    with serving() as fake:
        done = reconcile(
            *("comment", "--env", "production", "--file", str(printed)),
            GITHUB_API_URL=fake.url,
            GITHUB_REPOSITORY="acme/jobs",
            GITHUB_TOKEN="job-token",
            GITHUB_EVENT_PATH=str(event),
        )
        assert done.code == 0, done.err
        (comment,) = fake.bodies(7)
    assert comment.splitlines()[:2] == [MARKER, "### 🛑 `production`: failed"]


def misbehaving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that answers every request in one way, by its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)
            self.close_connection = True

        do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def answering(
    status: int, content: bytes, said: int | None = None, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content) if said is None else said))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def talk_nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")


REFUSALS = {
    "closed before an answer": (hang_up, "did not answer GET issues: ", "Run the job again."),
    "closed half-way": (answering(200, b"[", 9_000), "did not answer GET issues", "Run the job"),
    "another protocol": (talk_nonsense, "did not answer GET issues", "is a proxy in between?"),
    "a page": (answering(200, b"<html>"), "GET issues is not of GitHub's API", "GITHUB_API_URL"),
    "a mapping": (answering(200, b"{}"), "GET issues is not of GitHub's API", "GITHUB_API_URL"),
    "brackets": (answering(200, b"[" * 99_999), "is not of GitHub's API", "GITHUB_API_URL"),
    "elsewhere": (
        answering(301, b"", Location="http://127.0.0.1:1/"),
        "GitHub refused GET issues: 301 Moved Permanently",
        "Check GITHUB_REPOSITORY",
    ),
    "a bad token": (
        answering(401, b'{"message": "Bad credentials"}'),
        "401 Unauthorized: Bad credentials",
        "a token that is valid",
    ),
    "no permission": (answering(403, b""), "403 Forbidden", "`pull-requests: write`"),
    "a limit": (
        answering(403, b'{"message": "a secondary rate limit"}', Retry_After="7"),
        "403 Forbidden: a secondary rate limit",
        "Run the job again in 7 seconds.",
    ),
    "a short limit": (
        answering(429, b"{}", Retry_After="1"),
        "429 Too Many Requests",
        "Run the job again in 1 second.",
    ),
    "a limit until a time": (
        answering(429, b"{}", Retry_After="Mon, 30 Nov 2026 12:00:00 GMT"),
        "429 Too Many Requests",
        "Run the job again after Mon, 30 Nov 2026 12:00:00 GMT.",
    ),
    "too many": (answering(429, b"{}"), "429 Too Many Requests", "Run the job again later."),
    "disabled": (answering(410, b"{}"), "410 Gone", "Issues are disabled"),
    "too long": (
        answering(422, b'{"message": "Failed", "errors": [{"message": "too \x1b long"}]}'),
        "422 Unprocessable",
        "GitHub says what it does not accept",
    ),
    "an outage": (answering(502, b"<html>"), "502 Bad Gateway", "githubstatus.com"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_its_status_and_what_to_do(name: str) -> None:
    answer, says, remedy = REFUSALS[name]
    for url in misbehaving(answer):
        with pytest.raises(ReconcileError) as caught:
            list(Repository(url, "acme/jobs", "job-token", lambda _: None).each("issues"))
    assert says in str(caught.value)
    assert remedy in (caught.value.remedy or "")
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("token", ["ghs_secret\nx", "ghs_sécret"])
def test_a_token_that_is_none_is_not_printed(tmp_path: Path, token: str) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    (tmp_path / "plan.md").write_text("x")
    done = reconcile(
        *("comment", "--env", "production", "--file", str(tmp_path / "plan.md")),
        GITHUB_REPOSITORY="acme/jobs",
        GITHUB_TOKEN=token,
        GITHUB_EVENT_PATH=str(event),
    )
    assert done.code == 1
    assert "GITHUB_TOKEN holds a character that no token has" in done.err
    assert "cret" not in done.err.replace("secrets", "")
