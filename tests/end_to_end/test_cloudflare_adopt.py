"""``reconcile cloudflare adopt``: taking over a Worker, on purpose only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cloudflare.fake_cloudflare import TOKEN, FakeCloudflare, serving
from tests.forked import Done, Forked

ACCOUNT = "0" * 32
THEIRS = "reconciler-owner-0123456789abcdef"


@dataclass
class Place:
    """A repository whose settings name a Worker, and the account."""

    folder: Path
    fake: FakeCloudflare

    def deployed(self, *tags: str) -> None:
        """A Worker of that name is deployed."""
        self.fake.scripts["wakes"] = {"metadata": {"tags": list(tags)}, "bindings": []}
        self.fake.crons["wakes"] = ["0 * * * *"]

    @property
    def tags(self) -> list[str]:
        """The Worker's tags."""
        found: list[str] = self.fake.scripts["wakes"]["metadata"]["tags"]
        return found

    def adopt(self, *more: str) -> Done:
        """Adopt it."""
        environ = {
            "HOME": str(self.folder),
            "PATH": "/usr/bin:/bin",
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_API_BASE_URL": self.fake.url,
        }
        return Forked(self.folder, environ).reconcile("cloudflare", "adopt", *more)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "schedules").mkdir()
    (tmp_path / "reconciler.yaml").write_text(
        "web: {auth: w}\nenvironments:\n  local:\n"
        f"    cloudflare: {{account: {ACCOUNT!r}, worker: wakes}}\n"
    )
    with serving() as fake:
        yield Place(tmp_path, fake)


def test_a_worker_without_an_owner_gets_ours_and_keeps_its_other_tags(place: Place) -> None:
    place.deployed("team-ops", "reconciler-digest-old")
    done = place.adopt("--yes")
    assert done.code == 0, done.err
    assert "replaces the Worker wakes and its cron triggers (0 * * * *)" in done.out
    owner, *others = place.tags
    assert owner.startswith("reconciler-owner-")
    assert others == ["team-ops"]
    again = place.adopt("--yes")
    assert (again.code, "is ours already" in again.err) == (1, True)


def test_one_of_another_repository_has_to_be_named(place: Place) -> None:
    place.deployed(THEIRS)
    refused = place.adopt("--yes", "--from", "another")
    assert refused.code == 3
    assert "cloudflare adopt --from 0123456789abcdef" in refused.err
    assert place.tags == [THEIRS]
    assert place.adopt("--yes", "--from", "0123456789abcdef").code == 0
    assert THEIRS not in place.tags


def test_without_an_answer_nothing_is_adopted(place: Place) -> None:
    place.deployed()
    done = place.adopt()
    assert done.code == 1
    assert "Pass --yes to continue without confirmation" in done.err
    assert place.tags == []


def test_where_no_worker_is_deployed_there_is_nothing_to_adopt(place: Place) -> None:
    done = place.adopt("--yes")
    assert done.code == 1
    assert "there is no Worker wakes to adopt" in done.err
