"""``reconcile runs``: what became of the occurrences of the last days."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from reconciler.commands.connection import connected, open_ports, run
from reconciler.commands.inputs import read_inputs
from reconciler.dispatch.history import runs_of, with_open_calls
from reconciler.report.runs_text import run_json, runs_text
from reconciler.report.style import Style


def main(args: Namespace) -> int:
    """Print the runs, oldest first. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        ports = open_ports(inputs)
        logs = run(ports.log.recent(args.days))
        runs = [r for r in runs_of(logs) if args.name is None or r.occurrence.name == args.name]
        runs = run(with_open_calls(runs[-args.count :], ports.caller))
    if args.format == "json":
        print(json.dumps({"format": 1, "runs": [run_json(r) for r in runs]}, indent=2))
    else:
        print(runs_text(runs, Style.of(sys.stdout)))
    return 0
