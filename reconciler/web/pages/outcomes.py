"""The state of a run as a glyph and a word."""

from __future__ import annotations

from typing import Final

from reconciler.model.runs_file import RunState

OUTCOMES: Final = {
    RunState.STARTED: ("running", "Running"),
    RunState.START_FAILED: ("overdue", "Start failed"),
    RunState.QUEUED: ("waiting", "Waiting"),
    RunState.SUCCEEDED: ("succeeded", "Succeeded"),
    RunState.FAILED: ("failed", "Failed"),
    RunState.TIMED_OUT: ("timed-out", "Timed out"),
    RunState.CANCELLED: ("cancelled", "Cancelled"),
    RunState.EXPIRED: ("unknown", "Unknown"),
    RunState.MISSED: ("missed", "Missed"),
    RunState.SKIPPED: ("skipped", "Skipped"),
}
