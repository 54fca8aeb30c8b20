"""Silence of Modal is reported after five seconds, ends by itself, and Ctrl-C ends it at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from reconciler.deploy.patience import (
    FIRST_ANSWER,
    LATER_ANSWER,
    REFUSED_AFTER,
    Patience,
    patiently,
)
from reconciler.dispatch.adapters.modal_calls import asking
from reconciler.dispatch.answers import FailureKind, ModalError

WHERE = ("https://modal.example", "Modal")


@dataclass
class Waiting:
    """A clock that goes on whenever it is looked whether there is an answer.

    Attributes:
        said: the lines that people saw, with the second at which they did.
    """

    seconds: float = 0.0
    said: list[tuple[float, str]] = field(default_factory=list)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(
            lambda: self.seconds, lambda line: self.said.append((self.seconds, line)), lambda: WHERE
        )

    async def pause(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)

    async def until(self, second: float) -> None:
        """An answer that takes until then."""
        while self.seconds < second:
            await asyncio.sleep(0)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


async def never() -> None:
    await asyncio.Event().wait()


def test_silence_is_reported_at_growing_intervals_and_ends(waiting: Waiting) -> None:
    async def job() -> None:
        with asking("list the apps"):
            await never()

    with pytest.raises(ModalError) as caught:
        asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    line = "no answer from Modal at https://modal.example yet, after {} s: it was asked to {}"
    assert waiting.said == [
        (after, line.format(after, "list the apps")) for after in (5, 15, 30, 60)
    ]
    assert waiting.seconds == FIRST_ANSWER
    assert caught.value.kind is FailureKind.TIMEOUT
    assert caught.value.what == "Modal did not answer within 70 s when asked to list the apps"
    assert caught.value.remedy is not None
    assert "It was asked at https://modal.example." in caught.value.remedy


def test_what_answers_within_five_seconds_is_not_spoken_of(waiting: Waiting) -> None:
    async def job() -> str:
        for second in range(1, 100, 4):
            with asking("read a file"):
                await waiting.until(second)
        return "done"

    assert asyncio.run(patiently(job(), waiting.patience, waiting.pause)) == "done"
    assert waiting.said == []


def test_an_answer_that_modal_was_asked_to_hold_back_is_not_silence_until_it_is_overdue(
    waiting: Waiting,
) -> None:
    async def job() -> None:
        with asking("look up the call fc-1", due=30):
            await waiting.until(29)
        with asking("look up the call fc-1", due=30):
            await waiting.until(29 + 30 + 6)

    asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert [second for second, _ in waiting.said] == [29 + 30 + 5]


def test_of_many_questions_one_answer_is_a_sign_of_life(waiting: Waiting) -> None:
    async def slow() -> None:
        with asking("read a large file"):
            await waiting.until(80)

    async def job() -> None:
        other = asyncio.create_task(slow())
        for second in range(2, 80, 4):
            with asking("read a file"):
                await waiting.until(second)
        await other

    asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert waiting.said == []


def test_a_further_question_may_be_asked_while_modal_is_silent(waiting: Waiting) -> None:
    async def slow() -> None:
        with asking("read a large file"):
            await waiting.until(20)

    async def job() -> None:
        other = asyncio.create_task(slow())
        await waiting.until(10)
        with asking("read a file"):
            await waiting.until(20)
        await other

    asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert [int(second) for second, _ in waiting.said] == [5, 15]


def test_after_a_first_answer_it_is_waited_longer(waiting: Waiting) -> None:
    async def job() -> None:
        with asking("list the apps"):
            await waiting.until(1)
        with asking("read a file"):
            await never()

    with pytest.raises(ModalError, match="did not answer within 180 s when asked to read a file"):
        asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert waiting.seconds == 1 + LATER_ANSWER
    assert [second for second, _ in waiting.said] == [6, 16, 31, 61, 91, 121, 151]


def test_what_may_take_long_is_reported_and_not_ended_once_modal_has_answered(
    waiting: Waiting,
) -> None:
    async def job() -> None:
        with asking("list the apps"):
            await waiting.until(1)
        with asking("deploy", patient=True):
            await waiting.until(1000)

    asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert len(waiting.said) > 30

    async def unreachable() -> None:
        with asking("wake", patient=True):
            await never()

    again = Waiting()
    with pytest.raises(ModalError, match="within 70 s"):
        asyncio.run(patiently(unreachable(), again.patience, again.pause))


def test_waiting_for_a_function_is_not_silence(waiting: Waiting) -> None:
    async def job() -> None:
        with asking("look up the call"):
            await waiting.until(1)
        await waiting.until(1000)

    asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert waiting.said == []


def test_nothing_more_is_asked_of_a_modal_that_was_given_up(waiting: Waiting) -> None:
    begun: list[str] = []

    async def job() -> None:
        try:
            with asking("list the apps"):
                await never()
        finally:
            for _ in range(5):
                with pytest.raises(ModalError), asking("release the lease"):
                    begun.append("asked")

    with pytest.raises(ModalError, match="when asked to list the apps"):
        asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert (begun, waiting.seconds) == ([], FIRST_ANSWER)


def test_a_job_that_is_ended_while_modal_is_silent_does_not_wait_for_it(waiting: Waiting) -> None:
    async def job() -> None:
        with asking("list the apps"):
            try:
                await never()
            finally:
                with asking("release the lease"):
                    await never()

    async def stopped() -> None:
        task = asyncio.create_task(patiently(job(), waiting.patience, waiting.pause))
        while not waiting.said:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(ModalError):
            await task

    asyncio.run(stopped())
    assert waiting.seconds < 6


def test_a_timeout_of_the_job_itself_is_its_own(waiting: Waiting) -> None:
    async def job() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        asyncio.run(patiently(job(), waiting.patience, waiting.pause))


def test_a_refused_address_of_this_machine_ends_within_seconds(waiting: Waiting) -> None:
    waiting.patience.refused = lambda: True

    async def job() -> None:
        with asking("list the apps"):
            await never()

    with pytest.raises(ModalError) as caught:
        asyncio.run(patiently(job(), waiting.patience, waiting.pause))
    assert waiting.said == []
    assert waiting.seconds == REFUSED_AFTER
    assert caught.value.what.startswith(f"nothing listens at {WHERE[0]}")
    assert "reconcile engine" in (caught.value.remedy or "")


def test_an_engine_that_is_started_again_in_time_is_waited_for(waiting: Waiting) -> None:
    waiting.patience.refused = lambda: waiting.seconds < 1.5

    async def job() -> str:
        with asking("list the apps"):
            await waiting.until(4)
        return "listed"

    assert asyncio.run(patiently(job(), waiting.patience, waiting.pause)) == "listed"


@pytest.mark.parametrize("raised", [None, TimeoutError()])
def test_a_cancellation_that_the_client_loses_in_its_own_time_limit_still_ends_the_job(
    waiting: Waiting, raised: Exception | None
) -> None:
    asked: list[int] = []

    async def call() -> None:
        try:
            await never()
        except asyncio.CancelledError:
            if raised is not None:
                raise raised from None

    async def job() -> None:
        while True:
            asked.append(len(asked))
            with suppress(TimeoutError), asking("look up a call"):
                await call()

    async def interrupted() -> None:
        running = asyncio.create_task(patiently(job(), waiting.patience, lambda _: never()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert asked == [0]
