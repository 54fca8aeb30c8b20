"""What the tests of manifests share: reading a text, and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.manifest import ManifestError, Schedule, Settings, load_contents

Problems = Callable[..., list[str]]
Read = Callable[..., Schedule]

GOOD = {"name": "name: job", "when": 'schedule: "0 6 * * *"', "target": "function: app/job"}


@pytest.fixture
def problems() -> Problems:
    """Every problem of one file `job.yaml` with that text (or bytes), as `line:column: message`."""

    def of(content: str | bytes, *, settings: Settings | None = None) -> list[str]:
        encoded = content.encode() if isinstance(content, str) else content
        with pytest.raises(ManifestError) as caught:
            load_contents([("job.yaml", encoded)], settings=settings or Settings())
        return [str(problem).removeprefix("job.yaml:") for problem in caught.value.problems]

    return of


@pytest.fixture
def manifest() -> Callable[[str], str]:
    """A manifest with three good lines and then these."""
    return lambda lines: "\n".join([*GOOD.values(), lines, ""])


@pytest.fixture
def read() -> Read:
    """The one schedule that a text declares."""

    def one(text: str, *, settings: Settings | None = None) -> Schedule:
        found = load_contents([("job.yaml", text.encode())], settings=settings or Settings())
        (schedule,) = found.schedules
        return schedule

    return one
