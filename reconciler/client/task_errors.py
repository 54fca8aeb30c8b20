"""What can go wrong with tasks, each with what to do about it."""

from __future__ import annotations

from reconciler.errors import ReconcileError


class TaskError(ReconcileError):
    """Something about a task failed; the derived classes say what."""


class InvalidTaskError(TaskError):
    """No task can be made of what was given; nothing was stored."""


class TaskExistsError(TaskError):
    """The id is that of another task, which was left as it is."""


class UnknownAppError(TaskError):
    """There is no such app of ours, or nothing was ever applied to it; nothing was stored."""


class UnknownTaskError(TaskError):
    """There is no task of that id, or it was settled more than two weeks ago."""


class TaskStartedError(TaskError):
    """It is too late to cancel the task: it has started, may have, or is being started."""
