"""How to see what a run printed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.manifest import LOCAL, EnvironmentSettings
from reconciler.manifest.settings import LOCAL_MODAL
from reconciler.model.runs import Run
from reconciler.model.schedule_record import ScheduleRecord

_TRIED: Final = "fc-"
"""How the id of a call begins, in the line of a try that was started."""


@dataclass(frozen=True, slots=True)
class Logs:
    """Where runs have their logs.

    Attributes:
        local: on the embedded engine, which ``reconcile engine exec`` points the client at.
        environment: the Modal environment; None for the client's default.
    """

    local: bool = True
    environment: str | None = None

    @classmethod
    def of(cls, environment: EnvironmentSettings) -> Logs:
        """The logs of an environment of the settings."""
        local = environment.name == LOCAL
        usual = local and environment.modal == LOCAL_MODAL
        return cls(local, None if usual else environment.modal)

    def modal(self, *words: str) -> str:
        """A command of Modal's own, acting on this environment."""
        program = "reconcile engine exec modal" if self.local else "modal"
        place = () if self.environment is None else ("--env", self.environment)
        return " ".join((program, *words, *place))

    def command(self, run: Run, record: ScheduleRecord | None) -> str | None:
        """The command that shows the lines of a run; None when no call was started.

        Args:
            record: whose run it is; None when that is not known any more. Without its app the logs
                cannot be found, so the command then says what has to be filled in.
        """
        if run.call is None:
            return None
        command = self.modal("app", "logs", "APP" if record is None else record.app)
        call = _call_of_target(run, record)
        if record is None:
            return f"{command} --function-call {call}  (which APP it was is not known any more)"
        if call is None:
            return f"{command}  (function {record.function})"
        return f"{command} --function-call {call}"


def _call_of_target(run: Run, record: ScheduleRecord | None) -> str | None:
    """The newest call of the target.

    The call of a run that is watched over is its supervisor's. Those of the target are in the lines
    of its tries, which come when it has ended: before that, None.
    """
    tried = [word for line in run.tries for word in line.split() if word.startswith(_TRIED)]
    if tried:
        return tried[-1]
    return None if record is not None and record.supervised else run.call
