"""The one command that helps, complete."""

from __future__ import annotations

from reconciler.model.occurrence import Occurrence
from reconciler.query.status import ScheduleStatus, State


def command_of(one: ScheduleStatus, environment: str) -> str:
    """What a person runs next; empty where nothing is to be done.

    Args:
        environment: as the command line names it.
    """
    name, env = one.record.name, f"--env {environment}"
    occurrence = Occurrence(name, trouble_of(one)).id
    match one.state:
        case State.DRIFT:
            return f"reconcile {env}"
        case State.FAILED | State.LONG_RUN:
            return f"reconcile logs {occurrence} {env}"
        case State.MISSED | State.TIMED_OUT:
            return f"reconcile rerun {occurrence} {env}"
        case State.OVERDUE | State.WAITING:
            return f"reconcile explain {occurrence.replace('@', ' ')} {env}"
    return ""


def trouble_of(one: ScheduleStatus) -> int:
    """The nominal time that is the trouble; epoch minute."""
    if one.overdue is not None:
        return one.overdue
    return one.record.anchor if one.last is None else one.last.occurrence.at
