"""A Modal app whose function makes no calls of its own, so that those of a wake can be counted."""

from __future__ import annotations

import modal

app = modal.App("silent", image=modal.Image.debian_slim())


@app.function(max_containers=1, scaledown_window=2)
def nothing(occurrence: str) -> None:
    """Does nothing."""
