"""The key `exclude`: dates, ranges, cron expressions, and calendars."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.manifest.constraints import Expected, Form, Omittable
from reconciler.manifest.text_types import Distinct, RelativePath
from reconciler.words import nearest_name


class CalendarForm(Form):
    """A calendar of days on which nothing runs."""

    calendar: Annotated[
        RelativePath,
        Field(
            description="An iCalendar file of the repository, from the folder of "
            "`reconciler.yaml`.",
            examples=["holidays/DE-BE.ics"],
        ),
    ]


class PlaceForm(Form):
    """A country, or one of its parts."""

    country: Annotated[
        Annotated[
            str,
            Field(min_length=1, max_length=60),
            Expected("an ISO 3166 country code such as DE", quotable=True),
        ],
        Field(description="ISO 3166 code.", examples=["DE"]),
    ]
    subdivision: Annotated[
        Annotated[
            str,
            Field(min_length=1, max_length=60),
            Expected("a subdivision such as BE", quotable=True),
        ]
        | None,
        Omittable(),
        Field(description="A state or region, by its ISO 3166-2 code.", examples=["BE"]),
    ] = None


class HolidaysForm(Form):
    """Public holidays, on which nothing runs; needs the extra `holidays`."""

    holidays: Annotated[PlaceForm, Field(description="Of which country or subdivision.")]


def _item(value: Any) -> str:
    if not isinstance(value, dict):
        return "<usual>"
    return "<holidays>" if nearest_name("holidays", map(str, value)) else "<mapping>"


ExcludeKey: TypeAlias = Annotated[
    Distinct[
        Annotated[
            Annotated[
                str,
                Field(min_length=1, max_length=200),
                Expected("a date, a range 2026-12-24..2027-01-02, a cron expression or a calendar"),
                Tag("<usual>"),
            ]
            | Annotated[CalendarForm, Tag("<mapping>")]
            | Annotated[HolidaysForm, Tag("<holidays>")],
            Discriminator(_item),
        ]
    ]
    | None,
    Omittable(),
    Field(
        description="Nothing runs on these dates, in these date ranges (both ends included), at "
        "the times of these cron expressions, or on the days of these calendars.",
        examples=[
            ["2026-12-25", "2026-12-24..2027-01-02", "* * * * 6"],
            [{"calendar": "holidays/DE-BE.ics"}, {"holidays": {"country": "DE"}}],
        ],
    ),
]
