"""The shop with two functions: an apply reads three times every function that is deployed."""

from __future__ import annotations

from uuid import uuid4

import modal

app = modal.App("shop", image=modal.Image.debian_slim())
marks = modal.Dict.from_name("marks", create_if_missing=True)


@app.function()
def sync(occurrence: str) -> str:
    """Returns the id of its occurrence."""
    marks.put(f"{occurrence} {uuid4().hex}", occurrence)
    return occurrence


@app.function()
def other() -> None:
    """Is called by no schedule."""
