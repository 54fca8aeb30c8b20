"""The form of a rule, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole
from reconciler.manifest.resource_types import one_or_more
from reconciler.manifest.text_types import Distinct, Duration, Identifier, Name, Text
from reconciler.plan.finding import Level

KINDS: Final = ("schema", "require", "name", "owner", "limits", "image")
"""What a rule may demand; each has exactly one."""

_Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=100), Expected("a label")]
_Number: TypeAlias = Annotated[
    float, Field(ge=0, le=1_000_000), Expected("a number from 0 to 1000000")
]
_Schema: TypeAlias = Annotated[dict[str, Any], Expected("a JSON Schema")]


class WhenForm(Form):
    """The manifests that a rule is for: those that satisfy each key."""

    labels: Annotated[
        dict[
            _Label,
            Annotated[
                Annotated[_Label, Tag("<usual>")] | Annotated[Distinct[_Label], Tag("<list>")],
                Discriminator(one_or_more),
            ],
        ]
        | None,
        Omittable(),
        Field(description="Labels with their values, or a list of which one is needed."),
    ] = None
    environments: Annotated[
        Distinct[Identifier] | None, Omittable(), Field(description="Environments of the settings.")
    ] = None
    matches: Annotated[
        _Schema | None,
        Omittable(),
        Field(description="A JSON Schema that the normalised manifest satisfies."),
    ] = None


class LimitsForm(Form):
    """The most that is allowed: of each schedule, or of all that the rule is for together."""

    fires_per_day: Annotated[
        Annotated[int, Whole(0, 1440)] | None,
        Omittable(),
        Field(description="Most occurrences of one schedule on a day."),
    ] = None
    smallest_gap: Annotated[
        Duration | None,
        Omittable(),
        Field(description="Least time between two occurrences of one schedule.", examples=["5m"]),
    ] = None
    cpu: Annotated[
        _Number | None, Omittable(), Field(description="Most cores of a run, its limit included.")
    ] = None
    memory: Annotated[
        Annotated[int, Whole(1, 10_000_000)] | None,
        Omittable(),
        Field(description="Most memory of a run, its limit included, in MiB."),
    ] = None
    gpu: Annotated[
        Annotated[int, Whole(0, 64)] | None,
        Omittable(),
        Field(description="Most GPUs of a run; 0 for none."),
    ] = None
    schedules: Annotated[
        Annotated[int, Whole(0, 1_000_000)] | None,
        Omittable(),
        Field(description="Most schedules, together."),
    ] = None
    wakes: Annotated[
        _Number | None, Omittable(), Field(description="Most wakes a month, together.")
    ] = None
    dollars: Annotated[
        _Number | None,
        Omittable(),
        Field(description="Most dollars a month that their wakes cost, together."),
    ] = None
    per: Annotated[
        _Label | None,
        Omittable(),
        Field(
            description="A label: `schedules`, `wakes` and `dollars` are those of the schedules "
            "with one value of it.",
            examples=["team"],
        ),
    ] = None


class TestsForm(Form):
    """Manifests that show what a rule means; each is completed with a time and a function."""

    good: Annotated[
        Annotated[list[dict[str, Any]], Field(min_length=1)],
        Field(description="Manifests that satisfy this rule and all others."),
    ]
    bad: Annotated[
        Annotated[list[dict[str, Any]], Field(min_length=1)],
        Field(description="Manifests that this rule refuses."),
    ]


class RuleForm(Form):
    """A rule that every manifest has to satisfy."""

    model_config = ConfigDict(
        title="Rule",
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]},
    )

    id: Annotated[Name, Field(description="Unique; findings and exceptions name it.")]
    level: Annotated[
        Level,
        Choice(),
        Field(description="`deny` refuses the plan; `warn` only reports."),
    ]
    message: Annotated[Text, Field(description="What is demanded, and why; for people.")]
    when: Annotated[
        WhenForm | None,
        Omittable(),
        Field(description="The manifests that it is for; default: all."),
    ] = None
    json_schema: Annotated[
        _Schema | None,
        Omittable(),
        Field(
            alias="schema",
            description="A JSON Schema that the normalised manifest has to satisfy.",
        ),
    ] = None
    require: Annotated[
        Distinct[Text] | None,
        Omittable(),
        Field(
            description="Keys that must be written.",
            examples=[["owner", "labels.team"]],
        ),
    ] = None
    name: Annotated[
        Text | None,
        Omittable(),
        Field(
            description="A regular expression for the whole name; `{team}` stands for the value "
            "of that label.",
            examples=["{team}-[a-z-]+"],
        ),
    ] = None
    owner: Annotated[
        Annotated[Literal["codeowners"], Expected("codeowners")] | None,
        Omittable(),
        Field(
            description="`codeowners`: `owner` must be a code owner of the manifest's file, with "
            "or without `@` and the organisation."
        ),
    ] = None
    limits: Annotated[LimitsForm | None, Omittable(), Field(description="Upper limits.")] = None
    image: Annotated[
        Annotated[Literal["pinned"], Expected("pinned")] | None,
        Omittable(),
        Field(
            description="`pinned`: with `code`, each package of `pip` has `==` and a version, and "
            "the base has a tag other than `latest`, or a digest."
        ),
    ] = None
    tests: Annotated[TestsForm, Field(description="Good and bad examples.")]
