"""What all parts of the documents that we print have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a document: its keys are those of its schema, no more and no less."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
