"""The tags of an app: what they hold, and what is left out."""

from __future__ import annotations

import pytest

from reconciler.plan.tags import own_tags, owner_tags, protected_digest, tag_value
from tests.plan.scenario import OWNER


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("acme/jobs", "acme-jobs"),
        ("a b//c", "a-b-c"),
        ("/acme/", "acme"),
        ("A.b_c-9", "A.b_c-9"),
        ("x" * 63, "x" * 63),
        ("x" * 64, "x" * 63),
    ],
)
def test_a_value_has_at_most_63_characters_that_modal_takes(text: str, value: str) -> None:
    assert tag_value(text) == value


def test_what_is_not_known_is_no_tag() -> None:
    least = {
        "managed-by": "schedule-reconciler",
        "repository": "acme-jobs",
        "identity": OWNER.identity.digest,
        "dispatcher": "1.0",
    }
    assert own_tags(owner=OWNER, generation=None, dispatcher="1.0", secrets=None) == least
    assert own_tags(
        owner=OWNER,
        generation="f" * 64,
        dispatcher="1.0",
        secrets="abc",
        protected="1-def",
        volume="vo-1",
    ) == {
        **least,
        "generation": "f" * 63,
        "secrets": "abc",
        "protected": "1-def",
        "volume": "vo-1",
    }


@pytest.mark.parametrize(
    ("before", "repository"),
    [("Acme-Jobs", "Acme-Jobs"), ("jobs", "jobs"), ("acme-other", "acme-jobs"), ("", "acme-jobs")],
)
def test_the_tag_that_version_0_1_0_goes_by_stays_where_it_is_this_owners(
    before: str, repository: str
) -> None:
    assert owner_tags(OWNER, {"repository": before})["repository"] == repository
    assert owner_tags(OWNER)["repository"] == "acme-jobs"


def test_the_digest_of_protected_names_depends_on_their_number_and_not_on_their_order() -> None:
    assert protected_digest([]) is None
    digest = protected_digest(["b", "a", "b"])
    assert digest is not None
    assert digest == protected_digest(["a", "b"]) != protected_digest(["a", "c"])
    number, _, names = digest.partition("-")
    assert (number, len(names)) == ("2", 12)


def test_an_identity_is_40_characters_in_a_tag() -> None:
    assert len(OWNER.identity.digest) == 40
