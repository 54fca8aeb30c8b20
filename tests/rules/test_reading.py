"""Each error of a rule stands at its line."""

from __future__ import annotations

import pytest

from tests.rules.policy import environments, reading_problems

GOOD = """\
id: owner
level: deny
message: each schedule has an owner
require: [owner]
tests: {good: [{owner: data}], bad: [{}]}
"""


def test_a_good_rule_has_no_problem() -> None:
    assert reading_problems(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: owner\n", "", "1:1: `id` is missing"),
        ("id: owner", "id: Owner", "1:5: `id` must be at most 50 lower-case letters"),
        ("level: deny", "level: dney", "2:8: `level` must be `deny` or `warn`, not `dney`"),
        ("require:", "requir:", "4:1: unknown key `requir`\n  did you mean `require`?"),
        ("require: [owner]\n", "", "1:1: the rule demands nothing: one of schema, require"),
        ("require: [owner]", "require: [owner]\nimage: pinned", "5:1: both `require` and `image`"),
        (
            "require: [owner]",
            "require: [ownr]",
            "4:11: a manifest has no key `ownr`\n  did you mean `owner`?",
        ),
        ("require: [owner]", "image: latest", "4:8: `image` must be pinned, not `latest`"),
        ("require: [owner]", "owner: me", "4:8: `owner` must be codeowners, not `me`"),
        ("require: [owner]", "limits: {}", "4:9: `limits` limits nothing"),
        ("require: [owner]", "limits: {per: team}", "4:9: `limits` limits nothing"),
        (
            "require: [owner]",
            "limits: {fires_perday: 3}",
            "4:10: unknown key `limits.fires_perday`\n  did you mean `fires_per_day`?",
        ),
        ("require: [owner]", 'name: "a(b"', "4:9: is not a regular expression: missing )"),
        (
            "require: [owner]",
            "schema: {properties: {owner: {type: strng}}}",
            "4:37: is not a JSON Schema: 'strng' is not valid",
        ),
        (
            "require: [owner]",
            "schema: {$ref: 'https://example.com/x.json'}",
            "4:16: is not a JSON Schema: `https://example.com/x.json` is elsewhere",
        ),
        (
            "require: [owner]",
            "schema: {$ref: '#/$defs/none'}",
            "is not a JSON Schema: `#/$defs/none` is not in the schema",
        ),
        (
            "require: [owner]",
            "schema: {properties: {facts: {properties: {fires_per_dy: {}}}}}",
            "4:44: there is no fact `fires_per_dy`\n  did you mean `fires_per_day`?",
        ),
        (
            "require: [owner]",
            "require: [owner]\nwhen: {lables: {team: x}}",
            "5:8: unknown key `when.lables`\n  did you mean `labels`?",
        ),
        (
            "require: [owner]",
            "require: [owner]\nwhen: {environments: [prod]}",
            "5:23: there is no environment `prod`",
        ),
        ("tests: {good: [{owner: data}], bad: [{}]}\n", "", "1:1: `tests` is missing"),
        ("bad: [{}]", "bad: []", "5:37: `tests.bad` must be a list of at least one item"),
        (
            "bad: [{}]",
            "bad: [{schedule: 0 6}]",
            "5:49: the example is not a valid manifest: ",
        ),
        (
            "bad: [{}]",
            "bad: [{owner: [1]}]",
            "5:46: the example is not a valid manifest: `owner` must be text",
        ),
        (
            "bad: [{}]",
            "bad: [{facts: {slots: a}}]",
            "5:47: there is no fact `slots`",
        ),
        (
            "{good: [{owner: data}]",
            "{good: [{}]",
            "5:16: the rule `owner` refuses its good example: `owner` is missing",
        ),
        (
            "bad: [{}]",
            "bad: [{owner: x}]",
            "5:38: the rule `owner` does not refuse its bad example",
        ),
    ],
)
def test_a_malformed_rule_is_refused_at_its_line(old: str, new: str, problem: str) -> None:
    assert old in GOOD

    found = reading_problems(GOOD.replace(old, new), environments("production"))

    assert any(problem in one for one in found), found


def test_a_rule_for_names_leaves_out_the_examples_of_others_that_have_none() -> None:
    name = (
        "id: naming\nlevel: warn\nmessage: m\nname: data-[a-z]+\n"
        "tests: {good: [{name: data-x, owner: data}], bad: [{name: x}]}\n"
    )

    assert reading_problems(f"{GOOD}---\n{name}") == []
    named = GOOD.replace("{owner: data}", "{name: report, owner: data}")
    (found,) = reading_problems(f"{named}---\n{name}")
    assert "the rule `naming` refuses `owner`'s good example: `report` is not like" in found


def test_a_rule_that_refuses_the_good_example_of_another_is_named() -> None:
    other = GOOD.replace("id: owner", "id: long").replace("[owner]", "[deadline]")
    other = other.replace("owner: data", "deadline: 1h, owner: data")

    assert reading_problems(f"{GOOD}---\n{other}") == [
        (
            "5:16: the rule `long` refuses `owner`'s good example: `deadline` is missing\n"
            "  correct one of them"
        )
    ]


def test_two_rules_of_one_id_are_refused() -> None:
    assert reading_problems(f"{GOOD}---\n{GOOD}") == [
        "7:5: duplicate rule `owner`, first in rules/a.yaml:1:1\n  give each rule a unique id"
    ]


def test_a_rule_for_no_manifest_and_no_test_is_refused_at_when() -> None:
    text = GOOD.replace("tests:", "when: {labels: {team: nobody}}\ntests:")

    found = reading_problems(text, environments("prod"))

    assert (
        "5:1: the rule `owner` is for no manifest of any environment, nor for its own tests\n"
        "  correct `when`, or delete the rule"
    ) in found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "1:1: this file contains no rule"),
        ("- a", "1:1: the document must be a mapping of keys and values"),
        ("id: [", "2:1: not YAML"),
        ("id: a\nid: b\n", "2:1: duplicate key `id`"),
    ],
)
def test_a_file_that_has_no_rule_is_refused(content: str, problem: str) -> None:
    assert any(problem in one for one in reading_problems(content)), reading_problems(content)
