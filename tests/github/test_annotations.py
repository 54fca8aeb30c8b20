"""Annotations: at the manifest's line, and never a command that a stranger wrote."""

from __future__ import annotations

import pytest

from reconciler.errors import ReconcileError
from reconciler.github.annotations import Annotation, annotate, of_error
from reconciler.github.plan_annotations import of_plan
from reconciler.manifest import ManifestError
from reconciler.plan import make_plan
from tests.plan.scenario import NOW, applied, desired, hourly, nothing, schedules


def test_every_problem_of_a_manifest_is_shown_at_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        schedules("name: a\nschedule: nonsense\nfunction: shop/sync\nzone: UTC")
    lines = [str(annotation) for annotation in of_error(caught.value)]
    assert len(lines) == 2
    assert lines[0].startswith("::error file=schedules/all.yaml,line=2,col=11,title=schedules::")
    assert lines[1].startswith("::error file=schedules/all.yaml,line=4,col=1,title=schedules::")


def test_a_plan_names_missing_functions_warnings_and_refusals() -> None:
    wrong = schedules('name: a\nschedule: "*/7 * * * *"\nfunction: shop/snyc')
    lines = [str(a) for a in of_plan(make_plan(desired(wrong), nothing(), NOW))]
    assert lines[0].startswith("::error file=schedules/all.yaml,line=3,col=11,title=schedules::a: ")
    assert lines[1].startswith("::warning file=schedules/all.yaml,line=1,title=schedules::a: ")
    gone = make_plan(desired(hourly("x")), applied(hourly("a", "b", "c", "d")), NOW)
    refused, renamed = of_plan(gone)
    assert "add `formerly: a`" in str(renamed)
    assert str(refused).startswith("::error title=schedules::4 of 4 schedules would be deleted")


def test_runs_that_a_change_skips_are_shown_at_its_manifest() -> None:
    before, after = (schedules(f'name: a\nschedule: "0 {hour} * * *"') for hour in (16, 14))
    (lines,) = of_plan(make_plan(desired(after), applied(before, NOW - 5000), NOW))
    assert str(lines).startswith(
        "::warning file=schedules/all.yaml,line=1,title=schedules::a: skips 2026-11-20T16:00Z: "
    )


def test_a_message_cannot_become_a_command_of_its_own() -> None:
    lines = str(Annotation(level="error", message="a\n::add-mask::x 100%", file="a,b:c.yaml"))
    assert lines == "::error file=a%2Cb%3Ac.yaml,title=schedules::a%0A: :add-mask::x 100%25"


def test_nothing_is_annotated_outside_github_actions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ReconcileError("broken")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    annotate(of_error(error))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    annotate(of_error(error))
    assert capsys.readouterr().err == "::error title=schedules::broken\n"
