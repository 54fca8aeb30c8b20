"""One tz database: the files of the package `tzdata`, whatever else the machine has."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from reconciler.cron import TzdataError, ZoneError, tzinfo_named
from reconciler.cron.zone_files import tz_version, tzdata_version, version_order, zone_keys
from tests.system_zones import ELSEWHERE, VANCOUVER_2025, write_system_zones

ASK = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from reconciler.cron import tzinfo_named
noon = datetime(2027, 1, 15, 12, tzinfo=UTC)
print(noon.astimezone(tzinfo_named("America/Vancouver")).utcoffset())
print(noon.astimezone(ZoneInfo("America/Vancouver")).utcoffset())
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(("rules", "system"), [(ELSEWHERE, "5:45:00"), (VANCOUVER_2025, "-1 day")])
def test_the_systems_files_are_not_read_and_stay_what_others_get(
    rules: dict[str, str], system: str, tmp_path: Path
) -> None:
    asked = run(ASK, PYTHONTZPATH=str(write_system_zones(tmp_path, rules)))
    wheel = run(ASK, PYTHONTZPATH="")
    ours, theirs = asked.stdout.splitlines()
    assert [ours, ours] == wheel.stdout.splitlines()
    assert theirs != ours
    assert theirs.startswith(system)


def test_every_zone_of_the_package_can_be_read() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert len(zone_keys()) > 500
    for name in zone_keys():
        assert noon.astimezone(tzinfo_named(name)) == noon


@pytest.mark.parametrize("name", ["america/vancouver", "Factory", "posix/UTC", "__init__.py"])
def test_a_zone_is_named_exactly_also_where_file_names_ignore_case(name: str) -> None:
    with pytest.raises(ZoneError):
        tzinfo_named(name)


def test_a_local_time_prints_as_ever_and_can_be_copied_and_pickled() -> None:
    local = datetime(2026, 11, 20, 12, tzinfo=tzinfo_named("Europe/Berlin"))
    assert f"{local:%H:%M %Z}" == "12:00 CET"
    assert str(local.tzinfo) == "Europe/Berlin"
    assert copy.deepcopy(local).tzinfo is local.tzinfo
    assert pickle.loads(pickle.dumps(local)).tzinfo is local.tzinfo


def test_the_edition_is_known_beside_the_version_of_the_package() -> None:
    year, _, number = tzdata_version().partition(".")
    assert tz_version() == year + chr(ord("a") + int(number.partition(".")[0]) - 1)


@pytest.mark.parametrize("edition", [None, 2026])
def test_a_package_that_does_not_say_its_edition_is_named(
    edition: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ModuleType("tzdata")
    if edition is not None:
        package.__dict__["IANA_VERSION"] = edition
    monkeypatch.setitem(sys.modules, "tzdata", package)
    with pytest.raises(TzdataError, match="IANA_VERSION is not a text"):
        tz_version()


def test_utc_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tzdata", None)
    tzinfo_named.cache_clear()
    assert tzinfo_named("UTC") is UTC


def test_editions_have_an_order() -> None:
    editions = ["2025b", "2026a", "2026f", "2026z", "2026aa", "2027a"]
    ages = [version_order(edition) or () for edition in editions]
    assert ages == sorted(set(ages))
    assert [version_order(text) for text in ("", "2026", "26f", "2026F", "2026f ")] == [None] * 5


def test_a_package_that_is_not_installed_is_named_with_the_remedy() -> None:
    failed = run("import sys; sys.modules['tzdata'] = None\n" + ASK)
    assert "TzdataError: the package tzdata, which holds the rules of time zones" in failed.stderr
    assert "Install it: python -m pip install tzdata" in failed.stderr


@pytest.mark.parametrize("end", [0, 3, 30, -1, -10])
def test_a_file_that_is_cut_off_is_named_with_the_remedy(end: int, tmp_path: Path) -> None:
    whole = Path(str(files("tzdata")))
    package = shutil.copytree(whole, tmp_path / "tzdata")
    damaged = package / "zoneinfo/America/Vancouver"
    damaged.write_bytes(damaged.read_bytes()[:end])
    failed = run(ASK, PYTHONPATH=str(tmp_path))
    assert "TzdataError: the file zoneinfo/America/Vancouver of the package tzdata" in failed.stderr
    assert "python -m pip install --force-reinstall tzdata" in failed.stderr
    damaged.unlink()
    assert "No such file" in run(ASK, PYTHONPATH=str(tmp_path)).stderr


def test_a_file_that_is_cut_off_is_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(Path(str(files("tzdata"))), tmp_path / "tzdata")
    damaged = folder / "zoneinfo/America/Vancouver"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    spec = spec_from_file_location("tzdata", folder / "__init__.py")
    assert spec is not None
    monkeypatch.setitem(sys.modules, "tzdata", module_from_spec(spec))
    tzinfo_named.cache_clear()
    with pytest.raises(TzdataError, match="it is cut off"):
        tzinfo_named("America/Vancouver")


def test_a_package_without_its_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "tzdata").mkdir()
    (tmp_path / "tzdata/__init__.py").write_text("")
    assert "the file zones of the package tzdata" in run(ASK, PYTHONPATH=str(tmp_path)).stderr
