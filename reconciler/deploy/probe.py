"""Measures on a scratch app what Modal does not document: ``reconcile doctor --probe``.

The app, its Volume and its functions bear a name of their own and are deleted at the end. Nothing
else in the workspace is touched. A deploy of more crons than the workspace allows is refused as a
whole; where it is accepted, the crons fire once a year and are gone a few seconds later.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import modal

from reconciler.redaction import redacted

BEYOND: Final = 5
"""Crons of the usual plan; one more is asked for."""
YEARLY: Final = "0 0 1 1 *"
MOUNT: Final = "/probe"
LONG_CALL: Final = 20.0
"""Seconds of a call that a redeploy meets."""
PATIENCE: Final = 180.0
"""Seconds for one measurement."""


def _answer() -> str:
    return "answered"


def _slow(seconds: float) -> str:
    time.sleep(seconds)
    return "ended"


def _look(mount: str) -> str:
    from pathlib import Path

    marker = Path(mount) / "marker"
    return marker.read_text() if marker.exists() else "empty"


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the client from logging that it is called outside of its own tasks."""
    logger = logging.getLogger("modal-client")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class Probe:
    """One probe.

    Args:
        name: of the scratch app and its Volume; nothing else may bear it.
        environment: the Modal environment that it is in.
        long_call: seconds of the call that a redeploy meets.
    """

    def __init__(self, name: str, environment: str, long_call: float = LONG_CALL) -> None:
        self.name = name
        self._long_call = long_call
        self.environment = environment
        self._image = modal.Image.debian_slim(
            python_version=".".join(platform.python_version_tuple()[:2])
        )

    async def run(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Take all measurements, and delete the app.

        Args:
            say: receives a line before each measurement.
        """
        questions: Mapping[str, Callable[[], Awaitable[dict[str, Any]]]] = {
            "start": self._start,
            "redeploy": self._redeploy,
            "idempotency": self._idempotency,
            "volume": self._volume,
            "cron_limit": self._cron_limit,
        }
        found: dict[str, Any] = {
            "modal": modal.__version__,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        async with self._deployed():
            for question, measure in questions.items():
                say(question)
                try:
                    async with asyncio.timeout(PATIENCE):
                        found[question] = await measure()
                except Exception as error:  # noqa: BLE001 - one that fails keeps no other from running
                    found[question] = {"not_measured": redacted(" ".join(str(error).split()))}
        return found

    @asynccontextmanager
    async def _deployed(self) -> AsyncIterator[None]:
        try:
            await self._deploy()
            yield
        finally:
            with suppress(modal.exception.Error):
                app = await modal.App.lookup.aio(self.name, environment_name=self.environment)
                await app.stop.aio()
            with suppress(modal.exception.Error):
                await modal.Volume.objects.delete.aio(
                    self.name, environment_name=self.environment, allow_missing=True
                )

    def _app(self, note: str = "", crons: int = 0) -> modal.App:
        """The scratch app.

        Args:
            note: makes another version of it.
            crons: further functions that hold one.
        """
        app = modal.App(self.name, include_source=False)
        volume = modal.Volume.from_name(
            self.name, environment_name=self.environment, create_if_missing=True
        )
        own: dict[str, Any] = {
            "serialized": True,
            "image": self._image,
            "scaledown_window": 2,
            "env": {"PROBE": note or "first"},
        }
        app.function(name="answer", **own)(_answer)
        app.function(name="slow", **own)(_slow)
        app.function(name="look", volumes={MOUNT: volume}, **own)(_look)
        for number in range(crons):
            app.function(name=f"cron-{number}", schedule=modal.Cron(YEARLY), **own)(_answer)
        return app

    async def _deploy(self, note: str = "", crons: int = 0) -> None:
        app = self._app(note, crons)
        await app.deploy.aio(name=self.name, environment_name=self.environment)

    def _function(self, name: str) -> modal.Function[Any, Any, Any]:
        return modal.Function.from_name(self.name, name, environment_name=self.environment)

    async def _start(self) -> dict[str, Any]:
        """How long a call takes without and with a container that waits for it."""
        seconds = []
        for _ in range(2):
            begun = time.monotonic()
            await self._function("answer").remote.aio()
            seconds.append(round(time.monotonic() - begun, 2))
        return {"cold_seconds": seconds[0], "warm_seconds": seconds[1]}

    async def _redeploy(self) -> dict[str, Any]:
        """Whether a call goes on when its app is deployed anew."""
        call = await self._function("slow").spawn.aio(self._long_call)
        await asyncio.sleep(self._long_call / 4)
        await self._deploy("second")
        try:
            await call.get.aio(timeout=PATIENCE)
        except Exception as error:  # noqa: BLE001 - how it ends is the question
            return {"call_survives": False, "error": redacted(str(error))}
        return {"call_survives": True}

    async def _idempotency(self) -> dict[str, Any]:
        """Whether a spawn that is sent again under one idempotency key starts twice."""
        from modal._serialization import serialize  # the public client sends no key of ours
        from modal_proto import api_pb2

        function = self._function("answer")
        await function.hydrate.aio()
        request = api_pb2.FunctionMapRequest(
            function_id=function.object_id,
            function_call_type=api_pb2.FUNCTION_CALL_TYPE_UNARY,
            function_call_invocation_type=api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC,
            pipelined_inputs=[
                api_pb2.FunctionPutInputsItem(
                    input=api_pb2.FunctionInput(
                        args=serialize(((), {})), data_format=api_pb2.DATA_FORMAT_PICKLE
                    )
                )
            ],
        )
        client = await modal.Client.from_env.aio()
        key = [("x-idempotency-key", str(uuid4()))]
        with warnings.catch_warnings(), _quiet_client():
            warnings.simplefilter("ignore")  # that this is no interface for programs
            method = client.stub.FunctionMap

            async def send() -> list[str]:
                # Without the client's own retries, which would add a key of theirs.
                answers = [await method(request, retry=None, metadata=key) for _ in range(2)]
                return [answer.function_call_id for answer in answers]

            # The client's connection belongs to an event loop in a thread of its own.
            loop = method.wrapped_method.channel._loop  # noqa: SLF001 - nothing public names it
            calls = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(send(), loop))
        return {"starts_twice": calls[0] != calls[1]}

    async def _volume(self) -> dict[str, Any]:
        """What a running app sees of a Volume that was deleted and made again."""
        await self._mark("old")
        before = await self._function("look").remote.aio(MOUNT)
        await modal.Volume.objects.delete.aio(self.name, environment_name=self.environment)
        await self._mark("new")
        try:
            after = await self._function("look").remote.aio(MOUNT)
        except Exception as error:  # noqa: BLE001 - how it ends is the question
            after = f"fails: {redacted(' '.join(str(error).split()))}"
        return {"before": before, "made_anew": after}

    async def _mark(self, text: str) -> None:
        from io import BytesIO

        volume = modal.Volume.from_name(
            self.name, environment_name=self.environment, create_if_missing=True
        )
        async with volume.batch_upload.aio(force=True) as batch:
            batch.put_file(BytesIO(text.encode()), "marker")

    async def _cron_limit(self) -> dict[str, Any]:
        """What a deploy with more crons than the usual plan allows comes to."""
        try:
            await self._deploy("crons", BEYOND + 1)
        except modal.exception.Error as error:
            return {"asked": BEYOND + 1, "refusal": redacted(str(error))}
        return {"asked": BEYOND + 1, "refusal": None}
