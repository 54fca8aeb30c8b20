"""Requests that are sent again: one call at most, and the first answer for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.web.idempotency import Answer, Idempotency, NothingStartedError
from reconciler.web.problems import RequestError


@dataclass
class Starter:
    """Starts something, or not, as often as it is asked; counts what was started."""

    outcomes: list[bool]
    started: int = 0
    asked: int = 0

    async def __call__(self) -> Answer:
        at, self.asked = self.asked, self.asked + 1
        await asyncio.sleep(0)
        if at < len(self.outcomes) and not self.outcomes[at]:
            raise NothingStartedError from RequestError(503, "not-started", "no")
        self.started += 1
        return Answer(202, {"call": f"fc-{self.started}"}, {})


@dataclass
class Seen:
    answers: list[tuple[Answer, bool]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


async def ask(seen: Seen, claims: FakeClaims, starter: Starter, body: bytes = b"{}") -> None:
    try:
        seen.answers.append(await Idempotency(claims).once("key", body, starter))
    except RequestError as error:
        seen.refused.append(error.status)


def test_without_a_key_every_request_is_answered_anew() -> None:
    starter = Starter([])
    for _ in range(2):
        asyncio.run(Idempotency(FakeClaims()).once(None, b"{}", starter))
    assert starter.started == 2


def test_the_same_request_gets_the_first_answer() -> None:
    claims, starter, seen = FakeClaims(), Starter([]), Seen()
    for _ in range(3):
        asyncio.run(ask(seen, claims, starter))
    assert starter.started == 1
    assert [again for _, again in seen.answers] == [False, True, True]
    assert len({answer.document["call"] for answer, _ in seen.answers}) == 1


def test_another_body_under_the_same_key_is_422() -> None:
    claims, starter, seen = FakeClaims(), Starter([]), Seen()
    asyncio.run(ask(seen, claims, starter))
    asyncio.run(ask(seen, claims, starter, b'{"args":{}}'))
    assert (starter.started, seen.refused) == (1, [422])


def test_a_request_whose_server_died_at_it_stays_unknown() -> None:
    claims, starter, seen = FakeClaims(), Starter([]), Seen()

    async def dies() -> Answer:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Idempotency(claims).once("key", b"{}", dies))
    asyncio.run(ask(seen, claims, starter))
    assert (starter.started, seen.refused) == (0, [409]), "it may have started"


@given(st.lists(st.booleans(), max_size=5), st.integers(1, 6), st.integers(1, 4))
def test_however_requests_meet_at_most_one_starts_anything(
    outcomes: list[bool], at_once: int, rounds: int
) -> None:
    claims, starter, seen = FakeClaims(), Starter(outcomes), Seen()

    async def play() -> None:
        for _ in range(rounds):
            await asyncio.gather(*(ask(seen, claims, starter) for _ in range(at_once)))

    asyncio.run(play())
    assert starter.started <= 1
    assert len({answer.document["call"] for answer, _ in seen.answers}) <= 1
    assert set(seen.refused) <= {409, 503}
    assert len(seen.answers) + len(seen.refused) == at_once * rounds


def test_what_started_nothing_may_be_sent_again_until_it_does() -> None:
    claims, starter, seen = FakeClaims(), Starter([False, False, True]), Seen()
    for _ in range(4):
        asyncio.run(ask(seen, claims, starter))
    assert (starter.started, seen.refused) == (1, [503, 503])


def test_a_repeatable_request_without_a_stored_answer_is_processed_again() -> None:
    claims = FakeClaims()
    once = Idempotency(claims).repeatable

    async def dies() -> Answer:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(once("key", b"{}", dies))
    starter = Starter([])
    for expected in (False, True):
        _, again = asyncio.run(once("key", b"{}", starter))
        assert again is expected
    with pytest.raises(RequestError) as refused:
        asyncio.run(once("key", b"other", starter))
    assert refused.value.status == 422
