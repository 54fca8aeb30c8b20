"""The scripts with which shells complete commands and options."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.completion import main
from reconciler.cli.options.beginning import SHELLS


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    main(shell="bash")
    path = tmp_path / "reconcile.bash"
    path.write_text(capsys.readouterr().out)
    return path


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["sus"], ["suspend"]),
        (["list", "--so"], ["--sort"]),
        (["list", "--sort", "ow"], ["owner"]),
        (["engine", "ex"], ["exec"]),
    ],
)
def test_bash_completes_commands_options_and_their_values(
    script: Path, words: list[str], completed: list[str]
) -> None:
    line = " ".join(["reconcile", *words])
    asked = (
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; COMP_LINE='{line}'; "
        "COMP_POINT=${#COMP_LINE}; _shtab_reconcile; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=False)
    assert [word.strip() for word in done.stdout.split()] == completed, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_with_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(shell=shell)
    text = capsys.readouterr().out
    assert all(command in text for command in ("suspend", "list", "doctor", "completion"))
