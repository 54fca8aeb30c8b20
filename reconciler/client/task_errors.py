"""The errors about tasks."""

from __future__ import annotations

from reconciler.errors import ReconcileError


class TaskError(ReconcileError):
    """A request about a task failed. The subclasses say why; otherwise Modal did not answer."""


class InvalidTaskError(TaskError):
    """An argument is invalid; nothing was stored."""


class TaskExistsError(TaskError):
    """The id belongs to a different task, which was not changed."""


class UnknownAppError(TaskError):
    """Nothing was ever applied to an app of this name; nothing was stored."""


class UnknownTaskError(TaskError):
    """There is no task with this id, or it was settled more than two weeks ago."""


class TaskStartedError(TaskError):
    """Too late to cancel: the task has started, may have started, or is being started."""
