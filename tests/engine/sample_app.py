"""An ordinary Modal app with a little of everything, as a user would write it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import modal

app = modal.App("sample")
files = modal.Volume.from_name("files", create_if_missing=True)
notes = modal.Dict.from_name("notes", create_if_missing=True)
plain = modal.Image.debian_slim()


class OutOfStockError(Exception):
    """Of the user's own making, so that its type must cross."""


@app.function(schedule=modal.Cron("0 6 * * *", timezone="America/New_York"))
def tick() -> str:
    print("ticked")
    return "tick"


@app.function()
def square(number: int) -> int:
    return number * number


@app.function()
def echo(data: bytes) -> bytes:
    return data


@app.function()
def fail(item: str) -> None:
    print("about to fail", file=sys.stderr)
    raise OutOfStockError(item)


@app.function(retries=modal.Retries(max_retries=2, initial_delay=0.0, backoff_coefficient=1.0))
def fail_until(path: str, attempts: int) -> int:
    with Path(path).open("a") as log:
        log.write("x")
    so_far = Path(path).stat().st_size
    if so_far < attempts:
        raise OutOfStockError(so_far)
    return so_far


@app.function(timeout=1)
def sleep_too_long() -> None:
    time.sleep(60)


@app.function()
def wait(seconds: float) -> str:
    time.sleep(seconds)
    return "rested"


@app.function()
def start_child(path: str) -> None:
    child = subprocess.Popen(["sleep", "300"])
    Path(path).write_text(str(child.pid))
    child.wait()


@app.function()
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.function()
def die_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second container"


@app.function()
def count_to(limit: int) -> Iterator[int]:
    yield from range(limit)


@app.function(max_containers=1)
@modal.concurrent(max_inputs=10)
async def nap(number: int) -> int:
    import asyncio

    await asyncio.sleep(0.3)
    return number


@app.function(max_containers=1)
def process_id() -> int:
    return os.getpid()


@app.function(
    image=plain.env({"GREETING": "hello 'world'"}),
    secrets=[modal.Secret.from_dict({"PASSWORD": "swordfish"})],
)
def surroundings() -> dict[str, str]:
    return {**os.environ, "cwd": str(Path.cwd()), "file": __file__}


@app.function()
@modal.batched(max_batch_size=4, wait_ms=500)
def in_batches(numbers: list[int]) -> list[int]:
    return [len(numbers)] * len(numbers)


@app.function()
def call_others(number: int) -> tuple[int, int, bool]:
    by_name = modal.Function.from_name("sample", "square")
    return square.remote(number), by_name.spawn(number).get(), modal.is_local()


@app.function(
    image=plain.workdir("/tmp").add_local_file(__file__, "/opt-of-ours/deep/copy.py"),
    volumes={
        "/locked": files.with_mount_options(read_only=True),
    },
)
def places() -> tuple[str, bool, str]:
    try:
        Path("/locked/x").touch()
        refused = ""
    except OSError as error:
        refused = str(error.strerror)
    return str(Path.cwd()), Path("/opt-of-ours/deep/copy.py").exists(), refused


@app.function(image=plain.env({"PYTHONOPTIMIZE": "1"}))
def optimised() -> tuple[bool, str]:
    return __debug__, __file__


@app.function(volumes={"/shelf": files})
def write(name: str, text: str, commit: bool = True) -> list[str]:
    Path("/shelf", name).write_text(text)
    if commit:
        files.commit()
    return sorted(path.name for path in Path("/shelf").iterdir())


@app.function(volumes={"/shelf": files}, max_containers=1)
def read(name: str, reload: bool) -> str | None:
    if reload:
        files.reload()
    try:
        return Path("/shelf", name).read_text()
    except FileNotFoundError:
        return None


@app.function(volumes={"/shelf": files})
def remove(name: str) -> None:
    Path("/shelf", name).unlink()
    files.commit()


@app.function(volumes={"/shelf": files})
def reload_with_open_file(name: str) -> str:
    with Path("/shelf", name).open("w"):
        try:
            files.reload()
        except RuntimeError as error:
            return str(error)
    return "reloaded"


@app.function(max_containers=1)
def note(text: str) -> str:
    """Leaves a note for each time that it runs, one after the other."""
    notes.put(uuid4().hex, text)
    return text


@app.function()
def claim(key: str, owner: str) -> bool:
    return notes.put(key, owner, skip_if_exists=True)


@app.cls()
class Counter:
    start: int = modal.parameter(default=10)

    @modal.enter()
    def begin(self) -> None:
        self.total = self.start

    @modal.method()
    def add(self, number: int) -> int:
        self.total += number
        return self.total


@app.local_entrypoint()
def main() -> None:
    print("sum", sum(square.map(range(4))))
