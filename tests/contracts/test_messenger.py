"""What telling relies on: of the fake and over real HTTP alike, and how HTTP goes wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from reconciler.alerts import Address
from reconciler.dispatch.adapters.http_messenger import HttpMessenger
from reconciler.dispatch.adapters.in_memory import FakeMessenger
from reconciler.dispatch.answers import UnsentError
from reconciler.dispatch.ports import Messenger
from tests.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def refused(messenger: Messenger, address: Address, suffix: str = "") -> str:
    """Why a message was not taken."""
    with pytest.raises(UnsentError) as caught:
        asyncio.run(messenger.send(address, suffix, b"{}"))
    return str(caught.value)


@pytest.mark.parametrize("kind", ["fake", "http"])
def test_what_is_taken_is_there_and_what_is_not_says_why(kind: str, receiver: Receiver) -> None:
    address = Address(url=f"{receiver.url}/services/T0/secret")
    fake = FakeMessenger()
    messenger: Messenger = fake if kind == "fake" else HttpMessenger()
    asyncio.run(messenger.send(address, "", b'{"text": "x"}'))
    asyncio.run(messenger.send(address, "/fail", None))
    sent = (
        [(m.suffix, m.body is not None) for m in fake.sent]
        if kind == "fake"
        else [
            (path.removeprefix("/services/T0/secret"), body is not None)
            for _, path, body in receiver.requests
        ]
    )
    assert sent == [("", True), ("/fail", False)]
    fake.refusing.add(address.shown)
    receiver.status = 500
    assert refused(messenger, address) == "it answered 500"


def test_a_body_is_posted_as_json_and_a_ping_is_a_get(receiver: Receiver) -> None:
    address = Address(url=f"{receiver.url}/in/?token=secret")
    asyncio.run(HttpMessenger().send(address, "", b'{"text": "x"}'))
    asyncio.run(HttpMessenger().send(address, "/start", None))
    assert receiver.requests == [
        ("POST", "/in/?token=secret", {"text": "x"}),
        ("GET", "/in/start?token=secret", None),
    ]


def test_an_address_from_a_secret_is_in_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_URL", f"{receiver.url}/secret\n")
    asyncio.run(HttpMessenger().send(Address(secret="alerting", key="SLACK_URL"), "", b"{}"))
    assert receiver.paths() == ["/secret"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int, receiver: Receiver) -> None:
    receiver.status = status
    reason = refused(HttpMessenger(), Address(url=f"{receiver.url}/secret"))
    assert reason == f"it answered {status}, and redirects are not followed"
    assert receiver.paths() == ["/secret"]


def test_a_silent_receiver_costs_the_silence_that_is_allowed(receiver: Receiver) -> None:
    receiver.silent = True
    messenger = HttpMessenger(silence=0.2)
    assert refused(messenger, Address(url=receiver.url)) == "no answer within 0.2 s"


def test_a_receiver_that_comes_to_no_end_costs_the_patience_that_there_is(
    receiver: Receiver,
) -> None:
    receiver.slow = True

    async def send() -> str:
        try:
            await HttpMessenger(patience=0.3).send(Address(url=receiver.url), "", b"{}")
        except UnsentError as error:
            receiver.over.set()
            return str(error)
        return ""

    assert asyncio.run(send()) == "it took longer than 0.3 s"


def test_an_address_where_no_server_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/secret"
    assert refused(HttpMessenger(), Address(url=url)) == "it cannot be reached: Connection refused"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            Address(secret="alerting", key="NOT_THERE"),
            "Secret alerting has no key NOT_THERE in this container",
        ),
        (Address(url="file:///etc/secret"), "its address is neither http nor https"),
        (Address(url="ftp://127.0.0.1/secret"), "its address is neither http nor https"),
        (Address(url="http:///secret"), "its address is neither http nor https"),
        (Address(url="http://[secret"), "its address is not a URL"),
        (Address(url="http://127.0.0.1:secret/"), "it cannot be reached: InvalidURL"),
        (Address(url="http://127.0.0.1/secret with blanks"), "it cannot be reached: InvalidURL"),
        (Address(url="http://127.0.0.1/s\u00e9cret"), "it cannot be reached: UnicodeEncodeError"),
    ],
)
def test_no_reason_repeats_the_address(address: Address, reason: str) -> None:
    assert refused(HttpMessenger(), address) == reason
