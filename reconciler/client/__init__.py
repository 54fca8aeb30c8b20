"""Jobs and tasks from Python programs with Modal credentials, Modal functions among them.

``schedule_task`` calls a deployed function once, at a given time; ``cancel_task`` and
``list_tasks`` manage such tasks. ``submit`` starts a function at once; ``result`` returns the state
of that call. Each has an asynchronous version: ``schedule_task_async`` and so on.
"""

try:
    from reconciler.client.jobs import (
        JobState,
        Outcome,
        SubmitError,
        result,
        result_async,
        submit,
        submit_async,
    )
    from reconciler.client.task_errors import (
        InvalidTaskError,
        TaskError,
        TaskExistsError,
        TaskStartedError,
        UnknownAppError,
        UnknownTaskError,
    )
    from reconciler.client.task_listing import ScheduledTask, TaskState
    from reconciler.client.tasks import (
        cancel_task,
        cancel_task_async,
        list_tasks,
        list_tasks_async,
        schedule_task,
        schedule_task_async,
    )
    from reconciler.client.wake_warning import NothingWakesWarning
except ImportError as error:
    from reconciler.requirement import broken_modal, require_modal

    require_modal()
    raise broken_modal(error) or error from error

__all__ = [
    "InvalidTaskError",
    "JobState",
    "NothingWakesWarning",
    "Outcome",
    "ScheduledTask",
    "SubmitError",
    "TaskError",
    "TaskExistsError",
    "TaskStartedError",
    "TaskState",
    "UnknownAppError",
    "UnknownTaskError",
    "cancel_task",
    "cancel_task_async",
    "list_tasks",
    "list_tasks_async",
    "result",
    "result_async",
    "schedule_task",
    "schedule_task_async",
    "submit",
    "submit_async",
]
