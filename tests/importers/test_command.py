"""`reconcile import` on the command line: files, exit codes, standard input."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.importers.wrangler import read_wrangler
from tests.forked import Done, Forked

WORKER = 'main = "src/index.ts"\n[triggers]\ncrons = ["0 9 * * MON"]\n'


def reconcile(root: Path, *arguments: str, typed: str | None = None) -> Done:
    """Import in a folder, in a process of its own where something is typed."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(root)}
    if typed is None:
        return Forked(root, variables).reconcile("import", *arguments)
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "import", *arguments],
        cwd=root,
        env=variables,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_two_workers_of_one_repository_get_two_files_and_two_names(tmp_path: Path) -> None:
    for folder in ("api", "mailer"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "wrangler.toml").write_text(WORKER)
        done = reconcile(tmp_path, "wrangler", f"{folder}/wrangler.toml")
        assert (done.code, done.out) == (
            0,
            f"1 schedule written to schedules/wrangler-{folder}.yaml\n",
        )
        assert "set `crons = []` and deploy after the first apply" in done.err
        text = (tmp_path / "schedules" / f"wrangler-{folder}.yaml").read_text()
        assert f"name: {folder}\n" in text


def test_a_hyphen_reads_standard_input(tmp_path: Path) -> None:
    done = reconcile(tmp_path, "crontab", "-", typed="0 6 * * * /opt/rates.py\n")
    assert (done.code, done.out) == (
        0,
        "1 schedule written to schedules/crontab-stdin.yaml\n",
    )


def test_a_remark_shows_the_tabs_of_a_crontab_as_spaces(tmp_path: Path) -> None:
    (tmp_path / "cron").write_text("0\t5\t*\t*\t*\n")
    assert reconcile(tmp_path, "crontab", "cron").err.startswith(
        "cron:1: not translated: 0 5 * * *\n"
    )


def test_what_comes_from_standard_input_is_named_so(tmp_path: Path) -> None:
    done = reconcile(tmp_path, "crontab", "-", typed="@reboot /opt/a.sh\n")
    assert done.err.startswith("standard input:1: not translated: @reboot /opt/a.sh\n")
    assert "reconcile: standard input: no schedule could be converted to a manifest" in done.err


def test_json_that_cannot_be_read_is_an_error_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "wrangler.jsonc").write_text('// a comment\n{"name": }\n')
    done = reconcile(tmp_path, "wrangler", "wrangler.jsonc")
    assert done.code == 1
    assert "wrangler.jsonc: is not JSON: line 2: `}` is not expected here" in done.err


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("kubernetes", "kind: Deployment\n", "The lines above say why."),
        ("github", "on: push\n", "Check the file."),
        ("wrangler", "{}", "Check the file."),
        ("vercel", '{"crons": []}', "Check the file."),
        ("airflow", "x = 1\n", "Check the file."),
        ("celery", "x = 1\n", "Check the file."),
        ("systemd", "[Timer]\nOnBootSec=5min\n", "The lines above say why."),
        ("crontab", "# nothing\n", "Check the file."),
    ],
)
def test_an_import_that_writes_nothing_is_an_error(
    tmp_path: Path, source: str, text: str, why: str
) -> None:
    (tmp_path / "file").write_text(text)
    done = reconcile(tmp_path, source, "file")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith(
        "reconcile: file: no schedule could be converted to a manifest; nothing was written\n"
        f"  {why}\n"
    )
    assert not (tmp_path / "schedules").exists()


def test_a_system_crontab_is_recognised_and_the_option_is_named(tmp_path: Path) -> None:
    (tmp_path / "tab").write_text("*/5 * * * * deploy /opt/collect.py\n")
    done = reconcile(tmp_path, "crontab", "tab")
    assert done.code == 1
    assert "Pass --system if deploy is a user, or --no-system if it is the command." in done.err
    assert reconcile(tmp_path, "crontab", "tab", "--no-system").code == 0
    names = (tmp_path / "schedules" / "crontab-tab.yaml").read_text()
    assert "name: deploy\n" in names


def test_a_line_separator_in_a_comment_begins_no_line(tmp_path: Path) -> None:
    text = "# a note\u2028 0 5 * * * /opt/danger.sh\n0 6 * * * /opt/ok.sh\n"
    (tmp_path / "tab").write_text(text)
    done = reconcile(tmp_path, "crontab", "tab")
    assert done.out == "1 schedule written to schedules/crontab-tab.yaml\n"


def test_a_file_of_comments_is_read_in_linear_time() -> None:
    comments = "\n".join(f'// "x{n}": {{ y, ] }}, /* */' for n in range(400))
    text = f'{{"name": "w", "triggers": {{"crons": ["0 9 * * MON",\n{comments}\n]}}}}'
    begun = time.process_time()
    assert len(read_wrangler(text, toml=False).drafts) == 1
    assert time.process_time() - begun < 10
