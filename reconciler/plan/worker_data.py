"""What the Worker on Cloudflare knows: the data module beside its code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.manifest.cloudflare_settings import Mode
from reconciler.plan.due_minutes import DueMinutes


@dataclass(frozen=True, slots=True)
class WorkerData:
    """The Worker's data.

    Attributes:
        source: its name in wake records.
        alert_after: minutes without an accepted wake after which it notifies the recipients.
        due: the minutes in which it asks for a wake; None in TRIGGERS mode.
        crons: of TRIGGERS mode, each cron trigger to the schedules that it may be due for. Old
            triggers may fire for 15 minutes beside new ones, so it may hold both.
    """

    source: str
    mode: Mode
    alert_after: int
    due: DueMinutes | None = None
    crons: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The text of `data.js`."""
        data: dict[str, object] = {
            "source": self.source,
            "mode": self.mode,
            "alert_after": self.alert_after,
        }
        if self.due is not None:
            data |= {"first": self.due.first, "days": self.due.days, "minutes": self.due.minutes}
        else:
            data["crons"] = {cron: list(jobs) for cron, jobs in sorted(self.crons.items())}
        return f"export default {json.dumps(data, separators=(',', ':'))};\n"
