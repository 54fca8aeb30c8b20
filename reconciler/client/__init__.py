"""For Python programs with Modal credentials, and for code inside Modal functions.

``submit`` starts a deployed function and returns at once; ``result`` says how its call stands. Both
have an asynchronous twin, ``submit_async`` and ``result_async``.
"""

from reconciler.client.jobs import (
    JobState,
    Outcome,
    SubmitError,
    result,
    result_async,
    submit,
    submit_async,
)

__all__ = [
    "JobState",
    "Outcome",
    "SubmitError",
    "result",
    "result_async",
    "submit",
    "submit_async",
]
