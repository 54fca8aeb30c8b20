"""Public holidays, of the package `holidays`; loaded only when a manifest asks for them."""

from __future__ import annotations

from importlib import metadata, util
from typing import Final

from reconciler.manifest.calendar import (
    RENEWAL,
    CalendarDays,
    CalendarError,
    PublicHolidays,
    Span,
)
from reconciler.requirement import PACKAGE
from reconciler.words import nearest_name

EXTRA: Final = "holidays"


def read_holidays(asked: PublicHolidays, span: Span) -> CalendarDays:
    """The holidays of a span.

    Raises:
        CalendarError: the package is not installed, or knows no such country or subdivision.
    """
    if util.find_spec(EXTRA) is None:
        raise CalendarError(
            "`holidays` needs the package `holidays`, which is not installed",
            f"install the extra: python -m pip install '{PACKAGE}[{EXTRA}]'",
        )
    import holidays  # 0.15 s, for manifests that use it alone

    known = holidays.list_supported_countries(include_aliases=True)
    country, subdivision = asked.country, asked.subdivision
    if country not in known:
        by_name = {
            name.replace("_", " "): codes[1] for name, codes in holidays.registry.COUNTRIES.items()
        }
        near = nearest_name(country.upper(), known)
        named = nearest_name(country.lower(), by_name)
        if named is not None:
            near = by_name[named]
        raise CalendarError(
            f"`holidays` knows no country `{country}`",
            "write its ISO 3166 code, such as DE" if near is None else f"did you mean `{near}`?",
        )
    if subdivision is not None and subdivision not in known[country]:
        near = nearest_name(subdivision, known[country])
        has = f"it has {', '.join(known[country])}" if known[country] else "remove it"
        raise CalendarError(
            f"`holidays` knows no subdivision `{subdivision}` of {country}",
            has if near is None else f"did you mean `{near}`?",
        )
    years = range(span.first.year, span.last.year + 1)
    found = holidays.country_holidays(country, subdiv=subdivision, years=years)
    return CalendarDays(
        frozenset(day for day in found if day in span),
        (),
        span.last,
        edition=metadata.version(EXTRA),
        renewal=RENEWAL,
    )
