"""What questions are asked of."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.deploy.ports import Apps, CallOutput, Files, Workers
from reconciler.dispatch.ports import Caller, Claims, Clock, TaskFiles
from reconciler.query.file_runs import KeptRuns
from reconciler.query.newest_first import RunHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPorts:
    """Modal, as a question reads it; nothing is changed.

    Attributes:
        apps: the deployed apps.
        files: those on our Volume.
        claims: our Dict.
        caller: asks how a call stands.
        output: what calls printed.
        tasks: the files of tasks; None where there are none.
        workers: the Workers on Cloudflare; None where they are not asked about.
        kept: what runs files said that were read before; None where one question alone is asked.
    """

    apps: Apps
    files: Files
    claims: Claims
    caller: Caller
    output: CallOutput
    tasks: TaskFiles | None
    clock: Clock
    workers: Workers | None = None
    kept: KeptRuns | None = None

    @property
    def history(self) -> RunHistory:
        """The runs files."""
        return RunHistory(self.files, self.kept)
