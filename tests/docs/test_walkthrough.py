"""The story of docs/walkthrough.md, run as it is told; nothing was lost or doubled in all of it."""

from __future__ import annotations

from collections import Counter

from tests.docs.conftest import Place
from tests.docs.console import shown_in
from tests.github.runner import ROOT

PAGE = ROOT / "docs" / "walkthrough.md"
EXPECTED = {
    "2036-12-01T09:00Z": ["check", "cleanup", "rates", "report", "sync"],
    "2036-12-01T10:00Z": ["audit", "cleanup", "digest", "exchange-rates", "export", "sync"],
    "2036-12-01T11:00Z": ["cleanup", "exchange-rates", "sync"],
    "2036-12-01T12:00Z": ["cleanup", "exchange-rates"],
    "2036-12-01T13:00Z": ["cleanup", "exchange-rates", "sync"],
}


def test_the_story_runs_as_it_is_written(place: Place) -> None:
    for shown in shown_in(PAGE):
        if shown.command.endswith("&"):
            place.project.engine.fault("AppPublish", "hold", seconds=60)
        shown.run(place.project.root, place.environment)
        if shown.code == 3:  # the one beside it has been refused
            place.project.engine.clear_faults()
    (issue,) = place.github.issues.values()
    assert issue["state"] == "closed"
    done = place.project.reconcile(
        "--env", "production", "runs", "--format", "json", **place.environment
    )
    started = [(run["name"], run["time"]) for run in done.json["runs"]]
    expected = [(name, time) for time, names in EXPECTED.items() for name in names]
    assert sorted(started) == sorted(expected), "each occurrence once, and none left out"
    marks = Counter(place.project.marks())
    functions = Counter("rates" if name == "exchange-rates" else name for name, _ in expected)
    assert marks == functions, "each of them really ran once"
